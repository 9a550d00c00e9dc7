//! Which rules there are, and the tree of documents that they define.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::vars;
use super::visit::{ground_prefix, is_constant};
use crate::ast::{Head, Module, Ref, Rule, Span, Term, TermValue};

/// A rule or `else` branch among all modules: its position in [`Rules`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub u32);

impl RuleId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where a rule stands.
#[derive(Clone, Copy, Debug)]
struct Place {
    module: usize,
    rule: usize,
    /// 0 for the rule itself, then its `else` branches.
    branch: usize,
}

/// Every rule and `else` branch of all modules, in the order of the modules; the branches of a rule follow it.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    places: Vec<Place>,
    references: Vec<Ref>,
    /// How many parameters each rule has.
    parameters: Vec<usize>,
}

impl Rules {
    /// Lists the rules of the modules.
    pub(super) fn of(modules: &[Module]) -> Self {
        let mut rules = Self::default();
        for (module, it) in modules.iter().enumerate() {
            for (rule, first) in it.rules.iter().enumerate() {
                for (branch, it_branch) in first.branches().enumerate() {
                    rules.places.push(Place {
                        module,
                        rule,
                        branch,
                    });
                    rules.references.push(rule_ref(it, &it_branch.head));
                    rules.parameters.push(it_branch.head.args.len());
                }
            }
        }
        rules
    }

    /// The rule itself. `modules` are those that the list was made of.
    #[must_use]
    pub fn get<'a>(&self, modules: &'a [Module], id: RuleId) -> Option<&'a Rule> {
        let place = self.places.get(id.index())?;
        let rule = modules.get(place.module)?.rules.get(place.rule)?;
        rule.branches().nth(place.branch)
    }

    /// The position of the module that holds the rule.
    #[must_use]
    pub fn module(&self, id: RuleId) -> Option<usize> {
        Some(self.places.get(id.index())?.module)
    }

    /// The whole reference of the rule: package, then head.
    #[must_use]
    pub fn reference(&self, id: RuleId) -> &[Term] {
        self.references.get(id.index()).map_or(&[], Vec::as_slice)
    }

    /// The number of parameters; functions have at least one.
    #[must_use]
    pub fn parameters(&self, id: RuleId) -> usize {
        self.parameters.get(id.index()).copied().unwrap_or(0)
    }

    /// All rules.
    pub fn iter(&self) -> impl Iterator<Item = RuleId> + use<> {
        (0u32..).map(RuleId).take(self.places.len())
    }

    /// The rule, if it is an `else` branch the rule that it belongs to, and all its branches.
    #[must_use]
    pub fn with_branches(&self, id: RuleId) -> Vec<RuleId> {
        let rest = self.places.get(id.index() + 1..).unwrap_or_default();
        let count = rest.iter().take_while(|place| place.branch > 0).count();
        (id.0..).map(RuleId).take(count + 1).collect()
    }

    fn is_branch(&self, id: RuleId) -> bool {
        self.places
            .get(id.index())
            .is_some_and(|place| place.branch > 0)
    }
}

/// The package's path with the head's reference behind it; the rule's name becomes a string.
pub(crate) fn rule_ref(module: &Module, head: &Head) -> Ref {
    let mut parts = module.package.path.clone();
    for (position, part) in head.reference.iter().enumerate() {
        parts.push(match &part.value {
            TermValue::Var(name) if position == 0 => Term {
                span: part.span,
                value: TermValue::String(name.clone()),
            },
            _ => part.clone(),
        });
    }
    parts
}

/// A key of the tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// `null`
    Null,
    /// `true`, `false`
    Boolean(bool),
    /// A number, as written.
    Number(Arc<str>),
    /// A string; the root's key `data` too.
    String(Arc<str>),
}

impl Key {
    /// The key that a part of a reference stands for, if it is a scalar.
    #[must_use]
    pub fn of(part: &Term) -> Option<Self> {
        match &part.value {
            TermValue::Null => Some(Self::Null),
            TermValue::Boolean(value) => Some(Self::Boolean(*value)),
            TermValue::Number(text) => Some(Self::Number(text.clone())),
            TermValue::String(text) => Some(Self::String(text.clone())),
            _ => None,
        }
    }

    /// The key as a part of a reference.
    #[must_use]
    pub fn term(&self) -> Term {
        Term {
            span: Span::default(),
            value: match self {
                Self::Null => TermValue::Null,
                Self::Boolean(value) => TermValue::Boolean(*value),
                Self::Number(text) => TermValue::Number(text.clone()),
                Self::String(text) => TermValue::String(text.clone()),
            },
        }
    }
}

