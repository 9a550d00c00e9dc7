//! From hooks to events.
//!
//! * [`back`]: what is taken back
//! * [`package`]: evaluations of whole packages

mod back;
mod package;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use precinct_rego::ast::Span;
use precinct_rego::ir::{FunctionId, FunctionKind, Program, RuleId};
use precinct_runtime::Value;

use package::Package;

use super::matched::Matched;
use super::outline::{Note, Outline, Part, Query, Scope, Step};
use super::{Event, Op, Shown, Subject};
use crate::engine::{Hooks, Place};

/// After how many events no more are kept: a trace of a long evaluation must not fill the memory.
const LIMIT: usize = 2_000_000;

/// How many events one rule may leave before repeated ones are thrown away, when they need not be kept.
const ENOUGH: usize = 4_096;

/// Collects what an evaluation does.
#[derive(Debug)]
pub struct Tracer<'p, 'a> {
    program: &'p Program,
    outline: &'p Outline,
    /// What happened so far.
    pub events: Vec<Event>,
    /// Keep the variables that are bound.
    locals: bool,
    /// Look at the variables, for those or for notes.
    watched: bool,
    /// Keep each place once: enough to know what was evaluated.
    once: bool,
    /// The first answer can be enough.
    early_exit: bool,
    /// What is taken back lies in a rule that was left at its first answer.
    unwinding: bool,
    started: Instant,
    open: Vec<Open>,
    calls: Vec<Call>,
    /// What was said about the rules of the documents that have been computed.
    indexed: HashMap<Arc<str>, String>,
    bound: BTreeMap<Arc<str>, Value<'a>>,
    /// The values of documents, when variables are kept.
    values: BTreeMap<Arc<str>, String>,
    next: u32,
}

/// A rule or body that is being evaluated, or can be asked for another answer.
#[derive(Clone, Debug)]
struct Open {
    query: u32,
    parent: u32,
    scope: Arc<Scope>,
    /// The expression that runs or ran last.
    at: Option<usize>,
    /// How many of the bodies in that expression have begun.
    entered: usize,
    held: bool,
    /// It was left at its first answer.
    early: bool,
    /// Where its events begin.
    from: usize,
    /// Rules that answered while an expression ran.
    answered: Vec<(usize, Open)>,
}

/// A function that is being evaluated.
#[derive(Clone, Debug)]
struct Call {
    function: FunctionId,
    /// How many bodies were open when it was called.
    base: usize,
    /// The event that says how many rules can answer.
    index: Option<usize>,
    /// Those rules.
    matched: Matched,
    name: Arc<str>,
    /// A piece of another function: what it does belongs to that.
    piece: bool,
    /// The documents of a package: nobody asks those for another answer.
    package: Option<Package>,
    answered: bool,
}

impl<'p, 'a> Tracer<'p, 'a> {
    /// Begins a trace of a query of this program.
    #[must_use]
    pub fn new(program: &'p Program, outline: &'p Outline, query: &Query) -> Self {
        let mut tracer = Self {
            program,
            outline,
            events: Vec::new(),
            locals: false,
            watched: outline.notes_variables(),
            once: false,
            early_exit: true,
            unwinding: false,
            started: Instant::now(),
            open: Vec::new(),
            calls: Vec::new(),
            indexed: HashMap::new(),
            bound: BTreeMap::new(),
            values: BTreeMap::new(),
            next: 0,
        };
        tracer.enter(Arc::clone(&query.0));
        tracer
    }

    /// Keeps the variables that are bound at each step.
    #[must_use]
    pub fn with_locals(mut self) -> Self {
        self.locals = true;
        self.watched = true;
        self
    }

    /// Of a program that goes on where the first answer is enough.
    #[must_use]
    pub fn without_early_exit(mut self) -> Self {
        self.early_exit = false;
        self
    }

    /// Keeps what ran, but not how often: a long evaluation takes no more memory than a short one.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// Begins the only expression of a query that was made for a document, which the engine is asked for directly.
    #[must_use]
    pub fn of_document(mut self, function: FunctionId) -> Self {
        self.eval(0);
        self.begin(function);
        self
    }

    /// Ends the trace of [`Tracer::of_document`] with the document's value.
    #[must_use]
    pub fn finish_document(mut self, defined: bool) -> Vec<Event> {
        self.end(defined);
        self.finish(defined)
    }

