//! IR as text, for people: one statement a line, blocks indented, the place to leave through at the end.

use std::fmt::{self, Write};
use std::sync::Arc;

use super::{
    CallTarget, Comparison, Conflict, Constant, ConstantId, Function, FunctionKind, Key, Label,
    Local, LocalKind, MaskId, MockId, Operand, Patch, Program, Replacement, RuleId, Stmt, StmtKind,
    Subject, Test, When,
};

/// The whole program as text.
pub fn program(program: &Program) -> String {
    let mut text = String::new();
    for function in &program.functions {
        if !text.is_empty() {
            text.push('\n');
        }
        write_function(&mut text, program, function);
    }
    text
}

/// One function as text.
pub fn function(program: &Program, function: &Function) -> String {
    let mut text = String::new();
    write_function(&mut text, program, function);
    text
}

fn write_function(text: &mut String, program: &Program, function: &Function) {
    let printer = Printer { program, function };
    let params: Vec<String> = (0..function.params)
        .map(|param| printer.local(Local(param)))
        .collect();
    let kind = match function.kind {
        FunctionKind::Rule => "rule",
        FunctionKind::Keyed => "keyed",
        FunctionKind::Function => "function",
        FunctionKind::Tree(_) => "tree",
        FunctionKind::Query => "query",
        FunctionKind::Part => "part",
    };
    text.push_str(kind);
    text.push(' ');
    text.push_str(&function.name);
    text.push('(');
    text.push_str(&params.join(", "));
    text.push(')');
    if let Some(memo) = function.memo {
        // Writing to a string never fails.
        let _ = write!(text, " memo {}", memo.0);
    }
    text.push('\n');
    printer.stmts(text, &function.body, 1);
}

struct Printer<'a> {
    program: &'a Program,
    function: &'a Function,
}

