//! Unique names for the variables of rules: see [`declare`](super::declare).

use std::collections::HashMap;

use super::declare::Declarations;
use super::errors::Errors;
use super::locals::Locals;
use super::resolve::declared_in_body;
use super::scopes::{Occurrence, Scopes};
use super::vars::{self, Scope, VarSet, is_wildcard};
use super::visit::{self, Node, is_scalar};
use super::visit_mut::{self, NodeMut};
use crate::ast::{Head, Rule, Term, TermValue, Var};
use crate::error::{Code, Diagnostic};

/// What renaming needs to know.
pub(super) struct Renaming<'a> {
    pub(super) locals: &'a mut Locals,
    /// The author's names of renamed variables.
    pub(super) original: &'a mut HashMap<Var, Var>,
    pub(super) errors: &'a mut Errors,
    pub(super) is_builtin: &'a dyn Fn(&str) -> bool,
    pub(super) strict: bool,
}

impl Renaming<'_> {
    /// Renames in a rule and its `else` branches, which share arguments.
    pub(super) fn rule(&mut self, rule: &mut Rule) {
        let mut unread = if self.strict {
            Scope::default().of_terms(&rule.head.args)
        } else {
            VarSet::new()
        };
        let mut arguments = Scopes::new();
        for argument in &mut rule.head.args {
            self.argument(argument, &mut arguments);
        }
        let span = rule.head.span;
        let mut next = Some(rule);
        while let Some(branch) = next {
            let (scopes, errors) = self.branch(branch, &mut unread, &arguments);
            if !self.errors.all_fatal(errors) || !self.errors.all(scopes.unused.clone()) {
                return;
            }
            unread.retain(|name| scopes.uses(name) <= 1);
            next = branch.else_rule.as_deref_mut();
        }
        for name in unread.iter().filter(|name| !is_wildcard(name)) {
            let message =
                format!("unused argument {name}. (hint: use _ (wildcard variable) instead)");
            self.errors
                .note(Diagnostic::new(Code::Compile, span, message));
        }
    }

    fn argument(&mut self, term: &mut Term, scopes: &mut Scopes) {
        match &mut term.value {
            TermValue::Var(name) => {
                if let Some(new) = scopes.renamed(name).cloned() {
                    scopes.count_use(name);
                    *name = new;
                } else {
                    let new = self.locals.fresh();
                    scopes.insert(name, new.clone(), Occurrence::Argument);
                    *name = new;
                }
            }
            TermValue::Object(entries) => {
                for (_, value) in entries {
                    self.argument(value, scopes);
                }
            }
            TermValue::Array(items) | TermValue::Ref(items) => {
                for item in items {
                    self.argument(item, scopes);
                }
            }
            TermValue::Call(_) => {
                self.errors.fatal(Diagnostic::new(
                    Code::Compile,
                    term.span,
                    "rule arguments cannot contain calls",
                ));
            }
            TermValue::Null
            | TermValue::Boolean(_)
            | TermValue::Number(_)
            | TermValue::String(_)
            | TermValue::Template(_)
            | TermValue::Set(_)
            | TermValue::ArrayComprehension(_)
            | TermValue::SetComprehension(_)
            | TermValue::ObjectComprehension(_) => {}
        }
    }

    fn branch(
        &mut self,
        rule: &mut Rule,
        unread: &mut VarSet,
        arguments: &Scopes,
    ) -> (Scopes, Vec<Diagnostic>) {
        let head_has_vars = may_have_vars(&rule.head);
        let mut used = VarSet::new();
        if head_has_vars {
            let mut nested = Declarations {
                locals: self.locals,
                scopes: Scopes::new(),
                errors: Vec::new(),
                strict: self.strict,
            };
            let head = &mut rule.head;
            for term in head
                .args
                .iter_mut()
                .chain(&mut head.key)
                .chain(&mut head.value)
            {
                nested.head_term(term);
            }
            let (scopes, errors) = (nested.scopes, nested.errors);
            self.original.extend(scopes.original);
            self.errors.all_fatal(errors);
            self.errors.all(scopes.unused);
            let read = head.reference.iter().skip(1).chain(&head.key);
            for term in read.chain(&head.value) {
                Scope::default().term(term, &mut used);
            }
            if let Some(value) = &head.value {
                let in_value = vars::of_term(value);
                unread.retain(|name| !in_value.contains(name));
            }
        }

        let mut scopes = arguments.clone();
        self.rename_shadowing(rule, &mut scopes);
        let mut declarations = Declarations {
            locals: self.locals,
            scopes,
            errors: Vec::new(),
            strict: self.strict,
        };
        declarations.body(&mut rule.body, &used);
        let (scopes, errors) = (declarations.scopes, declarations.errors);
        for (new, name) in &scopes.original {
            self.original.insert(new.clone(), name.clone());
        }
        if head_has_vars {
            rename_head(&mut rule.head, &scopes);
        }
        (scopes, errors)
    }

    /// A variable that is named like a builtin gets a new name, or later stages would take it for the builtin.
    fn rename_shadowing(&mut self, rule: &Rule, scopes: &mut Scopes) {
        let mut candidates = Scope::SAFETY.of_body(&rule.body);
        candidates.retain(|name| (self.is_builtin)(name) && scopes.renamed(name).is_none());
        if candidates.is_empty() {
            return;
        }
        let declared = declared_in_body(&rule.body);
        let replaced = vars_in_modifiers(rule);
        for name in candidates {
            if !declared.contains(&name) && !replaced.contains(&name) {
                let new = self.locals.fresh();
                scopes.insert(&name, new, Occurrence::Seen);
            }
        }
    }
}

fn vars_in_modifiers(rule: &Rule) -> VarSet {
    let mut found = VarSet::new();
    let scope = Scope {
        operators: true,
        ..Scope::default()
    };
    for branch in rule.branches() {
        let mut note = |node: Node<'_>| {
            if let Node::With(with) = node {
                scope.term(&with.target, &mut found);
                scope.term(&with.value, &mut found);
            }
            false
        };
        visit::head(branch, &mut note);
        visit::body(&branch.body, &mut note);
    }
    found
}

fn rename_head(head: &mut Head, scopes: &Scopes) {
    let names = &scopes.innermost().names;
    let mut rename = |node: NodeMut<'_>| {
        if let NodeMut::Term(Term {
            value: TermValue::Var(name),
            ..
        }) = node
            && let Some(new) = names.get(name)
        {
            *name = new.clone();
        }
        false
    };
    visit_mut::terms(&mut head.args, &mut rename);
    if let Some(operands) = head.reference.get_mut(1..) {
        visit_mut::terms(operands, &mut rename);
    }
    for term in head.key.iter_mut().chain(&mut head.value) {
        visit_mut::term(term, &mut rename);
    }
}

/// Whether anything in the head is no scalar.
pub(super) fn may_have_vars(head: &Head) -> bool {
    head.args
        .iter()
        .chain(&head.key)
        .chain(&head.value)
        .chain(head.reference.iter().skip(1))
        .any(|term| !is_scalar(&term.value))
}
