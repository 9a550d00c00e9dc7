//! Whether all that remains can be expressed in the targets.

use std::collections::BTreeSet;

use precinct_rego::ast::display::{body_text, ref_text};
use precinct_rego::ast::{Expr, ExprKind, Module, Ref, Span, Term, TermValue};
use precinct_rego::compile::partial::Partial;

use super::Fault;
use super::target::{Feature, Target, lacks, refuses_builtin};

/// What no filter can express, in the order of the expressions. `shorts` are the unknowns that are columns by
/// themselves.
#[must_use]
pub fn check(partial: &Partial, targets: &[Target], shorts: &BTreeSet<String>) -> Vec<Fault> {
    let checker = Checker {
        targets,
        shorts,
        support: &partial.support,
    };
    let mut faults = Vec::new();
    for expr in partial.queries.iter().flatten() {
        faults.extend(checker.form(expr).err());
        faults.extend(checker.builtin(expr).err());
    }
    faults
}

struct Checker<'c> {
    targets: &'c [Target],
    shorts: &'c BTreeSet<String>,
    support: &'c [Module],
}

type Checked = Result<(), Fault>;

const NEITHER_KNOWN: &str = "both rhs and lhs non-scalar/non-ground";

impl Checker<'_> {
    fn form(&self, expr: &Expr) -> Checked {
        let is_call = matches!(expr.kind, ExprKind::Call(_));
        if expr.negated {
            if !is_call {
                return Err(Fault::at(expr.span, "\"not\" not permitted"));
            }
            return match lacks(self.targets, Feature::Not) {
                Some(why) => Err(Fault::at(
                    expr.span,
                    format!("\"not\" not permitted: {why}"),
                )),
                None => Ok(()),
            };
        }
        // A filter has no place for it, whatever the expression is; OPA lets calls pass, and forgets it.
        if !expr.with.is_empty() {
            return Err(Fault::at(expr.span, "\"with\" not permitted"));
        }
        let text = body_text(&vec![expr.clone()]);
        match &expr.kind {
            ExprKind::Call(_) => Ok(()),
            ExprKind::Every(_) => Err(Fault::at(expr.span, "\"every\" not permitted")),
            ExprKind::Term(Term {
                value: TermValue::Ref(parts),
                ..
            }) if starts_with(parts, &["data", "partial"]) => {
                let place = parts.last().map_or(expr.span, |part| part.span);
                Err(Fault::at(place, self.kind_of_rule(parts)))
            }
            ExprKind::Term(Term {
                value: TermValue::Ref(parts),
                ..
            }) if starts_with(parts, &["data"]) => Err(Fault::at(
                expr.span,
                format!("invalid data reference \"{text}\""),
            )
            .with_details(format!("has rule \"{text}\" an `else`?"))),
            _ => Err(
                Fault::at(expr.span, format!("invalid statement \"{text}\""))
                    .with_details(format!("try `{text} != false`")),
            ),
        }
    }

    /// Which rule of a module of support is in the way.
    fn kind_of_rule(&self, reference: &Ref) -> String {
        let mut count = 0;
        let name = ref_text(reference);
        let shown = name.replacen("data.partial.", "data.", 1);
        for module in self.support {
            for rule in &module.rules {
                let mut whole = module.package.path.clone();
                whole.extend(rule.head.reference.iter().cloned().map(as_key));
                if ref_text(&whole) != name {
                    continue;
                }
                count += 1;
                if rule.default {
                    return format!("use of default rule in {shown}");
                }
                if count > 1 {
                    return format!("use of multi-value rule in {shown}");
                }
            }
        }
        String::new()
    }

    fn builtin(&self, expr: &Expr) -> Checked {
        if !expr.with.is_empty() {
            return Ok(());
        }
        let (Some(reference), ExprKind::Call(terms)) = (expr.operator(), &expr.kind) else {
            return Ok(());
        };
        let [operator, operands @ ..] = terms.as_slice() else {
            return Ok(());
        };
        let place = own_place(operator).unwrap_or(expr.span);
        let fault = |message: String| Err(Fault::at(place, message));
        let name = ref_text(reference);
        let mut needs_field_first = false;
        match name.as_str() {
            "eq" | "neq" | "lt" | "lte" | "gt" | "gte" => {}
            "startswith" | "endswith" | "contains" | "internal.member_2" => {
                needs_field_first = true;
            }
            "internal.member_3" => return fault("invalid use of \"... in ...\"".to_owned()),
            _ if starts_with(reference, &["data"]) => {
                let text = body_text(&vec![expr.clone()]);
                return Err(
                    Fault::at(expr.span, format!("invalid data reference \"{text}\""))
                        .with_details(format!("has function \"{name}(...)\" an `else`?")),
                );
            }
            _ => return fault(format!("invalid builtin `{name}`")),
        }
        if let Some(why) = refuses_builtin(self.targets, &name) {
            let shown = if name == "internal.member_2" {
                "in"
            } else {
                &name
            };
            return fault(format!("invalid builtin `{shown}`: {why}"));
        }
        let [left, right] = operands else {
            // The result of the call is compared with something; OPA forgets about that.
            return match operands {
                [] | [_] => fault(format!("{name}: missing operand")),
                _ => fault(format!("{name}: the result is not a condition by itself")),
            };
        };
        for operand in [left, right] {
            self.operand(operator, &name, operand)?;
        }
        let is_ref = |term: &Term| matches!(term.value, TermValue::Ref(_));
        let fields = usize::from(is_ref(left)) + usize::from(is_ref(right));
        if fields == 2
            && let Some(why) = lacks(self.targets, Feature::FieldRef)
        {
            return fault(format!("reference to field: {why}"));
        }
        if needs_field_first {
            return if is_ref(left) {
                Ok(())
            } else {
                fault(format!("rhs of {name} must be known"))
            };
        }
        if fields == 0 {
            return fault(NEITHER_KNOWN.to_owned());
        }
        if fields == 2 || is_scalar(left) || is_scalar(right) {
            return Ok(());
        }
        if name != "eq" {
            return fault(NEITHER_KNOWN.to_owned());
        }
        for side in [left, right] {
            if !matches!(side.value, TermValue::Var(_) | TermValue::Ref(_)) {
                return fault(NEITHER_KNOWN.to_owned());
            }
            if let Some(why) = lacks(self.targets, Feature::ExistenceRef) {
                return fault(format!("existence of field: {why}"));
            }
        }
        Ok(())
    }

    /// An operand is known, or a column of a table.
    fn operand(&self, operator: &Term, name: &str, operand: &Term) -> Checked {
        let place = |own: &Term| own_place(operator).unwrap_or(own.span);
        match &operand.value {
            TermValue::Call(parts) => Err(Fault::at(
                parts.first().map_or(operand.span, place),
                format!("{name}: nested call operand: {operand}"),
            )),
            TermValue::Ref(parts) => {
                let is_column = starts_with(parts, &["input"])
                    && parts.iter().skip(1).all(names_column)
                    && match parts.as_slice() {
                        [_, _, _] => true,
                        [_, column] => {
                            matches!(&column.value, TermValue::String(it) if self.shorts.contains(it.as_ref()))
                        }
                        _ => false,
                    };
                if is_column {
                    return Ok(());
                }
                let is_written = parts
                    .iter()
                    .skip(1)
                    .all(|part| !matches!(part.value, TermValue::Var(_)));
                let message = format!("{name}: invalid ref operand: {operand}");
                // What evaluation put variables into stands nowhere.
                Err(if is_written || own_place(operator).is_some() {
                    Fault::at(place(operand), message)
                } else {
                    Fault::anywhere(message)
                })
            }
            _ => Ok(()),
        }
    }
}

/// Where an operator stands; that of an equation may not have been written.
fn own_place(operator: &Term) -> Option<Span> {
    let is_equation = operator.to_string() == "eq";
    (operator.span.row > 0 && !is_equation).then_some(operator.span)
}

/// Columns have names. OPA takes numbers here, and then leaves the condition out.
const fn names_column(part: &Term) -> bool {
    matches!(part.value, TermValue::String(_) | TermValue::Var(_))
}

const fn is_scalar(term: &Term) -> bool {
    matches!(
        term.value,
        TermValue::Null | TermValue::Boolean(_) | TermValue::Number(_) | TermValue::String(_)
    )
}

fn as_key(mut part: Term) -> Term {
    if let TermValue::Var(name) = &part.value {
        part.value = TermValue::String(name.clone());
    }
    part
}

fn starts_with(parts: &[Term], names: &[&str]) -> bool {
    parts.len() >= names.len()
        && parts
            .iter()
            .zip(names)
            .all(|(part, name)| match &part.value {
                TermValue::Var(it) | TermValue::String(it) => it.as_ref() == *name,
                _ => false,
            })
}