    /// Ends the trace; `answered` says whether the query had an answer.
    #[must_use]
    pub fn finish(mut self, answered: bool) -> Vec<Event> {
        while self.open.len() > 1 {
            self.close();
        }
        if let Some(query) = self.open.last()
            && answered
            && !query.held
        {
            self.exit();
        }
        if let Some(query) = self.open.pop() {
            self.retire(query);
        }
        self.events
    }

    /// The expressions that are being evaluated, innermost first: what a trace of an error shows.
    #[must_use]
    pub fn stack(&self) -> Vec<(Span, Arc<str>, u32)> {
        self.open
            .iter()
            .rev()
            .filter_map(|open| {
                let step = open.scope.exprs.get(open.at?)?;
                Some((step.span, Arc::clone(&step.text), open.query))
            })
            .collect()
    }

    fn push(&mut self, op: Op, open: (u32, u32), subject: Subject, span: Span, text: Arc<str>) {
        if self.events.len() >= LIMIT {
            return;
        }
        self.events.push(Event {
            op,
            query: open.0,
            parent: open.1,
            subject,
            span,
            text,
            message: String::new(),
            written: span,
            locals: BTreeMap::new(),
            values: Vec::new(),
            ns: u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX),
        });
    }

    /// Adds the variables that the last event is about.
    fn show<'s>(
        &mut self,
        vars: impl Iterator<Item = &'s (Arc<str>, Arc<str>)>,
        of: Option<&Arc<str>>,
    ) {
        if !self.locals {
            return;
        }
        let mut shown: BTreeMap<Arc<str>, String> = vars
            .filter_map(|(name, shown)| {
                let bound = self.bound.get(name).map(ToString::to_string);
                let value = bound.or_else(|| self.outline.constant(name, &[]))?;
                Some((Arc::clone(shown), value))
            })
            .collect();
        if let Some(value) = of.and_then(|name| self.values.get(name)) {
            shown.insert("_".into(), value.clone());
            shown.extend(of.map(|name| (Arc::clone(name), value.clone())));
        }
        if let Some(event) = self.events.last_mut() {
            event.locals = shown;
        }
    }

    /// Adds the values of an expression's parts to the last event.
    fn show_values(&mut self, step: &Step) {
        if !self.locals {
            return;
        }
        let value = |part: &Part| {
            let path: Vec<&str> = part.path.iter().map(AsRef::as_ref).collect();
            let bound = self.bound.get(&part.variable);
            let value = match bound {
                Some(value) => value.path(&path)?.to_string(),
                None => {
                    let constant = self.outline.constant(&part.variable, &part.path);
                    let value = constant.or_else(|| self.values.get(&part.variable).cloned());
                    // What the expression itself should have given is not there.
                    let own = part.own && !step.negated;
                    value.or_else(|| own.then(|| "undefined".to_owned()))?
                }
            };
            Some(Shown {
                span: part.span,
                title: Arc::clone(&part.title),
                value,
            })
        };
        let values = step.parts.iter().filter_map(value).collect();
        if let Some(event) = self.events.last_mut() {
            event.written = step.written;
            event.values = values;
        }
    }

    /// An event about a whole rule or body.
    fn around(&mut self, op: Op, ids: (u32, u32), scope: &Arc<Scope>) {
        self.push(op, ids, subject(scope), scope.span, Arc::clone(&scope.text));
        let steps = scope.exprs.iter().flat_map(|step| &step.vars);
        if scope.rule {
            self.show(scope.vars.iter(), None);
        } else {
            let of = scope.exprs.iter().find_map(|step| step.value_of.as_ref());
            self.show(steps, of);
        }
    }

    fn say(&mut self, message: impl Into<String>) {
        if let Some(event) = self.events.last_mut() {
            event.message = message.into();
        }
    }

    fn enter(&mut self, scope: Arc<Scope>) {
        let query = self.next;
        self.next += 1;
        let parent = self.open.last().map_or(query, |open| open.query);
        let from = self.events.len();
        if let Some(outer) = self.open.last_mut()
            && outer.scope.every
        {
            outer.held = false;
        }
        self.around(Op::Enter, (query, parent), &scope);
        self.open.push(Open {
            query,
            parent,
            scope,
            at: None,
            entered: 0,
            held: false,
            early: false,
            from,
            answered: Vec::new(),
        });
    }

    /// An event about an expression of the innermost body.
    fn about(&mut self, op: Op, expr: usize) {
        let Some(open) = self.open.last() else { return };
        let Some(step) = open.scope.exprs.get(expr) else {
            return;
        };
        let ids = (open.query, open.parent);
        let (span, text) = (step.span, Arc::clone(&step.text));
        let scope = Arc::clone(&open.scope);
        self.push(op, ids, Subject::Expr(expr), span, text);
        if let Some(step) = scope.exprs.get(expr) {
            let begins = |name: &Arc<str>| {
                op == Op::Eval && step.binds.as_ref().is_some_and(|(bound, _)| bound == name)
            };
            let vars = step.vars.iter().filter(|(name, _)| !begins(name));
            self.show(vars, step.value_of.as_ref());
            if op == Op::Fail {
                self.show_values(step);
            }
        }
    }

    /// Begins an expression of the innermost body.
    fn eval(&mut self, expr: usize) {
        self.about(Op::Eval, expr);
        let Some(open) = self.open.last_mut() else {
            return;
        };
        open.at = Some(expr);
        open.entered = 0;
        let Some(step) = open.scope.exprs.get(expr) else {
            return;
        };
        let ids = (open.query, open.parent);
        let span = step.span;
        let negation = step.negated.then(|| step.inner.first().cloned()).flatten();
        let note = step.note.clone();
        let documents = step.documents.clone();
        let known: Vec<_> = documents
            .iter()
            .filter_map(|name| self.known(name))
            .collect();
        for (name, message) in known {
            self.push(Op::Index, ids, Subject::Expr(expr), span, name);
            self.say(message);
        }
        if let Some(note) = note {
            let text = match note {
                Note::Text(text) => text.to_string(),
                Note::Variable(name) => {
                    let value = self.bound.get(&name).and_then(|value| value.as_str());
                    value.unwrap_or_default().to_owned()
                }
            };
            self.push(Op::Note, ids, Subject::Expr(expr), span, Arc::default());
            self.say(text);
        }
        if let Some(scope) = negation {
            let single = scope.exprs.len() == 1 && scope.exprs[0].span == span;
            self.enter(scope);
            if single {
                self.eval(0);
            }
        }
    }

    /// What was said about the rules of a computed document that this is, or lies in.
    fn known(&self, document: &str) -> Option<(Arc<str>, String)> {
        let mut name = document;
        loop {
            if let Some((name, said)) = self.indexed.get_key_value(name) {
                return Some((Arc::clone(name), said.clone()));
            }
            (name, _) = name.split_at(name.rfind(['.', '['])?);
        }
    }

    /// The innermost body holds.
    fn exit(&mut self) {
        self.again();
        let all = self.open.last().map_or(0, |open| open.scope.exprs.len());
        let begun = self.open.last().map_or(0, |open| {
            let next = open.at.map_or(0, |at| at + 1);
            if open.scope.rule {
                next
            } else {
                next.max(all - open.scope.captures)
            }
        });
        for expr in begun.min(all)..all {
            self.eval(expr);
        }
        let Some(open) = self.open.last_mut() else {
            return;
        };
        open.held = true;
        let scope = Arc::clone(&open.scope);
        let ids = (open.query, open.parent);
        self.around(Op::Exit, ids, &scope);
        if self.early(&scope) {
            self.say("early");
            if let Some(open) = self.open.last_mut() {
                open.early = true;
            }
        }
        self.next_member();
        if scope.rule
            && let Some(call) = self.calls.last_mut()
        {
            call.answered = true;
        }
    }

    /// The body of an `every` held for one member: the next one is looked for.
    fn next_member(&mut self) {
        let Some([every, _]) = self
            .open
            .len()
            .checked_sub(2)
            .and_then(|at| self.open.get_mut(at..))
        else {
            return;
        };
        if !every.scope.every {
            return;
        }
        every.held = true;
        let ids = (every.query, every.parent);
        let scope = Arc::clone(&every.scope);
        self.say("early");
        if let Some(body) = self.open.pop() {
            self.retire(body);
        }
        self.around(Op::Redo, ids, &scope);
        self.about(Op::Redo, 0);
    }

    fn early(&self, scope: &Scope) -> bool {
        let call = self.calls.last();
        self.early_exit && scope.rule && call.is_some_and(|call| call.matched.early())
    }

    fn begin(&mut self, function: FunctionId) {
        let known = self.program.functions.get(function.index());
        let rules = known.is_some_and(|known| {
            matches!(
                known.kind,
                FunctionKind::Rule | FunctionKind::Function | FunctionKind::Keyed
            )
        });
        // Parts of a document have numbered names.
        let name: Arc<str> = known
            .map(|known| match known.name.split_once('#') {
                Some((document, _)) => document.into(),
                None => Arc::clone(&known.name),
            })
            .unwrap_or_default();
        let package = known.and_then(|known| match known.kind {
            FunctionKind::Tree(node) => Some(Package { node, done: 0 }),
            _ => None,
        });
        let mut index = None;
        if rules {
            self.advance(&name);
        }
        self.pass_over(Some(function));
        if rules && let Some((ids, at, span)) = self.here() {
            let told = self
                .events
                .last()
                .is_some_and(|event| event.op == Op::Index && event.text == name);
            if !told {
                self.push(Op::Index, ids, Subject::Expr(at), span, Arc::clone(&name));
            }
            index = Some(self.events.len().saturating_sub(1));
        }
        self.calls.push(Call {
            function,
            base: self.open.len(),
            index,
            matched: Matched::default(),
            name,
            piece: !rules,
            package,
            answered: false,
        });
    }

    /// Where the innermost body is: what numbers it, and the expression that runs, with its place.
    fn here(&self) -> Option<((u32, u32), usize, Span)> {
        let open = self.open.last()?;
        let at = open.at.unwrap_or_default();
        let step = open.scope.exprs.get(at);
        let span = step.map_or(open.scope.span, |step| step.span);
        Some(((open.query, open.parent), at, span))
    }

    /// Begins the expressions that have no mark, up to the one that mentions this document.
    fn advance(&mut self, name: &Arc<str>) {
        let Some(open) = self.open.last() else { return };
        let next = open.at.map_or(0, |at| at + 1);
        let mentions = |step: &Step| {
            step.documents
                .iter()
                .any(|document| document.starts_with(name.as_ref()))
        };
        let exprs = &open.scope.exprs;
        if open.held
            || open
                .at
                .is_some_and(|at| exprs.get(at).is_some_and(mentions))
        {
            return;
        }
        let Some(found) = exprs.iter().skip(next).position(mentions) else {
            return;
        };
        for expr in next..=next + found {
            self.eval(expr);
        }
    }

    fn end(&mut self, defined: bool) {
        let base = self.calls.last().map_or(1, |call| call.base);
        if self.calls.last().is_some_and(|call| !call.piece) {
            while self.open.len() > base.max(1) {
                self.close();
            }
        }
        self.pass_over(None);
        let Some(call) = self.calls.last() else {
            return;
        };
        let document = self.outline.documents.get(&call.name);
        if let Some(event) = call.index {
            let message = call.matched.said(self.early_exit);
            if let Some(event) = self.events.get_mut(event) {
                event.message.clone_from(&message);
            }
            self.indexed.insert(Arc::clone(&call.name), message);
        }
        let default = document.and_then(|document| document.default.clone());
        if defined
            && !call.answered
            && let Some(default) = default
        {
            self.enter(default);
            self.exit();
            if let Some(event) = self.events.last_mut() {
                "early".clone_into(&mut event.message);
            }
            self.close();
        }
        self.calls.pop();
    }

    fn remember(&mut self, place: &Place<'_, 'a>) {
        self.bound.clear();
        let Some(function) = self.program.functions.get(place.function.index()) else {
            return;
        };
        for (info, value) in function.locals.iter().zip(place.locals()) {
            if let (Some(name), Some(value)) = (&info.name, value) {
                self.bound.insert(Arc::clone(name), value);
            }
        }
    }

    /// Finds the body that an expression belongs to, from the innermost outwards, and begins it there.
    fn reach(&mut self, span: Span) {
        let base = self
            .calls
            .iter()
            .rev()
            .find(|call| !call.piece)
            .map_or(1, |call| call.base + 1);
        let mut depth = self.open.len();
        while depth >= base.max(1) {
            let Some(open) = self.open.get(depth - 1) else {
                return;
            };
            // The only expression of a rule without a body stands where its head does.
            let begins = open.at.is_none() && position(open, span).is_some();
            if span == open.scope.end() && !begins {
                self.close_to(depth);
                return self.exit();
            }
            let inside = begun_here(open, span);
            if let Some(expr) = position(open, span)
                && inside.is_none()
                && !self.is_next_outside(depth, span)
            {
                self.close_to(depth);
                return self.step(expr);
            }
            let begun = open.at.unwrap_or_default();
            let inner = open
                .scope
                .exprs
                .iter()
                .enumerate()
                .skip(begun)
                .find_map(|(expr, step)| {
                    let from = if inside.is_some() { open.entered } else { 0 };
                    let scopes = step.inner.iter().enumerate().skip(from);
                    let mut found = scopes.filter(|(_, scope)| scope.holds(span));
                    found
                        .next()
                        .map(|(number, scope)| (expr, number, Arc::clone(scope)))
                });
            if let Some((expr, number, scope)) = inner {
                self.close_to(depth);
                if self.open.last().is_some_and(|open| open.at != Some(expr)) {
                    self.step(expr);
                }
                if let Some(open) = self.open.last_mut() {
                    open.entered = number + 1;
                }
                let mut scope = scope;
                if scope.every
                    && let Some(body) = scope.body()
                {
                    self.enter(scope);
                    self.eval(0);
                    scope = body;
                }
                let first = scope.exprs.iter().position(|step| step.span == span);
                self.enter(scope);
                return self.step(first.unwrap_or_default());
            }
            depth -= 1;
        }
    }

    /// A body inside an expression held, and the expression behind that one stands at this place too.
    fn is_next_outside(&self, depth: usize, span: Span) -> bool {
        let Some([outer, inner]) = depth.checked_sub(2).and_then(|at| self.open.get(at..depth))
        else {
            return false;
        };
        let next = outer.at.and_then(|at| outer.scope.exprs.get(at + 1));
        inner.held && !inner.scope.rule && next.is_some_and(|step| step.span == span)
    }

    fn step(&mut self, expr: usize) {
        let at = self.open.last().and_then(|open| open.at);
        match at {
            Some(at) if expr > at => {
                for between in at + 1..=expr {
                    self.eval(between);
                }
            }
            Some(_) => {
                self.back(expr.saturating_sub(1), expr > 0);
                self.eval(expr);
            }
            None => {
                for between in 0..=expr {
                    self.eval(between);
                }
            }
        }
    }
}

