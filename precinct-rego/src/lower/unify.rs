//! Unification, decided at compile time.
//!
//! Which side of `=` has a value is known here, because expressions come in a safe order. So every pair of terms is
//! one of: a variable that gets a value, a value that is taken apart along a pattern, or two values to compare. A pair
//! whose sides both wait for a variable is put off until another pair has bound it.
//!
//! ```text
//! [x, 1] = [y, input.n]      (y is bound)
//!   x is y from now on
//!   l0 = input["n"]          else 'b
//!   test 1 == l0             else 'b
//! ```

use std::collections::VecDeque;
use std::sync::Arc;

use super::emit::{Emitter, Lowered};
use super::tables::index;
use crate::ast::{Term, TermValue, Var};
use crate::ir::{Comparison, Constant, LocalKind, Operand, StmtKind, Test};

/// Objects with more keys than this, with variables on both sides and keys that are known only at run time, are not
/// unified: the number of ways in which their keys could match explodes.
const MATCHABLE_KEYS: usize = 4;

/// One side of a pair.
#[derive(Clone, Copy)]
pub(super) enum Side<'t> {
    Term(&'t Term),
    Value(Operand),
}

impl<'t> Side<'t> {
    const fn term(&self) -> Option<&'t Term> {
        match self {
            Self::Term(term) => Some(term),
            Self::Value(_) => None,
        }
    }
}

type Pair<'t> = (Side<'t>, Side<'t>);

impl Emitter<'_, '_> {
    /// Makes both sides equal, or leaves through the label for undefined.
    pub(super) fn unify(&mut self, left: Side<'_>, right: Side<'_>) -> Lowered<()> {
        self.unify_all(vec![(left, right)])
    }

    pub(super) fn unify_all(&mut self, pairs: Vec<Pair<'_>>) -> Lowered<()> {
        let mut queue = VecDeque::from(pairs);
        let mut put_off = 0;
        while let Some((left, right)) = queue.pop_front() {
            if self.unify_pair(left, right, &mut queue)? {
                put_off = 0;
                continue;
            }
            queue.push_back((left, right));
            put_off += 1;
            if put_off >= queue.len() {
                if queue
                    .iter()
                    .any(|(l, r)| self.is_headless(*l) || self.is_headless(*r))
                {
                    let terms: Vec<&Term> = queue
                        .iter()
                        .flat_map(|(l, r)| [l, r])
                        .filter_map(Side::term)
                        .collect();
                    self.never(&terms);
                    return Ok(());
                }
                return self.unify_by_matching_keys(queue);
            }
        }
        Ok(())
    }

