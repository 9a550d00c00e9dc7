//! Calls of functions and builtins, and of what `with` puts in their place.

use super::planner::{Planned, Planner, Then, head};
use super::policy::{Kind, Operand};
use crate::ast::display::ref_text;
use crate::ast::{Term, TermValue};

/// What is called.
struct Callee {
    name: String,
    arity: usize,
    /// There is no result that could be false.
    is_void: bool,
    /// The operands before the arguments.
    context: Vec<Operand>,
}

impl<'a> Planner<'a> {
    /// A call that stands as an expression: operator, arguments, and where the result goes if that is asked for.
    pub(super) fn call(&mut self, terms: &[Term], then: Then<'_, 'a>) -> Planned {
        let Some((TermValue::Ref(operator), operands)) = terms
            .split_first()
            .map(|(first, rest)| (&first.value, rest))
        else {
            return self.refused("illegal call: the operator is no reference");
        };
        let name = ref_text(operator);
        if name == "eq"
            && let [a, b] = operands
        {
            return self.unify(a, b, then);
        }
        if let Some(replacement) = self.replacements.get(&name).cloned() {
            return self.replaced_call(operator, &name, &replacement, operands, then);
        }
        let mut relation = false;
        let callee = if let Some(node) = self.tree.find(operator) {
            let arity = self.tree.arity(node);
            Callee {
                name: self.rules_at(node)?,
                arity,
                is_void: false,
                context: self.context(),
            }
        } else if let Some(builtin) = self.builtin(&name) {
            self.needs(builtin);
            relation = builtin.relation;
            Callee {
                name,
                arity: builtin.arity(),
                is_void: builtin.is_void(),
                context: Vec::new(),
            }
        } else {
            return self.refused(format!("illegal call: unknown operator \"{name}\""));
        };
        let (count, arity) = (operands.len(), callee.arity);
        if count != arity && count != arity + 1 {
            return self.refused(format!(
                "illegal call: wrong number of operands: got {count}, want {arity})"
            ));
        }
        if relation {
            self.call_relation(&callee, operands, then)
        } else {
            self.call_function(&callee, operands, then)
        }
    }

    fn replaced_call(
        &mut self,
        operator: &[Term],
        name: &str,
        replacement: &Term,
        operands: &[Term],
        then: Then<'_, 'a>,
    ) -> Planned {
        if let TermValue::Ref(parts) = &replacement.value {
            let root = head(parts).map(|name| &**name);
            if !matches!(root, Some("data" | "input")) {
                let other = ref_text(parts);
                let Some(builtin) = self.builtin(&other) else {
                    return self.refused(format!(
                        "illegal replacement of operator \"{name}\" by {other}"
                    ));
                };
                self.needs(builtin);
                let callee = Callee {
                    name: other,
                    arity: builtin.arity(),
                    is_void: false,
                    context: Vec::new(),
                };
                return self.call_function(&callee, operands, then);
            }
            if let Some(node) = self.tree.find(parts)
                && self.tree.arity(node) > 0
            {
                let arity = self.tree.arity(node);
                self.replacements.suspend();
                let name = self.rules_at(node)?;
                self.replacements.resume();
                let callee = Callee {
                    name,
                    arity,
                    is_void: false,
                    context: self.context(),
                };
                return self.call_function(&callee, operands, then);
            }
        }
        // A value. For variables OPA asks rules first, for others builtins; no name is both.
        let arity = match (self.tree.find(operator), self.builtin(name)) {
            (Some(node), _) => self.tree.arity(node),
            (None, Some(builtin)) => builtin.arity(),
            (None, None) => {
                return self.refused(format!(
                    "illegal replacement of operator \"{name}\" by {replacement}"
                ));
            }
        };
        self.call_value(replacement, arity, operands, then)
    }

    fn call_relation(&mut self, callee: &Callee, operands: &[Term], then: Then<'_, 'a>) -> Planned {
        let (arguments, output) = split(operands, callee.arity);
        self.arguments(arguments, &callee.context, &mut |p, arguments| {
            let result = p.target_local();
            p.emit(Kind::Call {
                function: callee.name.clone(),
                arguments: arguments.to_vec(),
                result,
            });
            if let Some(output) = output {
                return p.scan_values(output, &mut |p, _| then(p));
            }
            let size = p.local();
            p.emit(Kind::Length {
                source: Operand::Local(result),
                target: size,
            });
            let zero = p.local();
            p.emit(Kind::MakeNumberInt {
                value: 0,
                target: zero,
            });
            p.emit(Kind::NotEqual {
                a: Operand::Local(size),
                b: Operand::Local(zero),
            });
            then(p)
        })
    }

    fn call_function(&mut self, callee: &Callee, operands: &[Term], then: Then<'_, 'a>) -> Planned {
        if operands.len() != callee.arity && operands.len() != callee.arity + 1 {
            return self.refused("impossible replacement, arity mismatch");
        }
        let (arguments, output) = split(operands, callee.arity);
        self.arguments(arguments, &callee.context, &mut |p, arguments| {
            let result = match output {
                Some(_) => p.local(),
                None => p.target_local(),
            };
            p.emit(Kind::Call {
                function: callee.name.clone(),
                arguments: arguments.to_vec(),
                result,
            });
            if let Some(output) = output {
                return p.unify_operand(Operand::Local(result), output, then);
            }
            if !callee.is_void {
                p.is_not_false(Operand::Local(result));
            }
            then(p)
        })
    }

    /// The arguments still have to be defined.
    fn call_value(
        &mut self,
        value: &Term,
        arity: usize,
        operands: &[Term],
        then: Then<'_, 'a>,
    ) -> Planned {
        if operands.len() != arity && operands.len() != arity + 1 {
            return self.refused("impossible replacement, arity mismatch");
        }
        let (arguments, output) = split(operands, arity);
        self.arguments(arguments, &[], &mut |p, _| {
            p.target_local();
            p.term(value, &mut |p| match output {
                Some(output) => p.unify_operand(p.target, output, then),
                None => {
                    p.is_not_false(p.target);
                    then(p)
                }
            })
        })
    }

    fn arguments(
        &mut self,
        arguments: &[Term],
        context: &[Operand],
        then: &mut dyn FnMut(&mut Self, &[Operand]) -> Planned,
    ) -> Planned {
        let arguments: Vec<&Term> = arguments.iter().collect();
        self.terms(&arguments, context, then)
    }
}

/// The arguments, and the operand for the result if there is one.
fn split(operands: &[Term], arity: usize) -> (&[Term], Option<&Term>) {
    match operands.split_at_checked(arity) {
        Some((arguments, rest)) => (arguments, rest.first()),
        None => (operands, None),
    }
}
