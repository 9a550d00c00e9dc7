//! Safety: every variable gets a value, and bodies are brought into an order in which it has one before it is needed.
//!
//! ```text
//! p if { not q[x]; x = input.y }    ==>    p if { x = input.y; not q[x] }
//! ```

use std::collections::{BTreeMap, HashMap};

use super::unify;
use super::vars::{self, Collector, Skip, VarSet};
use crate::ast::{Body, Expr, ExprKind, Span, TemplatePart, Term, TermValue, Var};
use crate::error::{Code, Diagnostic};

/// The number of arguments of a function, by its reference; `None` when there is no such function.
pub(super) type Arity<'a> = dyn Fn(&[Term]) -> Option<usize> + 'a;

/// Variables without a value, by the place of the expression that needs them.
type Unsafe = Vec<(Span, bool, VarSet, VarSet)>;

/// Orders a body and everything inside it. The errors tell which variables have no value.
pub(super) fn order(
    body: &mut Body,
    outside: &VarSet,
    arity: &Arity<'_>,
    renamed: &HashMap<Var, Var>,
) -> Vec<Diagnostic> {
    let mut checker = Checker {
        arity,
        found: Vec::new(),
    };
    checker.body(body, outside);
    report(checker.found, renamed)
}

/// The variables that a body binds, in addition to those that have a value.
pub(super) fn outputs(body: &[Expr], safe: &VarSet, arity: &Arity<'_>) -> VarSet {
    let mut known = safe.clone();
    for expr in body {
        let more = expr_outputs(expr, arity, &known);
        known.extend(more);
    }
    &known - safe
}

/// The variables that `one = other` binds.
pub(super) fn equality_outputs(expr: &Expr, safe: &VarSet) -> VarSet {
    let ExprKind::Call(terms) = &expr.kind else {
        return VarSet::new();
    };
    let [_, left, right] = terms.as_slice() else {
        return VarSet::new();
    };
    let mut known = term_outputs(expr, safe);
    known.extend(safe.iter().cloned());
    let unified = unify::unify(&known, left, right);
    known.extend(unified);
    &known - safe
}

/// What expressions need from outside where they stand.
pub(super) fn needs(expr: &Expr, arity: &Arity<'_>) -> VarSet {
    let operands = |body: &Body| operand_needs(body, arity);
    let mut collector = Collector::new(Skip::SAFETY);
    collector.operands = Some(&operands);
    collector.expr(expr);
    collector.vars
}

/// What an operand of `not`, `and`, `or` without braces needs from outside: all of its variables but those that it
/// binds itself for another of its expressions.
fn operand_needs(body: &Body, arity: &Arity<'_>) -> VarSet {
    let mut occurrences: BTreeMap<Var, usize> = BTreeMap::new();
    for expr in body {
        for var in vars::of_expr(expr, Skip::SAFETY) {
            *occurrences.entry(var).or_default() += 1;
        }
    }
    if body.len() <= 1 {
        return occurrences.into_keys().collect();
    }
    let mut safe: VarSet = occurrences
        .keys()
        .cloned()
        .chain(vars::reserved())
        .collect();
    for expr in body.iter().filter(|expr| is_equality(expr)) {
        if let ExprKind::Call(terms) = &expr.kind {
            for side in terms.iter().skip(1) {
                if let TermValue::Var(var) = &side.value {
                    safe.remove(var);
                }
            }
        }
    }
    let mut bound = VarSet::new();
    loop {
        let before = bound.len();
        for expr in body.iter().filter(|expr| is_equality(expr)) {
            let more = equality_outputs(expr, &safe);
            safe.extend(more.iter().cloned());
            bound.extend(more);
        }
        if bound.len() == before {
            break;
        }
    }
    for expr in body.iter().filter(|expr| !is_equality(expr)) {
        if let ExprKind::Call(terms) = &expr.kind
            && let Some(result) = result_terms(terms, arity)
        {
            for term in result {
                bound.extend(vars::of_term(term, RESULT));
            }
        }
    }
    occurrences
        .into_iter()
        .filter(|(var, count)| !bound.contains(var) || *count == 1)
        .map(|(var, _)| var)
        .collect()
}

const RESULT: Skip = Skip {
    ref_heads: true,
    call_heads: false,
    object_keys: true,
    closures: true,
    sets: true,
};

fn is_equality(expr: &Expr) -> bool {
    expr.operator_is("eq")
}