    /// Handles one pair; pairs of parts go to the front of the queue. `false` when neither side has a value yet.
    fn unify_pair<'t>(
        &mut self,
        left: Side<'t>,
        right: Side<'t>,
        queue: &mut VecDeque<Pair<'t>>,
    ) -> Lowered<bool> {
        if let (Side::Term(l), Side::Term(r)) = (left, right)
            && let Some(pairs) = self.literal_pairs(l, r)
        {
            match pairs {
                Some(pairs) => {
                    for pair in pairs.into_iter().rev() {
                        queue.push_front(pair);
                    }
                }
                None => self.never(&[l, r]),
            }
            return Ok(true);
        }
        match (self.has_value(left), self.has_value(right)) {
            (true, true) => {
                self.test_equal(left, right)?;
                Ok(true)
            }
            (true, false) => self.take_apart(left, right, queue),
            (false, true) => self.take_apart(right, left, queue),
            (false, false) => Ok(false),
        }
    }

    /// A reference to parts of a variable that is nowhere given a value before it: `v[1]` in `v = input.x[v[1]]`, which
    /// counts as safe in OPA, and is undefined there.
    fn is_headless(&self, side: Side<'_>) -> bool {
        side.term().is_some_and(|term| {
            matches!(&term.value, TermValue::Ref(parts) if parts.first().is_some_and(|head| !self.evaluable(head)))
        })
    }

    fn has_value(&self, side: Side<'_>) -> bool {
        match side {
            Side::Value(_) => true,
            Side::Term(term) => self.evaluable(term),
        }
    }

    pub(super) fn side(&mut self, side: Side<'_>) -> Lowered<Operand> {
        match side {
            Side::Value(operand) => Ok(operand),
            Side::Term(term) => self.eval(term),
        }
    }

    /// The pairs of parts of two arrays or objects that are both written out; `Some(None)` when they can't be equal.
    #[expect(
        clippy::option_option,
        reason = "the outer level says whether the rule applies, the inner one what it found"
    )]
    fn literal_pairs<'t>(&self, left: &'t Term, right: &'t Term) -> Option<Option<Vec<Pair<'t>>>> {
        match (&left.value, &right.value) {
            (TermValue::Array(l), TermValue::Array(r)) => Some((l.len() == r.len()).then(|| {
                l.iter()
                    .zip(r)
                    .map(|(l, r)| (Side::Term(l), Side::Term(r)))
                    .collect()
            })),
            (TermValue::Object(l), TermValue::Object(r)) => {
                if self.evaluable(left) || self.evaluable(right) {
                    return None;
                }
                let name = |term: &Term| match &term.value {
                    TermValue::String(s) => Some(Arc::clone(s)),
                    _ => None,
                };
                let mut lefts = l
                    .iter()
                    .map(|(k, v)| Some((name(k)?, v)))
                    .collect::<Option<Vec<_>>>()?;
                let mut rights = r
                    .iter()
                    .map(|(k, v)| Some((name(k)?, v)))
                    .collect::<Option<Vec<_>>>()?;
                lefts.sort_by(|a, b| a.0.cmp(&b.0));
                rights.sort_by(|a, b| a.0.cmp(&b.0));
                if !lefts.iter().map(|e| &e.0).eq(rights.iter().map(|e| &e.0)) {
                    return Some(None);
                }
                Some(Some(
                    lefts
                        .into_iter()
                        .zip(rights)
                        .map(|(l, r)| (Side::Term(l.1), Side::Term(r.1)))
                        .collect(),
                ))
            }
            _ => None,
        }
    }

    /// The terms can't be equal: what follows is never reached, but has to find its variables bound.
    fn never(&mut self, terms: &[&Term]) {
        self.emit_fail();
        let null = self.constant(Constant::Null);
        for term in terms {
            for var in self.unbound_in(term) {
                self.bind(&var, null);
            }
        }
    }

    /// Takes a value apart along a pattern.
    fn take_apart<'t>(
        &mut self,
        value: Side<'t>,
        pattern: Side<'t>,
        queue: &mut VecDeque<Pair<'t>>,
    ) -> Lowered<bool> {
        let Side::Term(term) = pattern else {
            return Ok(false);
        };
        let fits = match &term.value {
            TermValue::Var(_) | TermValue::Array(_) => true,
            TermValue::Object(entries) => entries.iter().all(|(key, _)| self.evaluable(key)),
            TermValue::Null
            | TermValue::Boolean(_)
            | TermValue::Number(_)
            | TermValue::String(_)
            | TermValue::Template(_)
            | TermValue::Ref(_)
            | TermValue::Set(_)
            | TermValue::ArrayComprehension(_)
            | TermValue::SetComprehension(_)
            | TermValue::ObjectComprehension(_)
            | TermValue::Call(_) => false,
        };
        if !fits {
            return Ok(false);
        }
        let mark = self.bindings();
        let source = self.side(value)?;
        if self.bindings() > mark {
            // The value iterates, and may have bound the very variables of the pattern: x = xs[x].
            queue.push_front((Side::Value(source), pattern));
            return Ok(true);
        }
        match &term.value {
            TermValue::Var(var) => self.bind(var, source),
            TermValue::Array(items) => {
                self.test(Test::ArrayOf {
                    value: source,
                    length: index(items.len()),
                });
                for (position, item) in items.iter().enumerate() {
                    let key = self.constant(Constant::Number(position.to_string().into()));
                    let part = self.get(source, key);
                    queue.push_back((Side::Value(part), Side::Term(item)));
                }
            }
            TermValue::Object(entries) => {
                self.test(Test::ObjectOf {
                    value: source,
                    length: index(entries.len()),
                });
                for (key, item) in entries {
                    let key = self.eval(key)?;
                    let part = self.get(source, key);
                    queue.push_back((Side::Value(part), Side::Term(item)));
                }
            }
            _ => {}
        }
        Ok(true)
    }

    /// The last resort: two objects with variables on both sides and keys that are known only at run time. Every way
    /// in which the keys could match is tried; the variables get their values from the one that does.
    fn unify_by_matching_keys(&mut self, mut queue: VecDeque<Pair<'_>>) -> Lowered<()> {
        let position = queue.iter().position(|(left, right)| {
            matches!(
                (left, right),
                (
                    Side::Term(Term { value: TermValue::Object(l), .. }),
                    Side::Term(Term { value: TermValue::Object(r), .. })
                ) if l.len() == r.len()
                    && l.len() <= MATCHABLE_KEYS
                    && l.iter().chain(r).all(|(key, _)| self.evaluable(key))
            )
        });
        let found = position.and_then(|at| queue.remove(at));
        let Some((Side::Term(left), Side::Term(right))) = found else {
            let var = queue
                .iter()
                .flat_map(|(l, r)| [l, r])
                .find_map(|side| match side {
                    Side::Term(term) => self.unbound_in(term).into_iter().next(),
                    Side::Value(_) => None,
                });
            return Err(self.unsafe_var(var.as_deref().unwrap_or("_")));
        };
        let (TermValue::Object(l), TermValue::Object(r)) = (&left.value, &right.value) else {
            return Ok(());
        };
        let keys = |e: &mut Self, entries: &[(Term, Term)]| {
            entries
                .iter()
                .map(|(key, _)| e.eval(key))
                .collect::<Lowered<Vec<_>>>()
        };
        let left_keys = keys(self, l)?;
        let right_keys = keys(self, r)?;
        let mut vars = self.unbound_in(left);
        for var in self.unbound_in(right) {
            if !vars.contains(&var) {
                vars.push(var);
            }
        }
        let targets: Vec<_> = vars
            .iter()
            .map(|var| self.local(LocalKind::Value, Some(var)))
            .collect();
        let outer = self.fail;
        self.block(|e, done| {
            for order in permutations(l.len()) {
                e.attempt(|e, _| {
                    e.scope(|e| {
                        let mut pairs = Vec::new();
                        for (i, j) in order.iter().enumerate() {
                            e.test(Test::Compare {
                                comparison: Comparison::Equal,
                                left: left_keys[i],
                                right: right_keys[*j],
                            });
                            pairs.push((Side::Term(&l[i].1), Side::Term(&r[*j].1)));
                        }
                        e.unify_all(pairs)?;
                        for (var, target) in vars.iter().zip(&targets) {
                            let source = e.lookup(var).ok_or_else(|| e.unsafe_var(var))?;
                            e.emit(StmtKind::Assign {
                                target: *target,
                                source,
                            });
                        }
                        e.emit(StmtKind::Break { label: done });
                        Ok(())
                    })
                })?;
            }
            e.emit(StmtKind::Break { label: outer });
            Ok(())
        })?;
        for (var, target) in vars.iter().zip(targets) {
            self.bind(var, Operand::Local(target));
        }
        self.unify_all(queue.into())
    }

    /// Whether the term can be given a value now. A reference can: variables among its operands are what it iterates.
    pub(super) fn evaluable(&self, term: &Term) -> bool {
        match &term.value {
            TermValue::Null
            | TermValue::Boolean(_)
            | TermValue::Number(_)
            | TermValue::String(_)
            | TermValue::Template(_)
            | TermValue::ArrayComprehension(_)
            | TermValue::SetComprehension(_)
            | TermValue::ObjectComprehension(_) => true,
            TermValue::Var(var) => {
                self.lookup(var).is_some() || matches!(var.as_ref(), "input" | "data")
            }
            TermValue::Ref(parts) => parts.first().is_some_and(|head| self.evaluable(head)),
            TermValue::Array(items) | TermValue::Set(items) => {
                items.iter().all(|item| self.evaluable(item))
            }
            TermValue::Object(entries) => entries
                .iter()
                .all(|(key, value)| self.evaluable(key) && self.evaluable(value)),
            TermValue::Call(terms) => terms.iter().skip(1).all(|term| self.evaluable(term)),
        }
    }

    /// The variables of a term that have no value yet, in order, each once. Comprehensions keep theirs to themselves.
    pub(super) fn unbound_in(&self, term: &Term) -> Vec<Var> {
        let mut vars = Vec::new();
        let mut terms = vec![term];
        while let Some(term) = terms.pop() {
            match &term.value {
                TermValue::Var(var) => {
                    if !self.evaluable(term) && !vars.contains(var) {
                        vars.push(Arc::clone(var));
                    }
                }
                TermValue::Ref(items) | TermValue::Array(items) | TermValue::Set(items) => {
                    terms.extend(items.iter().rev());
                }
                TermValue::Call(items) => terms.extend(items.iter().skip(1).rev()),
                TermValue::Object(entries) => {
                    for (key, value) in entries.iter().rev() {
                        terms.extend([value, key]);
                    }
                }
                TermValue::Null
                | TermValue::Boolean(_)
                | TermValue::Number(_)
                | TermValue::String(_)
                | TermValue::Template(_)
                | TermValue::ArrayComprehension(_)
                | TermValue::SetComprehension(_)
                | TermValue::ObjectComprehension(_) => {}
            }
        }
        vars
    }

    /// `source[key]`, or away through the label for undefined.
    pub(super) fn get(&mut self, source: Operand, key: Operand) -> Operand {
        let target = self.value();
        let otherwise = self.fail;
        self.emit(StmtKind::Get {
            target,
            source,
            key,
            otherwise,
        });
        Operand::Local(target)
    }
}

/// All orders of `0..n`.
fn permutations(n: usize) -> Vec<Vec<usize>> {
    let mut orders = vec![Vec::new()];
    for next in 0..n {
        orders = orders
            .into_iter()
            .flat_map(|order: Vec<usize>| {
                (0..=order.len()).map(move |at| {
                    let mut longer = order.clone();
                    longer.insert(at, next);
                    longer
                })
            })
            .collect();
    }
    orders
}
