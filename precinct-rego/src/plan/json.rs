//! Plans as JSON on one line: the bytes that OPA writes.

use std::fmt::Write as _;

use super::policy::{Block, Function, Kind, Local, Operand, Place, Plan, Policy, Statement};
use crate::ast::json::write_string;

impl Policy {
    /// The text of `plan.json`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        out.push('{');
        let mut members = Members::new(out, "static");
        members.texts("strings", &self.strings);
        if !self.builtins.is_empty() {
            members.list("builtin_funcs", &self.builtins, |out, builtin| {
                out.push_str("{\"name\":");
                write_string(out, &builtin.name);
                out.push_str(",\"decl\":");
                declaration(out, &builtin.declaration);
                out.push('}');
            });
        }
        members.texts("files", &self.files);
        members.end();
        out.push(',');
        let mut members = Members::new(out, "plans");
        members.nullable("plans", &self.plans, Plan::write);
        members.end();
        out.push(',');
        let mut members = Members::new(out, "funcs");
        members.nullable("funcs", &self.functions, Function::write);
        members.end();
        if !self.unplanned.is_empty() {
            out.push_str(",\"unplanned_rules\":");
            list(out, &self.unplanned, |out, rule| {
                out.push_str("{\"path\":");
                write_string(out, &rule.path);
                out.push_str(",\"location\":{");
                rule.place.write(out);
                out.push_str("}}");
            });
        }
        out.push('}');
    }
}

/// A type, with the members of its objects in the order of their names.
fn declaration(out: &mut String, value: &serde_json::Value) {
    match value {
        serde_json::Value::Object(members) => {
            let mut names: Vec<_> = members.iter().collect();
            names.sort_by(|one, other| one.0.cmp(other.0));
            out.push('{');
            for (at, (name, value)) in names.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_string(out, name);
                out.push(':');
                declaration(out, value);
            }
            out.push('}');
        }
        serde_json::Value::Array(items) => list(out, items, declaration),
        serde_json::Value::String(text) => write_string(out, text),
        other => out.push_str(&other.to_string()),
    }
}

fn list<T>(out: &mut String, items: &[T], mut write: impl FnMut(&mut String, &T)) {
    out.push('[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(']');
}

/// An object that is the member of another.
struct Members<'o> {
    out: &'o mut String,
    any: bool,
}

impl<'o> Members<'o> {
    fn new(out: &'o mut String, name: &str) -> Self {
        write_string(out, name);
        out.push_str(":{");
        Self { out, any: false }
    }

    fn key(&mut self, name: &str) {
        if self.any {
            self.out.push(',');
        }
        self.any = true;
        write_string(self.out, name);
        self.out.push(':');
    }

    fn list<T>(&mut self, name: &str, items: &[T], write: impl FnMut(&mut String, &T)) {
        self.key(name);
        list(self.out, items, write);
    }

    /// As Go writes lists that nobody has put anything into.
    fn nullable<T>(&mut self, name: &str, items: &[T], write: impl FnMut(&mut String, &T)) {
        if items.is_empty() {
            self.key(name);
            self.out.push_str("null");
        } else {
            self.list(name, items, write);
        }
    }

    /// Texts, left out if there are none.
    fn texts(&mut self, name: &str, texts: &[String]) {
        if texts.is_empty() {
            return;
        }
        self.list(name, texts, |out, text| {
            out.push_str("{\"value\":");
            write_string(out, text);
            out.push('}');
        });
    }

    fn end(self) {
        self.out.push('}');
    }

    // The members of statements.

    fn text(&mut self, name: &str, text: &str) {
        self.key(name);
        write_string(self.out, text);
    }

    fn number(&mut self, name: &str, number: impl std::fmt::Display) {
        self.key(name);
        // Writing to a string can't fail.
        let _ = write!(self.out, "{number}");
    }

    fn local(&mut self, name: &str, local: Local) {
        self.number(name, local.0);
    }

    fn operand(&mut self, name: &str, operand: Operand) {
        self.key(name);
        operand.write(self.out);
    }

    fn block(&mut self, name: &str, block: &Block) {
        self.key(name);
        block.write(self.out);
    }
}

