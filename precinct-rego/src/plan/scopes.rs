//! What is known at a point of planning: variables, functions that have been planned, functions that are replaced.

use std::collections::HashMap;

use super::policy::Local;
use crate::ast::{Term, Var};

/// The variables in scope, innermost last.
#[derive(Clone, Debug)]
pub(super) struct Variables(Vec<HashMap<Var, Local>>);

impl Variables {
    pub(super) fn new(outermost: HashMap<Var, Local>) -> Self {
        Self(vec![outermost])
    }

    pub(super) fn get(&self, name: &str) -> Option<Local> {
        self.0
            .iter()
            .rev()
            .find_map(|scope| scope.get(name).copied())
    }

    pub(super) fn put(&mut self, name: &Var, local: Local) {
        if let Some(scope) = self.0.last_mut() {
            scope.insert(name.clone(), local);
        }
    }

    pub(super) fn enter(&mut self) {
        self.0.push(HashMap::new());
    }

    pub(super) fn leave(&mut self) {
        self.0.pop();
    }
}

/// The functions that have been planned under the replacements of the moment.
#[derive(Debug)]
struct Generation {
    number: u32,
    /// Names by path.
    functions: HashMap<String, String>,
    /// The variables that functions of this generation need besides those of the outer ones.
    variables: Vec<Var>,
}

/// Generations of functions, innermost last. Each `with` that changes what functions mean starts one.
#[derive(Debug)]
pub(super) struct Generations {
    stack: Vec<Generation>,
    next: u32,
}

impl Generations {
    pub(super) fn new() -> Self {
        let mut this = Self {
            stack: Vec::new(),
            next: 0,
        };
        this.enter(&["input".into(), "data".into()]);
        this
    }

    pub(super) fn enter(&mut self, variables: &[Var]) {
        self.stack.push(Generation {
            number: self.next,
            functions: HashMap::new(),
            variables: variables.to_vec(),
        });
        self.next += 1;
    }

    pub(super) fn leave(&mut self) {
        self.stack.pop();
    }

    pub(super) fn number(&self) -> u32 {
        self.stack.last().map_or(0, |last| last.number)
    }

    /// The variables that every function is called with.
    pub(super) fn variables(&self) -> Vec<Var> {
        let all = self.stack.iter().flat_map(|it| &it.variables);
        all.cloned().collect()
    }

    pub(super) fn get(&self, path: &str) -> Option<&String> {
        self.stack.last()?.functions.get(path)
    }

    pub(super) fn add(&mut self, path: String, name: String) {
        if let Some(last) = self.stack.last_mut() {
            last.functions.insert(path, name);
        }
    }
}

/// What `with` puts in the place of functions, by name.
pub(super) type Replaced = HashMap<String, Term>;

/// The replacements that are in force, innermost last. What a replacement calls starts without any.
#[derive(Debug)]
pub(super) struct Replacements(Vec<Vec<Replaced>>);

impl Replacements {
    pub(super) fn new() -> Self {
        Self(vec![Vec::new()])
    }

    pub(super) fn suspend(&mut self) {
        self.0.push(Vec::new());
    }

    pub(super) fn resume(&mut self) {
        self.0.pop();
    }

    pub(super) fn enter(&mut self, replaced: Replaced) {
        if let Some(group) = self.0.last_mut() {
            group.push(replaced);
        }
    }

    pub(super) fn leave(&mut self) {
        if let Some(group) = self.0.last_mut() {
            group.pop();
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Term> {
        let group = self.0.last()?;
        group.iter().rev().find_map(|replaced| replaced.get(name))
    }
}
