//! Where an evaluation was when an error ended it.

use precinct_rego::ast::{Module, Rule, Span};
use precinct_rego::ir::{FunctionId, FunctionKind, Program, RuleId};

use crate::engine::{Hooks, Place};

/// Follows calls, and keeps where they were when an error came.
#[derive(Clone, Debug, Default)]
pub struct Stack {
    /// For each running function, the number of the body that it evaluates.
    bodies: Vec<u32>,
    /// How many bodies have been begun.
    begun: u32,
    at: Vec<(FunctionId, Span, u32)>,
    /// The same for the first errors of builtins.
    builtins: Vec<Vec<(FunctionId, Span, u32)>>,
}

/// Of how many errors of builtins the place is kept.
const KEPT: usize = 64;

/// A place of a stack trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The expression.
    pub span: Span,
    /// The number of the body that it stands in, in the order in which they were begun; 0 is the query.
    pub body: u32,
}

impl Hooks<'_> for Stack {
    #[inline]
    fn call(&mut self, _place: Place<'_, '_>) {
        self.bodies.push(self.begun);
    }

    #[inline]
    fn leave(&mut self, _function: FunctionId, _result: Option<precinct_runtime::Value<'_>>) {
        self.bodies.pop();
    }

    #[inline]
    fn rule(&mut self, _rule: RuleId, _place: Place<'_, '_>) {
        self.begun += 1;
        if let Some(body) = self.bodies.last_mut() {
            *body = self.begun;
        }
    }

    fn failed(&mut self, running: &[(FunctionId, Span)]) {
        self.at = self.places(running);
    }

    fn builtin_failed(&mut self, running: &[(FunctionId, Span)]) {
        if self.builtins.len() < KEPT {
            self.builtins.push(self.places(running));
        }
    }
}

impl Stack {
    /// Begins below a query that the engine does not see: a document is asked for directly.
    #[must_use]
    pub fn of_document() -> Self {
        Self {
            bodies: vec![0],
            ..Self::default()
        }
    }

    fn places(&self, running: &[(FunctionId, Span)]) -> Vec<(FunctionId, Span, u32)> {
        let offset = running.len().saturating_sub(self.bodies.len());
        let place = |(number, (function, span)): (usize, &(FunctionId, Span))| {
            let body = number.checked_sub(offset);
            let body = body.and_then(|number| self.bodies.get(number)).copied();
            (*function, *span, body.unwrap_or(0))
        };
        running.iter().enumerate().map(place).collect()
    }

    /// The expressions that were being evaluated, innermost first. What the document tree does is left out. An
    /// evaluation that ran to its end and then failed did so because of its first builtin error.
    #[must_use]
    pub fn frames(&self, program: &Program, modules: &[Module]) -> Vec<Frame> {
        let at = if self.at.is_empty() {
            self.builtins.first().map_or(&[][..], Vec::as_slice)
        } else {
            &self.at
        };
        frames(at, program, modules)
    }

    /// The same for an error of a builtin, counted from 0.
    #[must_use]
    pub fn builtin_frames(
        &self,
        number: usize,
        program: &Program,
        modules: &[Module],
    ) -> Vec<Frame> {
        let at = self.builtins.get(number).map_or(&[][..], Vec::as_slice);
        frames(at, program, modules)
    }
}

fn frames(at: &[(FunctionId, Span, u32)], program: &Program, modules: &[Module]) -> Vec<Frame> {
    let seen = |function: &FunctionId| {
        program
            .functions
            .get(function.index())
            .is_some_and(|function| {
                !matches!(function.kind, FunctionKind::Tree(_) | FunctionKind::Part)
            })
    };
    at.iter()
        .rev()
        .filter(|(function, _, _)| seen(function))
        .map(|(_, span, body)| Frame {
            span: expression(*span, modules),
            body: *body,
        })
        .collect()
}

/// An error about a whole rule is shown at its last expression.
fn expression(span: Span, modules: &[Module]) -> Span {
    let mut rules = modules.iter().flat_map(|module| &module.rules);
    let found = rules.find_map(|rule| {
        let mut next = Some(rule);
        while let Some(rule) = next {
            if rule.span == span || rule.head.span == span {
                return Some(rule);
            }
            next = rule.else_rule.as_deref();
        }
        None
    });
    let last = |rule: &Rule| rule.body.last().map(|expr| expr.span);
    found.and_then(last).unwrap_or(span)
}