impl Plan {
    fn write(out: &mut String, plan: &Self) {
        out.push_str("{\"name\":");
        write_string(out, &plan.name);
        out.push_str(",\"blocks\":");
        if plan.blocks.is_empty() {
            out.push_str("null");
        } else {
            list(out, &plan.blocks, |out, block| block.write(out));
        }
        out.push('}');
    }
}

impl Function {
    fn write(out: &mut String, function: &Self) {
        out.push_str("{\"name\":");
        write_string(out, &function.name);
        out.push_str(",\"params\":");
        list(out, &function.parameters, |out, local| local.write(out));
        out.push_str(",\"return\":");
        function.result.write(out);
        out.push_str(",\"blocks\":");
        list(out, &function.blocks, |out, block| block.write(out));
        out.push_str(",\"path\":");
        list(out, &function.path, |out, text| write_string(out, text));
        out.push('}');
    }
}

impl Local {
    fn write(self, out: &mut String) {
        // Writing to a string can't fail.
        let _ = write!(out, "{}", self.0);
    }
}

impl Operand {
    fn write(self, out: &mut String) {
        // Writing to a string can't fail.
        let _ = match self {
            Self::Local(local) => write!(out, "{{\"type\":\"local\",\"value\":{}}}", local.0),
            Self::Text(index) => write!(out, "{{\"type\":\"string_index\",\"value\":{index}}}"),
            Self::Boolean(value) => write!(out, "{{\"type\":\"bool\",\"value\":{value}}}"),
        };
    }
}

impl Place {
    fn write(self, out: &mut String) {
        // Writing to a string can't fail.
        let _ = write!(
            out,
            "\"file\":{},\"col\":{},\"row\":{},\"end_col\":{},\"end_row\":{}",
            self.file, self.column, self.row, self.end_column, self.end_row
        );
    }
}

impl Block {
    fn write(&self, out: &mut String) {
        out.push_str("{\"stmts\":");
        list(out, &self.statements, |out, statement| statement.write(out));
        out.push('}');
    }
}

impl Statement {
    fn write(&self, out: &mut String) {
        out.push_str("{\"type\":\"");
        out.push_str(self.kind.name());
        out.push_str("\",");
        let mut members = Members::new(out, "stmt");
        // The one statement whose place comes first.
        let first = matches!(self.kind, Kind::MakeNumberRef { .. });
        if first {
            self.place.write(members.out);
            members.any = true;
        }
        self.kind.write(&mut members);
        if !first {
            if members.any {
                members.out.push(',');
            }
            self.place.write(members.out);
        }
        members.end();
        out.push('}');
    }
}

