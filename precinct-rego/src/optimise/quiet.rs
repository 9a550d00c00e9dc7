//! What can be left out, or done once more, without anybody noticing.

use crate::ir::calls;
use crate::ir::{
    Builtin, CallTarget, Conflict, FunctionId, Label, Program, Stmt, StmtKind, Test, visit,
};

/// What can be noticed of statements beside the values that they give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Noise {
    /// Nothing.
    Silent,
    /// What builtins complain about, which is only told where errors of builtins end the evaluation.
    Complaints,
    /// Everything: errors that always end the evaluation, and what the world sees.
    Loud,
}

/// Builtins that depend on their arguments alone and do nothing but give a result or complain. Those that are not in
/// this list may be a host program's own.
const PLAIN: &[&str] = &[
    "abs",
    "and",
    "array.concat",
    "array.reverse",
    "array.slice",
    "ceil",
    "concat",
    "contains",
    "count",
    "div",
    "endswith",
    "floor",
    "format_int",
    "glob.match",
    "indexof",
    "internal.member_2",
    "internal.member_3",
    "intersection",
    "is_array",
    "is_boolean",
    "is_null",
    "is_number",
    "is_object",
    "is_set",
    "is_string",
    "json.unmarshal",
    "lower",
    "max",
    "min",
    "minus",
    "mul",
    "net.cidr_contains",
    "object.get",
    "object.keys",
    "object.remove",
    "object.union",
    "or",
    "plus",
    "product",
    "regex.match",
    "rem",
    "replace",
    "round",
    "sort",
    "split",
    "sprintf",
    "startswith",
    "strings.any_prefix_match",
    "strings.any_suffix_match",
    "substring",
    "sum",
    "to_number",
    "trim",
    "type_name",
    "upper",
];

/// Goes on only where nobody is told what builtins complain about.
pub(super) const fn lenient(otherwise: Label) -> StmtKind {
    StmtKind::Test {
        test: Test::Lenient,
        otherwise,
    }
}

/// The noise of statements whose calls of functions make this much.
pub(super) struct Listener<'p> {
    builtins: &'p [Builtin],
    functions: Vec<Noise>,
}

impl<'p> Listener<'p> {
    /// Listens to all functions of a program.
    pub(super) fn new(program: &Program, builtins: &'p [Builtin]) -> Self {
        let mut listener = Self {
            builtins,
            functions: vec![Noise::Loud; program.functions.len()],
        };
        let order = calls::callees_first(&calls::of_all(program));
        for at in order {
            listener.functions[at] = listener.of(&program.functions[at].body);
        }
        listener
    }

    /// The noise of a list of statements.
    pub(super) fn of(&self, stmts: &[Stmt]) -> Noise {
        let mut noise = Noise::Silent;
        visit::each(stmts, &mut |stmt| noise = noise.max(self.own(&stmt.kind)));
        noise
    }

    fn function(&self, id: FunctionId) -> Noise {
        let noise = self.functions.get(id.index()).copied();
        noise.unwrap_or(Noise::Loud)
    }

    fn own(&self, stmt: &StmtKind) -> Noise {
        match stmt {
            StmtKind::Call {
                function: CallTarget::Function(id),
                ..
            } => self.function(*id),
            StmtKind::Call {
                function: CallTarget::Builtin(id),
                ..
            } => {
                let is_plain = self.builtins.get(id.index()).is_some_and(|builtin| {
                    !builtin.nondeterministic && PLAIN.binary_search(&&*builtin.name).is_ok()
                });
                if is_plain {
                    Noise::Complaints
                } else {
                    Noise::Loud
                }
            }
            StmtKind::Lookup { whole, keyed, .. } => {
                self.function(*whole).max(self.function(*keyed))
            }
            StmtKind::AssignOnce { conflict, .. } | StmtKind::Insert { conflict, .. } => {
                match conflict {
                    Conflict::Replace => Noise::Silent,
                    Conflict::CompleteRule | Conflict::Function | Conflict::ObjectKey => {
                        Noise::Loud
                    }
                }
            }
            StmtKind::CallReplacement { .. }
            | StmtKind::PutAt { .. }
            | StmtKind::AddAt { .. }
            | StmtKind::Fail { .. } => Noise::Loud,
            StmtKind::Block { .. }
            | StmtKind::Break { .. }
            | StmtKind::Scan { .. }
            | StmtKind::Switch { .. }
            | StmtKind::Select { .. }
            | StmtKind::Assign { .. }
            | StmtKind::Clear { .. }
            | StmtKind::Input { .. }
            | StmtKind::Data { .. }
            | StmtKind::Get { .. }
            | StmtKind::Test { .. }
            | StmtKind::Array { .. }
            | StmtKind::Object { .. }
            | StmtKind::Set { .. }
            | StmtKind::Begin { .. }
            | StmtKind::Push { .. }
            | StmtKind::Group { .. }
            | StmtKind::Extend { .. }
            | StmtKind::Finish { .. }
            | StmtKind::Return { .. }
            | StmtKind::With { .. }
            | StmtKind::Enter { .. }
            | StmtKind::Indexed { .. }
            | StmtKind::Mark => Noise::Silent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted() {
        assert!(PLAIN.is_sorted());
    }
}