/// The terms behind a call's arguments: they receive the result.
fn result_terms<'t>(terms: &'t [Term], arity: &Arity<'_>) -> Option<&'t [Term]> {
    let TermValue::Ref(operator) = &terms.first()?.value else {
        return None;
    };
    terms
        .get(arity(operator)? + 1..)
        .filter(|rest| !rest.is_empty())
}

fn expr_outputs(expr: &Expr, arity: &Arity<'_>, safe: &VarSet) -> VarSet {
    if expr.negated {
        return VarSet::new();
    }
    for with in &expr.with {
        let mut collector = Collector::new(Skip::SAFETY);
        collector.with(with);
        if !collector.vars.is_subset(safe) {
            return VarSet::new();
        }
    }
    match &expr.kind {
        ExprKind::Term(_) => term_outputs(expr, safe),
        ExprKind::Call(_) if is_equality(expr) => equality_outputs(expr, safe),
        ExprKind::Call(terms) => call_outputs(expr, terms, arity, safe),
        ExprKind::Every(every) => {
            let mut found = VarSet::new();
            refs_outputs(&every.domain, safe, &mut found);
            found
        }
        ExprKind::Some(_) | ExprKind::Not(_) | ExprKind::And(_) | ExprKind::Or(_) => VarSet::new(),
    }
}

fn call_outputs(expr: &Expr, terms: &[Term], arity: &Arity<'_>, safe: &VarSet) -> VarSet {
    let Some(TermValue::Ref(operator)) = terms.first().map(|operator| &operator.value) else {
        return VarSet::new();
    };
    let Some(count) = arity(operator) else {
        return VarSet::new();
    };
    let mut found = term_outputs(expr, safe);
    let inputs = terms.len().min(count + 1);
    if inputs == terms.len() {
        return found;
    }
    let mut needed = VarSet::new();
    for term in &terms[..inputs] {
        needed.extend(vars::of_term(term, RESULT));
    }
    if needed
        .iter()
        .any(|var| !found.contains(var) && !safe.contains(var))
    {
        return VarSet::new();
    }
    for term in &terms[inputs..] {
        found.extend(vars::of_term(term, RESULT));
    }
    found
}

/// The variables in the operands of references that can be evaluated.
fn term_outputs(expr: &Expr, safe: &VarSet) -> VarSet {
    let mut found = VarSet::new();
    match &expr.kind {
        ExprKind::Term(term) => refs_outputs(term, safe, &mut found),
        ExprKind::Call(terms) => terms
            .iter()
            .for_each(|term| refs_outputs(term, safe, &mut found)),
        _ => {}
    }
    for with in &expr.with {
        refs_outputs(&with.target, safe, &mut found);
        refs_outputs(&with.value, safe, &mut found);
    }
    found
}

fn refs_outputs(term: &Term, safe: &VarSet, found: &mut VarSet) {
    match &term.value {
        TermValue::Ref(parts) => {
            if !unify::is_ref_safe(parts, safe) {
                return;
            }
            let skip = Skip {
                ref_heads: true,
                ..Skip::default()
            };
            found.extend(vars::of_term(term, skip));
            parts
                .iter()
                .skip(1)
                .for_each(|part| refs_outputs(part, safe, found));
        }
        TermValue::Array(items) | TermValue::Set(items) | TermValue::Call(items) => {
            items
                .iter()
                .for_each(|item| refs_outputs(item, safe, found));
        }
        TermValue::Object(entries) => {
            for (key, value) in entries {
                refs_outputs(key, safe, found);
                refs_outputs(value, safe, found);
            }
        }
        _ => {}
    }
}

struct Checker<'a> {
    arity: &'a Arity<'a>,
    found: Unsafe,
}

