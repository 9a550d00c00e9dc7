//! Rules of every kind, in packages that refer to what was written before.

use precinct_conformance::Version;

use super::documents::KEYS;
use super::terms::Type;
use crate::random::Random;
use crate::tree::Node;

/// The last lies within the base documents.
const PACKAGES: [&str; 4] = ["p", "q", "q.sub", "base.extra"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flavour {
    V0,
    V1,
    V2,
}

/// What is written can be referred to.
#[derive(Clone, Debug)]
struct Known {
    package: usize,
    name: String,
    is: Type,
    arguments: Option<Vec<Type>>,
}

/// Writes modules.
#[derive(Debug)]
pub struct Writer {
    pub(super) random: Random,
    pub(super) scope: Vec<(String, Type)>,
    pub(super) variables: usize,
    /// Declared variables that have to be used, and whether they were declared in a literal of the body itself.
    pub(super) owed: Vec<(String, bool)>,
    flavour: Flavour,
    package: usize,
    /// The module imports base documents under another name.
    pub(super) aliases: bool,
    rules: Vec<Known>,
    names: usize,
    packages: usize,
}

impl Writer {
    /// A writer that has written nothing.
    pub fn new(mut random: Random) -> Self {
        let flavour = match random.below(10) {
            0 => Flavour::V0,
            1 | 2 => Flavour::V2,
            _ => Flavour::V1,
        };
        Self {
            random,
            scope: Vec::new(),
            variables: 0,
            owed: Vec::new(),
            flavour,
            package: 0,
            aliases: false,
            rules: Vec::new(),
            names: 0,
            packages: 1,
        }
    }

    /// The version that the modules are read as.
    pub fn version(&self) -> Version {
        if self.is_v0() {
            Version::V0
        } else {
            Version::V1
        }
    }

    pub(super) fn is_v0(&self) -> bool {
        self.flavour == Flavour::V0
    }

    pub(super) fn is_v2(&self) -> bool {
        self.flavour == Flavour::V2
    }

    pub(super) fn package_path(&self) -> String {
        format!("data.{}", PACKAGES[self.package])
    }

    pub(super) const fn has_earlier_package(&self) -> bool {
        self.package > 0
    }

    pub(super) fn earlier_package() -> String {
        format!("data.{}", PACKAGES[0])
    }

    /// The modules, each a package.
    pub fn modules(&mut self) -> Vec<Node> {
        self.packages = *self.random.pick(&[1, 1, 1, 2, 2, 3, 4]);
        (0..self.packages)
            .map(|package| {
                self.package = package;
                let mut header = format!("package {}\n\n", PACKAGES[package]);
                if self.is_v2() {
                    header.push_str("import rego.v2\n\n");
                }
                self.aliases = self.random.chance(30);
                if self.aliases {
                    header.push_str("import data.base\nimport input as asked\n\n");
                }
                let count = 1 + self.random.below(4);
                let rules = (0..count).map(|_| self.rule()).collect();
                Node::Sequence(vec![
                    Node::text(header),
                    Node::many(rules, "\n\n", 0),
                    Node::text("\n"),
                ])
            })
            .collect()
    }

    /// A question about what was written.
    pub fn query(&mut self) -> Node {
        let values: Vec<&Known> = self
            .rules
            .iter()
            .filter(|rule| rule.arguments.is_none())
            .collect();
        let package = PACKAGES[self.random.below(self.packages)];
        let text = match self.random.below(10) {
            0..=4 => format!("x = data.{package}"),
            5..=7 if !values.is_empty() => {
                let index = self.random.below(values.len());
                format!(
                    "x = data.{}.{}",
                    PACKAGES[values[index].package], values[index].name
                )
            }
            8 => format!("x = data.{package}[k]"),
            _ => "x = data".to_owned(),
        };
        Node::text(text)
    }

    /// A rule whose type is this (any, if none is asked for), without arguments: its path and type.
    pub(super) fn known(&mut self, of: Option<Type>) -> Option<(String, Type)> {
        let fitting: Vec<&Known> = self
            .rules
            .iter()
            .filter(|rule| rule.arguments.is_none() && of.is_none_or(|of| of == rule.is))
            .collect();
        if fitting.is_empty() {
            return None;
        }
        let index = self.random.below(fitting.len());
        let rule = fitting[index];
        Some((
            format!("data.{}.{}", PACKAGES[rule.package], rule.name),
            rule.is,
        ))
    }

    /// Two functions written before that take as many arguments: their paths. The second may be the first.
    pub(super) fn two_functions(&mut self) -> Option<(String, String)> {
        let path = |rule: &Known| format!("data.{}.{}", PACKAGES[rule.package], rule.name);
        let functions: Vec<&Known> = self
            .rules
            .iter()
            .filter(|rule| rule.arguments.is_some())
            .collect();
        if functions.is_empty() {
            return None;
        }
        let one = functions[self.random.below(functions.len())];
        let arity = one.arguments.as_ref().map(Vec::len);
        let others: Vec<&&Known> = functions
            .iter()
            .filter(|rule| rule.arguments.as_ref().map(Vec::len) == arity)
            .collect();
        let other = others[self.random.below(others.len())];
        Some((path(one), path(other)))
    }

    /// A reference to a rule or a call of a function that was written before.
    pub(super) fn virtual_term(&mut self, of: Type, depth: usize) -> Node {
        let fitting: Vec<usize> = (0..self.rules.len())
            .filter(|index| of == Type::Any || self.rules[*index].is == of)
            .collect();
        if fitting.is_empty() {
            return self.leaf(of);
        }
        let rule = self.rules[fitting[self.random.below(fitting.len())]].clone();
        let mut name = format!("data.{}.{}", PACKAGES[rule.package], rule.name);
        if rule.package == self.package && self.random.chance(60) {
            name.clone_from(&rule.name);
        }
        match rule.arguments {
            None if of == Type::Any && self.random.chance(30) => Node::term(format!("{name}[_]")),
            None => Node::term(name),
            Some(types) => {
                let terms: Vec<Node> = types
                    .iter()
                    .map(|of| self.term(*of, depth.min(1)))
                    .collect();
                let holes = vec!["§"; terms.len()].join(", ");
                Node::filled(&format!("{name}({holes})"), terms)
            }
        }
    }

    fn head_type(&mut self) -> Type {
        *self.random.pick(&[
            Type::Number,
            Type::String,
            Type::Truth,
            Type::Numbers,
            Type::Strings,
            Type::Object,
            Type::NumberSet,
            Type::Any,
        ])
    }

    fn rule(&mut self) -> Node {
        self.names += 1;
        let name = format!("r{}", self.names);
        let (node, is, arguments) = match self.random.below(12) {
            0 | 1 => {
                let is = self.head_type();
                (self.complete(&name, is), is, None)
            }
            2 => (self.truth(&name), Type::Truth, None),
            3 => {
                let is = self.head_type();
                let value = self.term(is, 2);
                let node = Node::fill(&format!("{name} := §"), [value]);
                (node, is, None)
            }
            4..=6 => {
                let member = *self.random.pick(&[Type::Number, Type::String, Type::Any]);
                let node = self.set(&name, member);
                let is = match member {
                    Type::Number => Type::NumberSet,
                    Type::String => Type::StringSet,
                    _ => Type::Any,
                };
                (node, is, None)
            }
            7 | 8 => (self.object(&name), Type::Object, None),
            9 if !self.is_v0() => (self.general(&name), Type::Any, None),
            _ => {
                let is = self.head_type();
                let (node, arguments) = self.function(&name, is);
                (node, is, Some(arguments))
            }
        };
        self.scope.clear();
        self.rules.push(Known {
            package: self.package,
            name,
            is,
            arguments,
        });
        node
    }

    /// The rest of a rule after its head: a body, with terms that see what it binds put into the head before it.
    fn with_body(&mut self, template: &str, types: &[Type]) -> Node {
        let outer = self.scope.len();
        let body = self.body(1, 4, 2);
        let mut parts: Vec<Node> = types.iter().map(|of| self.term(*of, 1)).collect();
        self.scope.truncate(outer);
        parts.push(body);
        let then = if self.is_v0() { "" } else { " if" };
        Node::fill(&format!("{template}{then} {{ § }}"), parts)
    }

    const fn is(&self) -> &'static str {
        match self.flavour {
            Flavour::V0 => "=",
            _ => ":=",
        }
    }

    fn complete(&mut self, name: &str, is: Type) -> Node {
        let sign = self.is();
        let mut chain = vec![self.with_body(&format!("{name} {sign} §"), &[is])];
        while self.random.chance(35) {
            chain.push(self.with_body(&format!("else {sign} §"), &[is]));
        }
        let mut rule = Node::many(chain, " ", 1);
        // Two rules for one value, which may not agree.
        if self.random.chance(15) {
            let other = self.with_body(&format!("{name} {sign} §"), &[is]);
            rule = Node::many(vec![rule, other], "\n", 1);
        }
        if self.random.chance(35) {
            let default = Node::fill(&format!("default {name} {sign} §"), [Self::constant(is)]);
            return Node::many(vec![default, rule], "\n", 1);
        }
        rule
    }

    pub(super) fn constant(is: Type) -> Node {
        let text = match is {
            Type::Number => "0",
            Type::String => "\"none\"",
            Type::Truth => "false",
            Type::Numbers | Type::Strings => "[]",
            Type::NumberSet | Type::StringSet => "set()",
            Type::Object => "{}",
            Type::Any => "null",
        };
        Node::text(text)
    }

    fn truth(&mut self, name: &str) -> Node {
        let count = 1 + self.random.below(3);
        let mut rules: Vec<Node> = (0..count).map(|_| self.with_body(name, &[])).collect();
        if self.random.chance(50) {
            let sign = self.is();
            rules.insert(0, Node::text(format!("default {name} {sign} false")));
        }
        Node::many(rules, "\n", 1)
    }

    fn set(&mut self, name: &str, member: Type) -> Node {
        let template = if self.is_v0() {
            format!("{name}[§]")
        } else {
            format!("{name} contains §")
        };
        let count = 1 + self.random.below(2);
        let rules = (0..count)
            .map(|_| {
                if member == Type::Any && self.random.chance(50) {
                    return self
                        .with_body(&template.replace('§', "[§, §]"), &[member, Type::Number]);
                }
                self.with_body(&template, &[member])
            })
            .collect();
        Node::many(rules, "\n", 1)
    }

    fn object(&mut self, name: &str) -> Node {
        let sign = self.is();
        let count = 1 + self.random.below(3);
        let rules = (0..count)
            .map(|index| {
                if self.random.chance(50) {
                    self.with_body(
                        &format!("{name}[{:?}] {sign} §", KEYS[index]),
                        &[Type::Number],
                    )
                } else {
                    self.with_body(
                        &format!("{name}[§] {sign} §"),
                        &[Type::String, Type::Number],
                    )
                }
            })
            .collect();
        Node::many(rules, "\n", 1)
    }

    /// Rules whose heads are references of more than one step.
    fn general(&mut self, name: &str) -> Node {
        let count = 1 + self.random.below(3);
        let rules = (0..count)
            .map(|index| match self.random.below(6) {
                0 => self.with_body(&format!("{name}.a[§] := §"), &[Type::String, Type::Any]),
                1 => self.with_body(
                    &format!("{name}.b[§].c := §"),
                    &[Type::String, Type::Number],
                ),
                2 => self.with_body(
                    &format!("{name}.s[§] contains §"),
                    &[Type::String, Type::Any],
                ),
                3 => self.with_body(&format!("{name}.t contains §"), &[Type::Number]),
                4 => self.with_body(
                    &format!("{name}[§][§] := §"),
                    &[Type::String, Type::Number, Type::Any],
                ),
                _ => self.with_body(&format!("{name}.k{index} := §"), &[Type::Any]),
            })
            .collect();
        Node::many(rules, "\n", 1)
    }

    fn function(&mut self, name: &str, is: Type) -> (Node, Vec<Type>) {
        let sign = self.is();
        let types: Vec<Type> = (0..=self.random.below(2))
            .map(|_| self.head_type())
            .collect();
        let mut rules = Vec::new();
        if !self.is_v0() && self.random.chance(25) {
            let holes = vec!["_"; types.len()].join(", ");
            let constant = Self::constant(is);
            rules.push(Node::fill(
                &format!("default {name}({holes}) := §"),
                [constant],
            ));
        }
        for _ in 0..=self.random.below(2) {
            let parameters: Vec<String> = types
                .iter()
                .map(|of| {
                    if self.random.chance(12) {
                        return match of {
                            Type::Number => "1".to_owned(),
                            Type::String => "\"a\"".to_owned(),
                            Type::Numbers => {
                                self.variables += 2;
                                let (one, two) = (self.variables - 1, self.variables);
                                self.scope.push((format!("v{one}"), Type::Number));
                                format!("[v{one}, v{two}]")
                            }
                            Type::Object => {
                                self.variables += 1;
                                let value = format!("v{}", self.variables);
                                self.scope.push((value.clone(), Type::Number));
                                format!("{{\"a\": {value}}}")
                            }
                            _ => "_".to_owned(),
                        };
                    }
                    self.variables += 1;
                    let parameter = format!("v{}", self.variables);
                    self.scope.push((parameter.clone(), *of));
                    parameter
                })
                .collect();
            let head = format!("{name}({}) {sign} §", parameters.join(", "));
            rules.push(self.with_body(&head, &[is]));
            self.scope.clear();
        }
        (Node::many(rules, "\n", 1), types)
    }
}
