//! Calls of functions and builtins, and of what a `with` put in their place.

use std::sync::Arc;

use super::emit::{Emitter, Fault, Lowered};
use super::tables::{dotted_name, name_and_path};
use super::unify::Side;
use crate::ast::Term;
use crate::error::{Code, Diagnostic};
use crate::ir::{CallTarget, Comparison, Constant, Operand, StmtKind, Test};

/// What a call names, and how its result is to be read.
struct Callee {
    name: Arc<str>,
    target: CallTarget,
    arity: usize,
    relation: bool,
}

impl Emitter<'_, '_> {
    /// The value of a call within a term.
    pub(super) fn eval_call(&mut self, terms: &[Term]) -> Lowered<Operand> {
        let Some((operator, args)) = terms.split_first() else {
            return Ok(self.constant(Constant::Null));
        };
        let callee = self.callee(operator)?;
        let args = self.eval_all(args)?;
        self.call(&callee, args)
    }

    /// Calls a builtin by its name.
    pub(super) fn call_named(&mut self, name: &str, args: Vec<Operand>) -> Lowered<Operand> {
        let callee = self.builtin_callee(name.into())?;
        self.call(&callee, args)
    }

    /// A call as an expression: its result must hold, or goes to the extra last argument.
    pub(super) fn call_expr(&mut self, terms: &[Term]) -> Lowered<()> {
        let Some((operator, args)) = terms.split_first() else {
            return Ok(());
        };
        let name = dotted_name(operator);
        if let Some(name) = &name
            && let [left, right] = args
            && self.tables.mock(name).is_none()
        {
            if matches!(name.as_ref(), "eq" | "assign") {
                return self.unify(Side::Term(left), Side::Term(right));
            }
            if let Some(comparison) = comparison(name) {
                let left = self.eval(left)?;
                let right = self.eval(right)?;
                self.test(Test::Compare {
                    comparison,
                    left,
                    right,
                });
                return Ok(());
            }
            if name.as_ref() == "internal.member_2" {
                let value = self.eval(left)?;
                let collection = self.eval(right)?;
                self.test(Test::Member { value, collection });
                return Ok(());
            }
        }
        let callee = self.callee(operator)?;
        let (args, output) = match args.split_at_checked(callee.arity) {
            Some((args, [])) => (args, None),
            Some((args, [output])) => (args, Some(output)),
            _ => return Err(self.wrong_arguments(&callee)),
        };
        let args = self.eval_all(args)?;
        let result = self.call(&callee, args)?;
        if let Some(output) = output {
            return self.unify(Side::Value(result), Side::Term(output));
        }
        self.test(Test::Truthy(result));
        Ok(())
    }

    /// How many arguments the operator takes, its result not counted.
    pub(super) fn arity(&mut self, operator: &Term) -> Lowered<usize> {
        Ok(self.callee(operator)?.arity)
    }

    fn callee(&mut self, operator: &Term) -> Lowered<Callee> {
        let Some((head, path, operands)) = name_and_path(operator) else {
            return Err(self.undefined_function("_"));
        };
        if head == "data" && path.len() == operands {
            let mut name = "data".to_owned();
            for part in &path {
                name.push('.');
                name.push_str(part);
            }
            let (node, steps) = self.tables.descend(&path);
            let function = self
                .tables
                .program
                .tree
                .get(node.index())
                .and_then(|n| n.function);
            return match function {
                Some(id) if steps == path.len() => Ok(Callee {
                    name: name.into(),
                    target: CallTarget::Function(id),
                    arity: self
                        .tables
                        .nodes
                        .get(node.index())
                        .map_or(0, |node| node.arity),
                    relation: false,
                }),
                _ => Err(self.undefined_function(&name)),
            };
        }
        match dotted_name(operator) {
            Some(name) => self.builtin_callee(name),
            None => Err(self.undefined_function(head)),
        }
    }

    fn builtin_callee(&mut self, name: Arc<str>) -> Lowered<Callee> {
        match self.tables.builtin(&name) {
            Some((id, signature)) => Ok(Callee {
                name,
                target: CallTarget::Builtin(id),
                arity: signature.arity as usize,
                relation: signature.relation,
            }),
            None => Err(self.undefined_function(&name)),
        }
    }

    fn call(&mut self, callee: &Callee, args: Vec<Operand>) -> Lowered<Operand> {
        if args.len() != callee.arity {
            return Err(self.wrong_arguments(callee));
        }
        let target = self.value();
        let otherwise = self.fail;
        let function = callee.target;
        if let Some((mock, candidates)) = self.tables.mock(&callee.name) {
            self.block(|e, done| {
                e.attempt(|e, plain| {
                    e.emit(StmtKind::Test {
                        test: Test::Mocked(mock),
                        otherwise: plain,
                    });
                    e.emit(StmtKind::CallReplacement {
                        target,
                        mock,
                        candidates,
                        args: args.clone(),
                        otherwise,
                    });
                    e.emit(StmtKind::Break { label: done });
                    Ok(())
                })?;
                e.emit(StmtKind::Call {
                    target,
                    function,
                    args,
                    otherwise,
                });
                Ok(())
            })?;
        } else {
            self.emit(StmtKind::Call {
                target,
                function,
                args,
                otherwise,
            });
        }
        if callee.relation {
            let row = self.value();
            self.scan(Operand::Local(target), None, Some(row))?;
            return Ok(Operand::Local(row));
        }
        Ok(Operand::Local(target))
    }

    fn undefined_function(&self, name: &str) -> Fault {
        Fault::new(Diagnostic::new(
            Code::Type,
            self.span,
            format!("undefined function {name}"),
        ))
    }

    fn wrong_arguments(&self, callee: &Callee) -> Fault {
        Fault::new(Diagnostic::new(
            Code::Type,
            self.span,
            format!("{}: arity mismatch", callee.name),
        ))
    }
}

fn comparison(name: &str) -> Option<Comparison> {
    Some(match name {
        "equal" => Comparison::Equal,
        "neq" => Comparison::NotEqual,
        "lt" => Comparison::Less,
        "lte" => Comparison::LessOrEqual,
        "gt" => Comparison::Greater,
        "gte" => Comparison::GreaterOrEqual,
        _ => return None,
    })
}