impl Printer<'_> {
    fn stmts(&self, text: &mut String, stmts: &[Stmt], depth: usize) {
        for stmt in stmts {
            self.stmt(text, stmt, depth);
        }
    }

    fn line(text: &mut String, depth: usize, line: &str) {
        for _ in 0..depth {
            text.push_str("  ");
        }
        text.push_str(line);
        text.push('\n');
    }

    fn stmt(&self, text: &mut String, stmt: &Stmt, depth: usize) {
        match &stmt.kind {
            StmtKind::Block { label, body } => {
                Self::line(text, depth, &format!("block {}", name(*label)));
                self.stmts(text, body, depth + 1);
            }
            StmtKind::Scan {
                label,
                source,
                key,
                value,
                join,
                body,
            } => {
                let join = join.as_ref().map_or_else(String::new, |join| {
                    let wanted = self.subject(&join.wanted);
                    let list = match &join.list {
                        Some(list) => place("base", list),
                        None => self.operand(*source),
                    };
                    format!(" where {list} has {wanted} at {}", place("", &join.path))
                });
                let entry = |local: &Option<Local>| {
                    local.map_or_else(|| "_".to_owned(), |local| self.local(local))
                };
                Self::line(
                    text,
                    depth,
                    &format!(
                        "scan {} {} as {}, {}{join}",
                        name(*label),
                        self.operand(*source),
                        entry(key),
                        entry(value)
                    ),
                );
                self.stmts(text, body, depth + 1);
            }
            StmtKind::Switch { on, cases, default } => {
                Self::line(text, depth, &format!("switch {}", self.operand(*on)));
                for case in cases {
                    let constant = self.operand(Operand::Constant(case.constant));
                    Self::line(text, depth + 1, &format!("case {constant}"));
                    self.stmts(text, &case.body, depth + 2);
                }
                if !default.is_empty() {
                    Self::line(text, depth + 1, "default");
                    self.stmts(text, default, depth + 2);
                }
            }
            StmtKind::Select { subjects, arms } => {
                let subjects: Vec<String> = subjects.iter().map(|s| self.subject(s)).collect();
                Self::line(text, depth, &format!("select {}", subjects.join(", ")));
                for arm in arms {
                    Self::line(text, depth + 1, &self.when(&arm.when));
                    self.stmts(text, &arm.body, depth + 2);
                }
            }
            StmtKind::With { patches, body } => {
                let patches: Vec<String> = patches.iter().map(|p| self.patch(p)).collect();
                Self::line(text, depth, &format!("with {}", patches.join(", ")));
                self.stmts(text, body, depth + 1);
            }
            kind => Self::line(text, depth, &self.simple(kind)),
        }
    }

    fn subject(&self, subject: &Subject) -> String {
        let path = |root: &str, path: &[Arc<str>]| {
            let keys: Vec<String> = path.iter().map(|key| format!("[{key:?}]")).collect();
            format!("{root}{}", keys.concat())
        };
        match subject {
            Subject::Local(local) => self.local(*local),
            Subject::Input(keys) => path("input", keys),
            Subject::Data(keys) => path("base", keys),
            Subject::Constant(constant) => self.operand(Operand::Constant(*constant)),
            Subject::Get(source, key) => format!(
                "{}[{}]",
                self.subject(source),
                self.operand(Operand::Constant(*key))
            ),
        }
    }

    fn when(&self, when: &When) -> String {
        let When::Keys { subject, keys } = when else {
            return "always".to_owned();
        };
        let keys: Vec<String> = keys
            .iter()
            .map(|key| match key {
                Key::Is(constant) => format!("is {}", self.operand(Operand::Constant(*constant))),
                Key::Text(text) => format!("is {text:?}"),
                Key::Starts(text) => format!("starts {text:?}"),
                Key::Ends(text) => format!("ends {text:?}"),
                Key::Segment {
                    separator,
                    at,
                    text,
                } => format!("has {text:?} at {at} of {separator:?}"),
                Key::Holds { path, value } => {
                    let value = self.operand(Operand::Constant(*value));
                    format!("holds {value} at {path:?}")
                }
                Key::Between { from, to } => {
                    let end = |end: &Option<ConstantId>| {
                        end.map_or_else(String::new, |it| self.operand(Operand::Constant(it)))
                    };
                    format!("in {}..{}", end(from), end(to))
                }
            })
            .collect();
        format!("when #{subject} {}", keys.join(" or "))
    }

    fn rule(&self, rule: RuleId) -> String {
        let info = self.program.rules.get(rule.index());
        info.map_or_else(
            || rule.0.to_string(),
            |info| format!("{} at {}:{}", info.path, info.span.row, info.span.col),
        )
    }

    /// A statement that holds no others.
    fn simple(&self, kind: &StmtKind) -> String {
        match kind {
            StmtKind::Block { .. }
            | StmtKind::Scan { .. }
            | StmtKind::Switch { .. }
            | StmtKind::Select { .. }
            | StmtKind::With { .. } => String::new(),
            StmtKind::Break { label } => format!("break {}", name(*label)),
            StmtKind::Assign { target, source } => {
                format!("{} = {}", self.local(*target), self.operand(*source))
            }
            StmtKind::Clear { target } => format!("clear {}", self.local(*target)),
            StmtKind::Input {
                target,
                path,
                otherwise,
            } => self.read("input", *target, path, *otherwise),
            StmtKind::Data {
                target,
                path,
                otherwise,
            } => self.read("base", *target, path, *otherwise),
            StmtKind::Get {
                target,
                source,
                key,
                otherwise,
            } => format!(
                "{} = {}[{}]{}",
                self.local(*target),
                self.operand(*source),
                self.operand(*key),
                or_else(*otherwise)
            ),
            StmtKind::Call { .. } | StmtKind::Lookup { .. } | StmtKind::CallReplacement { .. } => {
                self.call(kind)
            }
            StmtKind::Test { test, otherwise } => {
                format!("test {}{}", self.test(test), or_else(*otherwise))
            }
            StmtKind::Array { target, items } => {
                format!("{} = [{}]", self.local(*target), self.operands(items))
            }
            StmtKind::Set { target, items } => {
                format!("{} = set({})", self.local(*target), self.operands(items))
            }
            StmtKind::Object { target, entries } => {
                let entries: Vec<String> = entries
                    .iter()
                    .map(|(k, v)| format!("{}: {}", self.operand(*k), self.operand(*v)))
                    .collect();
                format!("{} = {{{}}}", self.local(*target), entries.join(", "))
            }
            StmtKind::Begin { .. }
            | StmtKind::Push { .. }
            | StmtKind::Group { .. }
            | StmtKind::Insert { .. }
            | StmtKind::Extend { .. }
            | StmtKind::PutAt { .. }
            | StmtKind::AddAt { .. }
            | StmtKind::Finish { .. } => self.building(kind),
            StmtKind::AssignOnce {
                target,
                source,
                conflict,
            } => format!(
                "{} =once {} ({})",
                self.local(*target),
                self.operand(*source),
                conflict_name(*conflict)
            ),
            StmtKind::Return { value } => format!("return {}", self.operand(*value)),
            StmtKind::Enter { rule } => format!("enter {}", self.rule(*rule)),
            StmtKind::Indexed { rule } => format!("indexed {}", self.rule(*rule)),
            StmtKind::Mark => "mark".to_owned(),
            StmtKind::Fail { code, message } => format!("fail {code}: {message}"),
        }
    }

    fn call(&self, kind: &StmtKind) -> String {
        match kind {
            StmtKind::Call {
                target,
                function,
                args,
                otherwise,
            } => format!(
                "{} = call {}({}){}",
                self.local(*target),
                self.callee(*function),
                self.operands(args),
                or_else(*otherwise)
            ),
            StmtKind::Lookup {
                target,
                whole,
                keyed,
                keys,
                keys_first,
                otherwise,
            } => {
                let whole = self.callee(CallTarget::Function(*whole));
                let keyed = self.callee(CallTarget::Function(*keyed));
                let keyed = format!("{keyed}({})", self.operands(keys));
                let (first, then) = if *keys_first {
                    (keyed, whole)
                } else {
                    (whole, keyed)
                };
                let (target, or_else) = (self.local(*target), or_else(*otherwise));
                format!("{target} = lookup in {first}, or {then}{or_else}")
            }
            StmtKind::CallReplacement {
                target,
                mock,
                candidates,
                args,
                otherwise,
            } => {
                let candidates: Vec<String> = candidates.iter().map(|c| self.callee(*c)).collect();
                format!(
                    "{} = call replacement of {} [{}]({}){}",
                    self.local(*target),
                    self.mock(*mock),
                    candidates.join(", "),
                    self.operands(args),
                    or_else(*otherwise)
                )
            }
            _ => String::new(),
        }
    }

    /// The statements that work on builders.
    fn building(&self, kind: &StmtKind) -> String {
        match kind {
            StmtKind::Begin { builder } => {
                let kind = self.function.locals.get(builder.0 as usize).map(|l| l.kind);
                let kind = match kind {
                    Some(LocalKind::ArrayBuilder) => "array",
                    Some(LocalKind::SetBuilder) => "set",
                    Some(LocalKind::ObjectBuilder) => "object",
                    Some(LocalKind::DocumentBuilder) => "document",
                    Some(LocalKind::Value | LocalKind::Optional) | None => "?",
                };
                format!("begin {} {kind}", self.local(*builder))
            }
            StmtKind::Push { builder, value } => {
                format!("push {} {}", self.local(*builder), self.operand(*value))
            }
            StmtKind::Group {
                builder,
                key,
                value,
                is_set,
            } => format!(
                "group {} {}: {}{}",
                self.local(*builder),
                self.operand(*key),
                self.operand(*value),
                if *is_set { " (set)" } else { "" }
            ),
            StmtKind::Insert {
                builder,
                key,
                value,
                conflict,
            } => format!(
                "insert {} {}: {} ({})",
                self.local(*builder),
                self.operand(*key),
                self.operand(*value),
                conflict_name(*conflict)
            ),
            StmtKind::Extend { builder, source } => {
                format!("extend {} {}", self.local(*builder), self.operand(*source))
            }
            StmtKind::PutAt {
                builder,
                path,
                value,
            } => format!(
                "put {} [{}] {}",
                self.local(*builder),
                self.operands(path),
                self.operand(*value)
            ),
            StmtKind::AddAt {
                builder,
                path,
                value,
            } => format!(
                "add {} [{}] {}",
                self.local(*builder),
                self.operands(path),
                value.map_or_else(|| "nothing".to_owned(), |value| self.operand(value))
            ),
            StmtKind::Finish { target, builder } => {
                format!("{} = finish {}", self.local(*target), self.local(*builder))
            }
            _ => String::new(),
        }
    }

    fn read(&self, root: &str, target: Local, path: &[Arc<str>], otherwise: Label) -> String {
        format!(
            "{} = {}{}",
            self.local(target),
            place(root, path),
            or_else(otherwise)
        )
    }

    fn local(&self, local: Local) -> String {
        let named = self
            .function
            .locals
            .get(local.0 as usize)
            .and_then(|info| info.name.as_ref())
            .filter(|name| !name.starts_with("__local"));
        match named {
            Some(name) => format!("{name}.{}", local.0),
            None => format!("l{}", local.0),
        }
    }

    fn operand(&self, operand: Operand) -> String {
        match operand {
            Operand::Local(local) => self.local(local),
            Operand::Constant(id) => match self.program.constants.get(id.index()) {
                Some(constant) => constant.to_string(),
                None => format!("constant {}", id.0),
            },
        }
    }

    fn operands(&self, operands: &[Operand]) -> String {
        let operands: Vec<String> = operands.iter().map(|o| self.operand(*o)).collect();
        operands.join(", ")
    }

    fn callee(&self, target: CallTarget) -> String {
        match target {
            CallTarget::Function(id) => self
                .program
                .functions
                .get(id.index())
                .map_or_else(|| format!("function {}", id.0), |f| f.name.to_string()),
            CallTarget::Builtin(id) => self
                .program
                .builtins
                .get(id.index())
                .map_or_else(|| format!("builtin {}", id.0), |b| b.name.to_string()),
        }
    }

    fn mock(&self, mock: MockId) -> String {
        self.program
            .mocks
            .get(mock.index())
            .map_or_else(|| format!("mock {}", mock.0), |m| m.0.to_string())
    }

    fn mask(&self, mask: MaskId) -> String {
        let path = self.program.masks.get(mask.index());
        let path = path.map(|path| path.join(".")).unwrap_or_default();
        format!("data.{path}")
    }

    fn test(&self, test: &Test) -> String {
        match test {
            Test::Truthy(value) => self.operand(*value),
            Test::Compare {
                comparison,
                left,
                right,
            } => {
                let sign = match comparison {
                    Comparison::Equal => "==",
                    Comparison::NotEqual => "!=",
                    Comparison::Less => "<",
                    Comparison::LessOrEqual => "<=",
                    Comparison::Greater => ">",
                    Comparison::GreaterOrEqual => ">=",
                };
                format!("{} {sign} {}", self.operand(*left), self.operand(*right))
            }
            Test::ArrayOf { value, length } => {
                format!("{} is array of {length}", self.operand(*value))
            }
            Test::ObjectOf { value, length } => {
                format!("{} is object of {length}", self.operand(*value))
            }
            Test::Collection(value) => format!("{} is collection", self.operand(*value)),
            Test::Member { value, collection } => {
                format!("{} in {}", self.operand(*value), self.operand(*collection))
            }
            Test::Set(local) => format!("{} is set", self.local(*local)),
            Test::Holds { builder, least } => format!("{} holds {least}", self.local(*builder)),
            Test::Lenient => "lenient".to_owned(),
            Test::Unmasked(masks) => {
                let masks: Vec<String> = masks.iter().map(|m| self.mask(*m)).collect();
                format!("unmasked {}", masks.join(", "))
            }
            Test::Mocked(mock) => format!("mocked {}", self.mock(*mock)),
            Test::Not(test) => format!("not {}", self.test(test)),
        }
    }

    fn patch(&self, patch: &Patch) -> String {
        match patch {
            Patch::Input { path, value } => {
                format!("{} as {}", place("input", path), self.operand(*value))
            }
            Patch::Data { path, value, .. } => {
                format!("{} as {}", place("data", path), self.operand(*value))
            }
            Patch::Function { mock, by } => match by {
                Replacement::Value(value) => {
                    format!("{} as {}", self.mock(*mock), self.operand(*value))
                }
                Replacement::Call(target) => {
                    format!("{} as {}", self.mock(*mock), self.callee(*target))
                }
            },
        }
    }
}