impl Checker<'_> {
    /// Orders a body whose surroundings give values to `outside`; `false` when something has no value.
    fn body(&mut self, body: &mut Body, outside: &VarSet) -> bool {
        let needs: Vec<VarSet> = body.iter().map(|expr| needs(expr, self.arity)).collect();
        let all: VarSet = needs.iter().flatten().cloned().collect();
        let mut safe: VarSet = all.intersection(outside).cloned().collect();
        let mut missing: Vec<VarSet> = needs.iter().map(|needed| needed - &safe).collect();
        let mut order: Vec<usize> = Vec::with_capacity(body.len());
        let mut placed = vec![false; body.len()];
        loop {
            let before = order.len();
            for index in 0..body.len() {
                if placed[index] {
                    continue;
                }
                let expr = &body[index];
                let outputs = expr_outputs(expr, self.arity, &safe);
                let closed: VarSet = closure_vars(expr)
                    .into_iter()
                    .filter(|var| all.contains(var) && !outside.contains(var))
                    .collect();
                if !closed.is_empty() {
                    // An expression whose comprehension reads the very variable that it binds can't go first.
                    if closed == outputs {
                        continue;
                    }
                    missing[index].extend(closed);
                }
                missing[index].retain(|var| !outputs.contains(var) && !safe.contains(var));
                if missing[index].is_empty() {
                    placed[index] = true;
                    order.push(index);
                    safe.extend(outputs);
                }
            }
            if order.len() == before {
                break;
            }
        }
        let mut fine = true;
        for (index, vars) in missing.into_iter().enumerate() {
            if !placed[index] && !vars.is_empty() {
                fine = false;
                self.unsafe_in(&body[index], vars);
            }
        }
        let mut known = outside.clone();
        let mut slots: Vec<Option<Expr>> = std::mem::take(body).into_iter().map(Some).collect();
        let rest: Vec<usize> = (0..slots.len()).filter(|index| !placed[*index]).collect();
        for index in order {
            if let Some(mut expr) = slots[index].take() {
                fine &= self.inside(&mut expr, &mut known);
                known.extend(needs[index].iter().cloned());
                body.push(expr);
            }
        }
        for index in rest {
            body.extend(slots[index].take());
        }
        fine
    }

    fn unsafe_in(&mut self, expr: &Expr, vars: VarSet) {
        let assigned = match &expr.kind {
            ExprKind::Call(terms) if is_equality(expr) && !expr.generated => terms
                .get(1)
                .map(|target| vars::of_term(target, Skip::default()))
                .unwrap_or_default(),
            _ => VarSet::new(),
        };
        self.found.push((expr.span, expr.generated, vars, assigned));
    }

    /// Orders the bodies inside an expression.
    fn inside(&mut self, expr: &mut Expr, known: &mut VarSet) -> bool {
        let shown = expr.clone();
        let mut fine = true;
        match &mut expr.kind {
            ExprKind::Term(term) => fine &= self.term(term, &shown, known),
            ExprKind::Call(terms) | ExprKind::Some(terms) => {
                for term in terms {
                    fine &= self.term(term, &shown, known);
                }
            }
            ExprKind::Every(every) => {
                fine &= self.term(&mut every.domain, &shown, known);
                if let Some(key) = &every.key {
                    known.extend(vars::of_term(key, Skip::default()));
                }
                known.extend(vars::of_term(&every.value, Skip::default()));
                fine &= self.body(&mut every.body, known);
            }
            ExprKind::Not(not) => fine &= self.body(&mut not.body, known),
            ExprKind::And(sides) | ExprKind::Or(sides) => {
                fine &= self.body(&mut sides.lhs, known);
                fine &= self.body(&mut sides.rhs, known);
            }
        }
        for with in &mut expr.with {
            fine &= self.term(&mut with.value, &shown, known);
        }
        fine
    }

    fn term(&mut self, term: &mut Term, shown: &Expr, known: &VarSet) -> bool {
        match &mut term.value {
            TermValue::Null
            | TermValue::Boolean(_)
            | TermValue::Number(_)
            | TermValue::String(_)
            | TermValue::Var(_) => true,
            TermValue::Ref(items)
            | TermValue::Array(items)
            | TermValue::Set(items)
            | TermValue::Call(items) => items
                .iter_mut()
                .fold(true, |fine, item| self.term(item, shown, known) && fine),
            TermValue::Object(entries) => entries.iter_mut().fold(true, |fine, (key, value)| {
                let key = self.term(key, shown, known);
                self.term(value, shown, known) && key && fine
            }),
            TermValue::ArrayComprehension(c) | TermValue::SetComprehension(c) => {
                let needed = vars::of_term(&c.term, Skip::default());
                self.comprehension(&needed, &mut c.body, shown, known)
            }
            TermValue::ObjectComprehension(c) => {
                let mut needed = vars::of_term(&c.key, Skip::default());
                needed.extend(vars::of_term(&c.value, Skip::default()));
                self.comprehension(&needed, &mut c.body, shown, known)
            }
            TermValue::Template(template) => {
                template
                    .parts
                    .iter_mut()
                    .fold(true, |fine, part| match part {
                        TemplatePart::Text(_) => fine,
                        TemplatePart::Expr(expr) => {
                            let mut inner = known.clone();
                            self.inside(expr, &mut inner) && fine
                        }
                    })
            }
        }
    }

    fn comprehension(
        &mut self,
        needed: &VarSet,
        body: &mut Body,
        shown: &Expr,
        known: &VarSet,
    ) -> bool {
        let mut there: VarSet = body
            .iter()
            .flat_map(|expr| needs(expr, self.arity))
            .collect();
        there.extend(known.iter().cloned());
        let missing = needed - &there;
        let fine = missing.is_empty();
        if !fine {
            self.unsafe_in(shown, missing);
        }
        self.body(body, known) && fine
    }
}

