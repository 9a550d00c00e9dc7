//! Where an evaluation was when an error ended it.

use precinct_rego::analysis::reads;
use precinct_rego::ast::{Expr, Module, Rule, Span};
use precinct_rego::ir::{FunctionId, FunctionKind, Program, RuleId};
use precinct_runtime::Value;

use crate::engine::{Hooks, Place};

/// Follows calls, and keeps where they were when an error came.
#[derive(Clone, Debug, Default)]
pub struct Stack {
    /// For each running function, the number of the body that it evaluates.
    bodies: Vec<u32>,
    /// How many bodies have been begun.
    begun: u32,
    at: Vec<Running>,
    /// The same for the first errors of builtins.
    builtins: Vec<Vec<Running>>,
}

/// A function that was running.
#[derive(Clone, Debug)]
struct Running {
    function: FunctionId,
    span: Span,
    body: u32,
    /// The values of its locals that are short enough to be shown, by the position of the local.
    values: Vec<(usize, String)>,
}

/// How many characters of an expression OPA shows; longer values are not put in place of their variables.
const SHOWN: usize = 80;

/// How many of the locals of one function are kept.
const LOCALS: usize = 256;

/// Of how many errors of builtins the place is kept.
const KEPT: usize = 64;

/// A place of a stack trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The expression.
    pub span: Span,
    /// The number of the body that it stands in, in the order in which they were begun; 0 is the query.
    pub body: u32,
    /// The values of the variables in the expression, by their place, in order.
    pub values: Vec<(Span, String)>,
}

impl Frame {
    /// The text of the expression with the values in it; `text` is the whole source.
    #[must_use]
    pub fn text(&self, source: &str) -> String {
        let mut shown = String::new();
        let mut from = self.span.start as usize;
        for (span, value) in &self.values {
            let (start, end) = (span.start as usize, span.end as usize);
            // A variable within another's place is covered by that.
            if start < from || end > self.span.end as usize {
                continue;
            }
            shown += source.get(from..start).unwrap_or_default();
            shown += value;
            from = end;
        }
        shown += source.get(from..self.span.end as usize).unwrap_or_default();
        shown
    }
}

impl<'a> Hooks<'a> for Stack {
    #[inline]
    fn call(&mut self, _place: Place<'_, '_>) {
        self.bodies.push(self.begun);
    }

    #[inline]
    fn leave(&mut self, _function: FunctionId, _result: Option<Value<'_>>) {
        self.bodies.pop();
    }

    #[inline]
    fn rule(&mut self, _rule: RuleId, _place: Place<'_, '_>) {
        self.begun += 1;
        if let Some(body) = self.bodies.last_mut() {
            *body = self.begun;
        }
    }

    fn failed(&mut self, running: &[Place<'_, 'a>]) {
        self.at = self.places(running);
    }

    fn builtin_failed(&mut self, running: &[Place<'_, 'a>]) {
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

    fn places(&self, running: &[Place<'_, '_>]) -> Vec<Running> {
        let offset = running.len().saturating_sub(self.bodies.len());
        let place = |(number, place): (usize, &Place<'_, '_>)| {
            let body = number.checked_sub(offset);
            let body = body.and_then(|number| self.bodies.get(number)).copied();
            let values = place.locals().enumerate().take(LOCALS);
            let values = values.filter_map(|(local, value)| Some((local, short(&value?)?)));
            Running {
                function: place.function,
                span: place.span,
                body: body.unwrap_or(0),
                values: values.collect(),
            }
        };
        running.iter().enumerate().map(place).collect()
    }

    /// The expressions that were being evaluated, innermost first; those of a query are among `query`. What the document
    /// tree does is left out. An
    /// evaluation that ran to its end and then failed did so because of its first builtin error.
    #[must_use]
    pub fn frames(&self, program: &Program, modules: &[Module], query: &[Expr]) -> Vec<Frame> {
        let at = if self.at.is_empty() {
            self.builtins.first().map_or(&[][..], Vec::as_slice)
        } else {
            &self.at
        };
        frames(at, program, modules, query)
    }

    /// The same for an error of a builtin, counted from 0.
    #[must_use]
    pub fn builtin_frames(
        &self,
        number: usize,
        program: &Program,
        modules: &[Module],
        query: &[Expr],
    ) -> Vec<Frame> {
        let at = self.builtins.get(number).map_or(&[][..], Vec::as_slice);
        frames(at, program, modules, query)
    }
}

/// The value as text, unless it is too long to be shown.
fn short(value: &Value<'_>) -> Option<String> {
    let is_small = match value {
        Value::String(text) => text.len() <= SHOWN,
        Value::Array(items) => items.len() <= SHOWN,
        Value::Set(items) => items.items().len() <= SHOWN,
        Value::Object(members) => members.len() <= SHOWN,
        _ => true,
    };
    let text = is_small.then(|| value.to_string())?;
    (text.chars().count() <= SHOWN).then_some(text)
}

fn frames(at: &[Running], program: &Program, modules: &[Module], query: &[Expr]) -> Vec<Frame> {
    let function = |running: &Running| program.functions.get(running.function.index());
    let seen = |running: &&Running| {
        function(running).is_some_and(|function| {
            !matches!(function.kind, FunctionKind::Tree(_) | FunctionKind::Part)
        })
    };
    at.iter()
        .rev()
        .filter(seen)
        .map(|running| {
            let span = expression(running.span, modules);
            let locals = function(running).map_or(&[][..], |function| &function.locals);
            let mut values: Vec<(Span, String)> = reads::of(span, modules, query)
                .into_iter()
                .filter_map(|(place, name)| {
                    let is_named = |(local, _): &&(usize, String)| {
                        locals
                            .get(*local)
                            .is_some_and(|info| info.name.as_deref() == Some(&*name))
                    };
                    let (_, value) = running.values.iter().find(is_named)?;
                    Some((place, value.clone()))
                })
                .collect();
            values.sort_by_key(|(place, _)| (place.start, std::cmp::Reverse(place.end)));
            Frame {
                span,
                body: running.body,
                values,
            }
        })
        .collect()
}

/// An error about a whole rule is shown at its last expression.
fn expression(span: Span, modules: &[Module]) -> Span {
    let mut rules = modules.iter().flat_map(|module| &module.rules);
    let found = rules.find_map(|rule| {
        rule.branches()
            .find(|rule| rule.span == span || rule.head.span == span)
    });
    let last = |rule: &Rule| rule.body.last().map(|expr| expr.span);
    found.and_then(last).unwrap_or(span)
}
