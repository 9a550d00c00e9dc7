//! What a function's result can be: always there or not, and of which type.
//!
//! The public functions of a policy return `bool` or `&str` where that is all a rule can give, and leave the `Option`
//! away where a rule is always defined (because it has a default, for example).

use precinct_rego::ir::{CallTarget, Constant, Function, Label, Operand, Program, Stmt, StmtKind};

use crate::visit::{parts, walk};

/// The types that results are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No value at all has been seen.
    Nothing,
    /// `true` or `false`.
    Boolean,
    /// A string that the policy spells out.
    Text,
    /// A string.
    String,
    /// Anything.
    Any,
}

impl Kind {
    fn join(self, other: Kind) -> Kind {
        match (self, other) {
            (Kind::Nothing, kind) | (kind, Kind::Nothing) => kind,
            (left, right) if left == right => left,
            (Kind::Text, Kind::String) | (Kind::String, Kind::Text) => Kind::String,
            (_, _) => Kind::Any,
        }
    }
}

/// What is known of a function's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Its type.
    pub(crate) kind: Kind,
    /// It is never undefined.
    pub(crate) total: bool,
}

/// The shapes of all functions of a program. Results that go through a memo slot (`remembered`) come back with the
/// lifetime of the evaluation.
pub(crate) fn shapes(program: &Program, remembered: impl Fn(usize) -> bool) -> Vec<Shape> {
    let mut shapes: Vec<Shape> = program
        .functions
        .iter()
        .map(|function| Shape {
            kind: Kind::Nothing,
            total: !can_complete(&function.body, &mut Vec::new()),
        })
        .collect();
    loop {
        let mut changed = false;
        for (index, function) in program.functions.iter().enumerate() {
            let kind = match result_kind(program, function, &shapes) {
                Kind::Text if remembered(index) => Kind::String,
                kind => kind,
            };
            if shapes[index].kind != kind {
                shapes[index].kind = kind;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    for shape in &mut shapes {
        if shape.kind == Kind::Nothing {
            shape.kind = Kind::Any;
        }
    }
    shapes
}

fn result_kind(program: &Program, function: &Function, shapes: &[Shape]) -> Kind {
    let mut locals = vec![Kind::Nothing; function.locals.len()];
    for parameter in locals.iter_mut().take(function.params as usize) {
        *parameter = Kind::Any;
    }
    let mut result = Kind::Nothing;
    loop {
        let before = (locals.clone(), result);
        walk(&function.body, &mut |stmt: &Stmt| {
            let kind_of = |locals: &[Kind], operand: Operand| match operand {
                Operand::Local(local) => locals[local.0 as usize],
                Operand::Constant(id) => match program.constants[id.index()] {
                    Constant::Boolean(_) => Kind::Boolean,
                    Constant::String(_) => Kind::Text,
                    _ => Kind::Any,
                },
            };
            match &stmt.kind {
                StmtKind::Return { value } => result = result.join(kind_of(&locals, *value)),
                StmtKind::Assign { target, source }
                | StmtKind::AssignOnce { target, source, .. } => {
                    let kind = kind_of(&locals, *source);
                    let slot = &mut locals[target.0 as usize];
                    *slot = slot.join(kind);
                }
                StmtKind::Call {
                    target, function, ..
                } => {
                    let kind = match function {
                        CallTarget::Function(id) => shapes[id.index()].kind,
                        CallTarget::Builtin(id) => builtin_kind(&program.builtins[id.index()].name),
                    };
                    let slot = &mut locals[target.0 as usize];
                    *slot = slot.join(kind);
                }
                StmtKind::Clear { .. } => {}
                _ => {
                    for local in parts(stmt).writes {
                        locals[local.0 as usize] = Kind::Any;
                    }
                }
            }
        });
        if before == (locals.clone(), result) {
            return result;
        }
    }
}

/// The result types of builtins that often end a rule.
fn builtin_kind(name: &str) -> Kind {
    match name {
        "sprintf" | "concat" | "format_int" | "lower" | "upper" | "replace" | "substring"
        | "trim" | "trim_left" | "trim_prefix" | "trim_right" | "trim_space" | "trim_suffix"
        | "json.marshal" | "base64.encode" | "base64url.encode" | "hex.encode"
        | "urlquery.encode" | "type_name" | "regex.replace" | "strings.replace_n" => Kind::String,
        "startswith" | "endswith" | "contains" | "glob.match" | "regex.match" | "is_string"
        | "is_number" | "is_array" | "is_object" | "is_set" | "is_boolean" | "is_null"
        | "json.is_valid" | "net.cidr_contains" | "regex.is_valid" => Kind::Boolean,
        _ => Kind::Any,
    }
}

/// Whether control can run off the end of the statements, or leave through one of the labels that it collects.
pub(crate) fn can_complete(stmts: &[Stmt], exits: &mut Vec<Label>) -> bool {
    for stmt in stmts {
        let completes = match &stmt.kind {
            StmtKind::Return { .. } | StmtKind::Fail { .. } => false,
            StmtKind::Break { label } => {
                exits.push(*label);
                false
            }
            StmtKind::Block { label, body } => {
                let mut inner = Vec::new();
                let completes = can_complete(body, &mut inner);
                let left = inner.contains(label);
                exits.extend(inner.into_iter().filter(|exit| exit != label));
                completes || left
            }
            StmtKind::Scan { label, body, .. } => {
                let mut inner = Vec::new();
                can_complete(body, &mut inner);
                exits.extend(inner.into_iter().filter(|exit| exit != label));
                true
            }
            StmtKind::Switch {
                on: _,
                cases,
                default,
            } => {
                let mut completes = can_complete(default, exits);
                for case in cases {
                    completes |= can_complete(&case.body, exits);
                }
                completes
            }
            StmtKind::Select { subjects: _, arms } => {
                for arm in arms {
                    can_complete(&arm.body, exits);
                }
                true
            }
            // The Rust of a `with` ends in a `match` that goes on behind it in one arm.
            StmtKind::With { patches: _, body } => {
                can_complete(body, exits);
                true
            }
            _ => {
                exits.extend(parts(stmt).exits);
                true
            }
        };
        if !completes {
            return false;
        }
    }
    true
}