fn place(root: &str, path: &[Arc<str>]) -> String {
    let mut text = root.to_owned();
    for part in path {
        // Writing to a string never fails.
        let _ = write!(text, "[{part:?}]");
    }
    text
}

fn name(label: Label) -> String {
    format!("'{}", label.0)
}

fn or_else(label: Label) -> String {
    format!(" else {}", name(label))
}

fn conflict_name(conflict: Conflict) -> &'static str {
    match conflict {
        Conflict::CompleteRule => "one output",
        Conflict::Function => "one output for same inputs",
        Conflict::ObjectKey => "unique keys",
        Conflict::Replace => "replace",
    }
}

impl fmt::Display for Constant {
    /// Rego's notation.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Number(text) => f.write_str(text),
            Self::String(text) => write!(f, "{text:?}"),
            Self::Array(items) => list(f, "[", items, "]"),
            Self::Set(items) if items.is_empty() => f.write_str("set()"),
            Self::Set(items) => list(f, "{", items, "}"),
            Self::Object(entries) => {
                f.write_str("{")?;
                for (position, (key, value)) in entries.iter().enumerate() {
                    if position > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{key}: {value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, open: &str, items: &[Constant], close: &str) -> fmt::Result {
    f.write_str(open)?;
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{item}")?;
    }
    f.write_str(close)
}