impl Kind {
    /// OPA's name of the operation.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::ReturnLocal { .. } => "ReturnLocalStmt",
            Self::Call { .. } => "CallStmt",
            Self::CallDynamic { .. } => "CallDynamicStmt",
            Self::Block { .. } => "BlockStmt",
            Self::Break { .. } => "BreakStmt",
            Self::Dot { .. } => "DotStmt",
            Self::Length { .. } => "LenStmt",
            Self::Scan { .. } => "ScanStmt",
            Self::Not { .. } => "NotStmt",
            Self::AssignInt { .. } => "AssignIntStmt",
            Self::AssignVar { .. } => "AssignVarStmt",
            Self::AssignVarOnce { .. } => "AssignVarOnceStmt",
            Self::ResetLocal { .. } => "ResetLocalStmt",
            Self::MakeNull { .. } => "MakeNullStmt",
            Self::MakeNumberInt { .. } => "MakeNumberIntStmt",
            Self::MakeNumberRef { .. } => "MakeNumberRefStmt",
            Self::MakeArray { .. } => "MakeArrayStmt",
            Self::MakeObject { .. } => "MakeObjectStmt",
            Self::MakeSet { .. } => "MakeSetStmt",
            Self::Equal { .. } => "EqualStmt",
            Self::NotEqual { .. } => "NotEqualStmt",
            Self::IsArray { .. } => "IsArrayStmt",
            Self::IsObject { .. } => "IsObjectStmt",
            Self::IsSet { .. } => "IsSetStmt",
            Self::IsDefined { .. } => "IsDefinedStmt",
            Self::IsUndefined { .. } => "IsUndefinedStmt",
            Self::ArrayAppend { .. } => "ArrayAppendStmt",
            Self::ObjectInsert { .. } => "ObjectInsertStmt",
            Self::ObjectInsertOnce { .. } => "ObjectInsertOnceStmt",
            Self::ObjectMerge { .. } => "ObjectMergeStmt",
            Self::SetAdd { .. } => "SetAddStmt",
            Self::With { .. } => "WithStmt",
            Self::ResultSetAdd { .. } => "ResultSetAddStmt",
        }
    }

    #[expect(clippy::too_many_lines, reason = "an arm for each operation")]
    fn write(&self, m: &mut Members<'_>) {
        match self {
            Self::ReturnLocal { source }
            | Self::IsDefined { source }
            | Self::IsUndefined { source } => m.local("source", *source),
            Self::Call {
                function,
                arguments,
                result,
            } => {
                m.text("func", function);
                m.nullable("args", arguments, |out, operand| operand.write(out));
                m.local("result", *result);
            }
            Self::CallDynamic {
                arguments,
                result,
                path,
            } => {
                m.list("args", arguments, |out, local| local.write(out));
                m.local("result", *result);
                m.list("path", path, |out, operand| operand.write(out));
            }
            Self::Block { blocks } => {
                m.nullable("blocks", blocks, |out, block| block.write(out));
            }
            Self::Break { index } => m.number("index", index),
            Self::Dot {
                source,
                key,
                target,
            } => {
                m.operand("source", *source);
                m.operand("key", *key);
                m.local("target", *target);
            }
            Self::Length { source, target }
            | Self::AssignVar { source, target }
            | Self::AssignVarOnce { source, target } => {
                m.operand("source", *source);
                m.local("target", *target);
            }
            Self::Scan {
                source,
                key,
                value,
                block,
            } => {
                m.local("source", *source);
                m.local("key", *key);
                m.local("value", *value);
                m.block("block", block);
            }
            Self::Not { block } => m.block("block", block),
            Self::AssignInt { value, target } | Self::MakeNumberInt { value, target } => {
                m.number("value", value);
                m.local("target", *target);
            }
            Self::ResetLocal { target }
            | Self::MakeNull { target }
            | Self::MakeObject { target }
            | Self::MakeSet { target } => m.local("target", *target),
            Self::MakeNumberRef { index, target } => {
                // OPA kept the older spelling beside the newer one.
                m.number("index", index);
                m.number("Index", index);
                m.local("target", *target);
            }
            Self::MakeArray { capacity, target } => {
                m.number("capacity", capacity);
                m.local("target", *target);
            }
            Self::Equal { a, b } | Self::NotEqual { a, b } => {
                m.operand("a", *a);
                m.operand("b", *b);
            }
            Self::IsArray { source } | Self::IsObject { source } | Self::IsSet { source } => {
                m.operand("source", *source);
            }
            Self::ArrayAppend { value, array } => {
                m.operand("value", *value);
                m.local("array", *array);
            }
            Self::ObjectInsert { key, value, object }
            | Self::ObjectInsertOnce { key, value, object } => {
                m.operand("key", *key);
                m.operand("value", *value);
                m.local("object", *object);
            }
            Self::ObjectMerge { a, b, target } => {
                m.local("a", *a);
                m.local("b", *b);
                m.local("target", *target);
            }
            Self::SetAdd { value, set } => {
                m.operand("value", *value);
                m.local("set", *set);
            }
            Self::With {
                local,
                path,
                value,
                block,
            } => {
                m.local("local", *local);
                match path {
                    Some(path) => m.list("path", path, |out, index| {
                        // Writing to a string can't fail.
                        let _ = write!(out, "{index}");
                    }),
                    None => m.nullable::<usize>("path", &[], |_, _| {}),
                }
                m.operand("value", *value);
                m.block("block", block);
            }
            Self::ResultSetAdd { value } => m.local("value", *value),
        }
    }
}