/// The variables in comprehensions and inner bodies of an expression.
fn closure_vars(expr: &Expr) -> VarSet {
    let mut found = VarSet::new();
    match &expr.kind {
        ExprKind::Every(every) => {
            found.extend(vars::of_body(&every.body, Skip::default()));
            closures_in(&every.domain, &mut found);
        }
        ExprKind::Not(not) => found.extend(vars::of_body(&not.body, Skip::default())),
        ExprKind::And(sides) | ExprKind::Or(sides) => {
            found.extend(vars::of_body(&sides.lhs, Skip::default()));
            found.extend(vars::of_body(&sides.rhs, Skip::default()));
        }
        ExprKind::Term(term) => closures_in(term, &mut found),
        ExprKind::Call(terms) | ExprKind::Some(terms) => {
            terms.iter().for_each(|term| closures_in(term, &mut found));
        }
    }
    for with in &expr.with {
        closures_in(&with.value, &mut found);
    }
    found
}

fn closures_in(term: &Term, found: &mut VarSet) {
    match &term.value {
        TermValue::ArrayComprehension(_)
        | TermValue::SetComprehension(_)
        | TermValue::ObjectComprehension(_) => found.extend(vars::of_term(term, Skip::default())),
        TermValue::Ref(items)
        | TermValue::Array(items)
        | TermValue::Set(items)
        | TermValue::Call(items) => items.iter().for_each(|item| closures_in(item, found)),
        TermValue::Object(entries) => {
            for (key, value) in entries {
                closures_in(key, found);
                closures_in(value, found);
            }
        }
        _ => {}
    }
}

/// One error for each variable of the source; when there are only variables that the compiler made, one for each
/// expression.
fn report(found: Unsafe, renamed: &HashMap<Var, Var>) -> Vec<Diagnostic> {
    let shown = |var: &Var| renamed.get(var).unwrap_or(var).clone();
    let assigned: VarSet = found
        .iter()
        .flat_map(|(_, _, _, assigned)| assigned.clone())
        .collect();
    // The first place of each variable.
    let mut places: BTreeMap<Var, Span> = BTreeMap::new();
    for (span, _, vars, _) in &found {
        for var in vars {
            let place = places.entry(var.clone()).or_insert(*span);
            if (span.source, span.start) < (place.source, place.start) {
                *place = *span;
            }
        }
    }
    let named: Vec<(&Var, &Span)> = places
        .iter()
        .filter(|(var, _)| !vars::is_generated(&shown(var)))
        .collect();
    let others = named.iter().any(|(var, _)| !assigned.contains(*var));
    let mut errors: Vec<Diagnostic> = named
        .into_iter()
        .filter(|(var, _)| !(others && assigned.contains(*var)))
        .map(|(var, span)| {
            let name = shown(var);
            let hint = match name.as_ref() {
                "in" | "every" | "contains" | "if" => {
                    format!(" (hint: `import future.keywords.{name}` to import a future keyword)")
                }
                _ => String::new(),
            };
            Diagnostic::new(
                Code::UnsafeVar,
                *span,
                format!("var {name} is unsafe{hint}"),
            )
        })
        .collect();
    if errors.is_empty() {
        let mut places: Vec<Span> = found.iter().map(|(span, ..)| *span).collect();
        places.sort();
        places.dedup();
        errors.extend(
            places
                .into_iter()
                .map(|span| Diagnostic::new(Code::UnsafeVar, span, "expression is unsafe")),
        );
    }
    errors.sort_by_key(|error| (error.span.source, error.span.row, error.span.col));
    errors
}