/// A node of the tree of rules. The root stands for `data`.
#[derive(Clone, Debug, Default)]
pub struct RuleNode {
    /// The rules at this path, those with variables in their references at the path before the first variable.
    pub rules: Vec<RuleId>,
    /// The paths below.
    pub children: BTreeMap<Key, RuleNode>,
    /// `data.system`: left out of enumerations.
    pub hidden: bool,
}

impl RuleNode {
    /// The tree of all rules.
    pub(super) fn new(modules: &[Module], rules: &Rules) -> Self {
        let mut root = Self::default();
        for module in modules {
            if module.rules.is_empty() {
                root.plant(&module.package.path);
            }
        }
        for id in rules.iter().filter(|id| !rules.is_branch(*id)) {
            root.plant(ground_prefix(rules.reference(id)))
                .rules
                .push(id);
        }
        if let Some(system) = root.children.get_mut(&Key::String("system".into())) {
            system.hidden = true;
        }
        root
    }

    fn plant(&mut self, path: &[Term]) -> &mut Self {
        let mut node = self;
        for key in path.iter().skip(1).filter_map(Key::of) {
            node = node.children.entry(key).or_default();
        }
        node
    }

    /// The node below for this part of a reference.
    #[must_use]
    pub fn child(&self, part: &Term) -> Option<&Self> {
        self.children.get(&Key::of(part)?)
    }

    /// The node of a whole reference that starts with `data`.
    #[must_use]
    pub fn find(&self, reference: &[Term]) -> Option<&Self> {
        let (head, rest) = reference.split_first()?;
        if vars::name(head)?.as_ref() != "data" {
            return None;
        }
        rest.iter().try_fold(self, |node, part| node.child(part))
    }

    /// Calls the function with every node, from the root down and in the order of keys, until it answers that the
    /// nodes below are not of interest.
    pub fn depth_first<'a>(&'a self, f: &mut dyn FnMut(&'a Self) -> bool) {
        if !f(self) {
            for child in self.children.values() {
                child.depth_first(f);
            }
        }
    }

    /// The rules at and below the first node with rules on the way along the reference.
    #[must_use]
    pub fn virtual_document(&self, reference: &[Term]) -> &[RuleId] {
        let mut node = self;
        for part in reference.iter().skip(1) {
            match node.child(part) {
                Some(child) if child.rules.is_empty() => node = child,
                Some(child) => return &child.rules,
                None => return &[],
            }
        }
        &node.rules
    }

    /// The rules that the reference could select. Parts that are not constant select every child.
    #[must_use]
    pub fn selected_by(&self, reference: &[Term], rules: &Rules) -> BTreeSet<RuleId> {
        let mut found = BTreeSet::new();
        if reference
            .first()
            .and_then(vars::name)
            .is_some_and(|name| name.as_ref() == "data")
        {
            self.select(reference, 1, rules, &mut found);
        }
        found
    }

    fn select(&self, reference: &[Term], at: usize, rules: &Rules, found: &mut BTreeSet<RuleId>) {
        let Some(part) = reference.get(at) else {
            self.depth_first(&mut |node| {
                found.extend(&node.rules);
                false
            });
            return;
        };
        let mut enter = |child: &Self| {
            let may_meet = |id: &&RuleId| may_meet(rules.reference(**id), reference, at + 1);
            found.extend(child.rules.iter().filter(may_meet));
            child.select(reference, at + 1, rules, found);
        };
        if is_constant(&part.value) {
            if let Some(child) = self.child(part) {
                enter(child);
            }
        } else {
            for child in self.children.values() {
                enter(child);
            }
        }
    }
}

/// Whether two references can be of one document, compared from this part on.
fn may_meet(a: &[Term], b: &[Term], from: usize) -> bool {
    a.iter()
        .zip(b)
        .skip(from)
        .all(|(x, y)| !is_constant(&x.value) || !is_constant(&y.value) || x == y)
}

/// Whether a rule collects values: `p contains x`.
#[must_use]
pub fn is_multi_value(head: &Head) -> bool {
    head.value.is_none()
}

/// Where a rule's reference has its name.
pub(super) fn name_of(head: &Head) -> Option<&Arc<str>> {
    match head.reference.first().map(|part| &part.value) {
        Some(TermValue::Var(name) | TermValue::String(name)) => Some(name),
        _ => None,
    }
}

/// The place of a rule's module declaration.
pub(super) fn package_span(modules: &[Module], rules: &Rules, id: RuleId) -> Span {
    rules
        .module(id)
        .and_then(|at| modules.get(at))
        .map_or_else(Span::default, |module| module.package.span)
}