/// The expression at this place: rather one that has not run yet.
fn position(open: &Open, span: Span) -> Option<usize> {
    let next = open.at.map_or(0, |at| at + 1);
    let exprs = &open.scope.exprs;
    let later = exprs.iter().skip(next).position(|step| step.span == span);
    later
        .map(|later| later + next)
        .or_else(|| exprs.iter().position(|step| step.span == span))
}

/// A body in the expression that runs, not begun before, which has an expression at this place: one that was made of the
/// same text as the expressions around it.
fn begun_here(open: &Open, span: Span) -> Option<()> {
    let step = open.scope.exprs.get(open.at?)?;
    let mut scopes = step.inner.iter().skip(open.entered);
    (!open.held && scopes.any(|scope| scope.holds(span))).then_some(())
}

fn subject(scope: &Scope) -> Subject {
    if scope.every {
        Subject::Expr(0)
    } else if scope.rule {
        Subject::Rule
    } else {
        Subject::Body
    }
}

impl<'a> Hooks<'a> for Tracer<'_, 'a> {
    fn call(&mut self, place: Place<'_, 'a>) {
        self.begin(place.function);
    }

    fn leave(&mut self, function: FunctionId, result: Option<Value<'a>>) {
        if self
            .calls
            .last()
            .is_some_and(|call| call.function == function)
        {
            if self.locals
                && let Some(value) = result
                && let Some(call) = self.calls.last()
            {
                self.values
                    .insert(Arc::clone(&call.name), value.to_string());
            }
            self.end(result.is_some());
        }
    }

    fn rule(&mut self, rule: RuleId, place: Place<'_, 'a>) {
        let Some(info) = self.program.rules.get(rule.0 as usize) else {
            return;
        };
        let Some(scope) = self.outline.rules.get(&info.span).cloned() else {
            return;
        };
        let base = self.calls.last().map_or(1, |call| call.base);
        self.close_to(base.max(1));
        self.remember_if(&place);
        self.enter(scope);
    }

    fn indexed(&mut self, rule: RuleId) {
        let scope = |rule: RuleId| {
            let info = self.program.rules.get(rule.index())?;
            self.outline.rules.get(&info.span)
        };
        let Some(own) = scope(rule) else { return };
        // The branches of a chain are numbered behind its first rule.
        let mut before = (0..=rule.0).rev().map(RuleId);
        let first = before.find_map(|rule| scope(rule).filter(|scope| !scope.otherwise));
        if let Some(call) = self.calls.last_mut() {
            call.matched.add(first.unwrap_or(own).span, own);
        }
    }

    fn mark(&mut self, place: Place<'_, 'a>) {
        self.remember_if(&place);
        self.reach(place.span);
    }
}

impl<'a> Tracer<'_, 'a> {
    fn remember_if(&mut self, place: &Place<'_, 'a>) {
        if self.watched {
            self.remember(place);
        }
    }
}
