//! Writing the statements of one function: open blocks and loops, locals, and what each variable stands for.
//!
//! A body is written from left to right. An expression that has several answers opens a loop and leaves it open: all
//! that follows stands inside. Whoever began the block closes it, and with it every loop that was opened since.
//!
//! ```text
//! x := input.xs[_]; x > 1          block 'b
//!                                    l0 = input["xs"]        else 'b
//!                                    scan 'n l0 as _, l1     (stays open)
//!                                      test l1 > 1           else 'n
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use super::Tables;
use super::written::Written;
use crate::ast::{Span, Var};
use crate::error::{Code, Diagnostic};
use crate::ir::{
    Constant, Function, FunctionKind, Label, Local, LocalInfo, LocalKind, MemoSlot, Operand, Patch,
    Stmt, StmtKind, Test,
};

/// How deep loops and blocks of one function may nest: engines walk them recursively.
const DEEPEST: usize = 400;

/// An error, kept small for the many results that carry none.
pub(super) struct Fault(Box<Diagnostic>);

impl Fault {
    pub(super) fn new(diagnostic: Diagnostic) -> Self {
        Self(Box::new(diagnostic))
    }

    pub(super) fn into_diagnostic(self) -> Diagnostic {
        *self.0
    }
}

pub(super) type Lowered<T> = Result<T, Fault>;

/// A block that is being written.
struct Frame {
    span: Span,
    kind: FrameKind,
    stmts: Vec<Stmt>,
}

enum FrameKind {
    /// Statements that somebody takes out again, for a case of a switch.
    Loose,
    Block(Label),
    Scan {
        label: Label,
        source: Operand,
        key: Option<Local>,
        value: Option<Local>,
    },
    With(Vec<Patch>),
}

/// A function that is being written.
pub(super) struct Emitter<'p, 'a> {
    /// The tables of the whole program.
    pub(super) tables: &'p mut Tables<'a>,
    /// Where the statements that are written now come from.
    pub(super) span: Span,
    /// Where to go when something is undefined.
    pub(super) fail: Label,
    frames: Vec<Frame>,
    locals: Vec<LocalInfo>,
    labels: u32,
    vars: HashMap<Var, Operand>,
    /// Variables in the order in which they were bound.
    trail: Vec<Var>,
    /// How deep the terms and bodies at hand are nested.
    depth: usize,
    /// What some collections were written as.
    pub(super) written: HashMap<Local, Written>,
}

impl<'p, 'a> Emitter<'p, 'a> {
    pub(super) fn new(tables: &'p mut Tables<'a>, span: Span) -> Self {
        Self {
            tables,
            span,
            fail: Label(0),
            frames: vec![Frame {
                span,
                kind: FrameKind::Loose,
                stmts: Vec::new(),
            }],
            locals: Vec::new(),
            labels: 0,
            vars: HashMap::new(),
            trail: Vec::new(),
            depth: 0,
            written: HashMap::new(),
        }
    }

    /// The finished function; every block is closed by then.
    pub(super) fn finish(
        mut self,
        name: Arc<str>,
        kind: FunctionKind,
        params: u32,
        memo: Option<MemoSlot>,
        span: Span,
    ) -> Function {
        self.close_to(1);
        let body = self.frames.pop().map(|f| f.stmts).unwrap_or_default();
        Function {
            name,
            kind,
            params,
            locals: self.locals,
            body,
            memo,
            span,
        }
    }

    pub(super) fn local(&mut self, kind: LocalKind, name: Option<&Var>) -> Local {
        let id = u32::try_from(self.locals.len()).unwrap_or(u32::MAX);
        self.locals.push(LocalInfo {
            kind,
            name: name.cloned(),
        });
        Local(id)
    }

    /// A local for a value without a name.
    pub(super) fn value(&mut self) -> Local {
        self.local(LocalKind::Value, None)
    }

    pub(super) fn label(&mut self) -> Label {
        let label = Label(self.labels);
        self.labels += 1;
        label
    }

    pub(super) fn constant(&mut self, constant: Constant) -> Operand {
        Operand::Constant(self.tables.constant(constant))
    }

    /// Writes a statement into the innermost open block.
    pub(super) fn emit(&mut self, kind: StmtKind) {
        let span = self.span;
        if let Some(frame) = self.frames.last_mut() {
            frame.stmts.push(Stmt { span, kind });
        }
    }

    /// Leaves through the label where undefined results go.
    pub(super) fn emit_fail(&mut self) {
        let label = self.fail;
        self.emit(StmtKind::Break { label });
    }

    pub(super) fn test(&mut self, test: Test) {
        let otherwise = self.fail;
        self.emit(StmtKind::Test { test, otherwise });
    }

    /// How many blocks and loops are open.
    pub(super) fn open(&self) -> usize {
        self.frames.len()
    }

    fn push(&mut self, kind: FrameKind) -> Lowered<()> {
        if self.frames.len() >= DEEPEST {
            return Err(self.too_deep());
        }
        let span = self.span;
        self.frames.push(Frame {
            span,
            kind,
            stmts: Vec::new(),
        });
        Ok(())
    }

    fn too_deep(&self) -> Fault {
        Fault::new(Diagnostic::new(
            Code::Compile,
            self.span,
            "rule is nested too deeply",
        ))
    }

    /// Guards the recursion over terms and bodies.
    pub(super) fn nested<T>(&mut self, f: impl FnOnce(&mut Self) -> Lowered<T>) -> Lowered<T> {
        if self.depth >= DEEPEST {
            return Err(self.too_deep());
        }
        self.depth += 1;
        let result = f(self);
        self.depth -= 1;
        result
    }

    /// Closes the innermost blocks until this many are open.
    pub(super) fn close_to(&mut self, open: usize) {
        while self.frames.len() > open {
            let Some(Frame { span, kind, stmts }) = self.frames.pop() else {
                return;
            };
            let kind = match kind {
                FrameKind::Loose => {
                    if let Some(frame) = self.frames.last_mut() {
                        frame.stmts.extend(stmts);
                    }
                    continue;
                }
                FrameKind::Block(label) => StmtKind::Block { label, body: stmts },
                FrameKind::Scan {
                    label,
                    source,
                    key,
                    value,
                } => StmtKind::Scan {
                    label,
                    source,
                    key,
                    value,
                    join: None,
                    body: stmts,
                },
                FrameKind::With(patches) => StmtKind::With {
                    patches,
                    body: stmts,
                },
            };
            if let Some(frame) = self.frames.last_mut() {
                frame.stmts.push(Stmt { span, kind });
            }
        }
    }

    /// A block that `f` writes; all that `f` left open is closed. `f` gets the label that leads behind the block.
    pub(super) fn block<T>(
        &mut self,
        f: impl FnOnce(&mut Self, Label) -> Lowered<T>,
    ) -> Lowered<T> {
        let label = self.label();
        let (open, fail) = (self.open(), self.fail);
        self.push(FrameKind::Block(label))?;
        let result = f(self, label);
        self.close_to(open);
        self.fail = fail;
        result
    }

    /// The same, but what is undefined inside leads behind the block.
    pub(super) fn attempt<T>(
        &mut self,
        f: impl FnOnce(&mut Self, Label) -> Lowered<T>,
    ) -> Lowered<T> {
        self.block(|e, label| {
            e.fail = label;
            f(e, label)
        })
    }

    /// Opens a loop, which stays open; from here on undefined means: on to the next entry.
    pub(super) fn scan(
        &mut self,
        source: Operand,
        key: Option<Local>,
        value: Option<Local>,
    ) -> Lowered<Label> {
        let label = self.label();
        self.push(FrameKind::Scan {
            label,
            source,
            key,
            value,
        })?;
        self.fail = label;
        Ok(label)
    }

    /// Opens a block of replacements, which stays open.
    pub(super) fn open_with(&mut self, patches: Vec<Patch>) -> Lowered<()> {
        self.push(FrameKind::With(patches))
    }

    /// Puts a statement first into the open block at this depth.
    pub(super) fn emit_first(&mut self, open: usize, kind: StmtKind) {
        let span = self.span;
        if let Some(frame) = self.frames.get_mut(open) {
            frame.stmts.insert(0, Stmt { span, kind });
        }
    }

    /// The statements that `f` writes, for a case of a switch. Bindings made inside end with it.
    pub(super) fn detached(
        &mut self,
        f: impl FnOnce(&mut Self) -> Lowered<()>,
    ) -> Lowered<Vec<Stmt>> {
        let (open, fail) = (self.open(), self.fail);
        self.push(FrameKind::Loose)?;
        let result = self.scope(f);
        self.close_to(open + 1);
        self.fail = fail;
        let stmts = self.frames.pop().map(|f| f.stmts).unwrap_or_default();
        result.map(|()| stmts)
    }

    /// What the variable stands for, if it is bound.
    pub(super) fn lookup(&self, var: &str) -> Option<Operand> {
        self.vars.get(var).copied()
    }

    pub(super) fn bind(&mut self, var: &Var, operand: Operand) {
        self.vars.insert(Arc::clone(var), operand);
        self.trail.push(Arc::clone(var));
        if let Operand::Local(local) = operand
            && let Some(info) = self.locals.get_mut(local.0 as usize)
            && info.name.is_none()
            && !var.starts_with('$')
        {
            info.name = Some(Arc::clone(var));
        }
    }

    /// How many bindings were made so far.
    pub(super) fn bindings(&self) -> usize {
        self.trail.len()
    }

    /// The variables bound since then.
    pub(super) fn bound_since(&self, mark: usize) -> Vec<Var> {
        self.trail.get(mark..).unwrap_or_default().to_vec()
    }

    /// Forgets the bindings that were made since then.
    pub(super) fn unbind_to(&mut self, mark: usize) {
        while self.trail.len() > mark {
            if let Some(var) = self.trail.pop() {
                self.vars.remove(&var);
            }
        }
    }

    /// Runs `f` and forgets the variables that it bound.
    pub(super) fn scope<T>(&mut self, f: impl FnOnce(&mut Self) -> Lowered<T>) -> Lowered<T> {
        let mark = self.bindings();
        let result = f(self);
        self.unbind_to(mark);
        result
    }

    /// A variable without value where one is needed: the safety check keeps these out.
    pub(super) fn unsafe_var(&self, var: &str) -> Fault {
        Fault::new(Diagnostic::new(
            Code::UnsafeVar,
            self.span,
            format!("var {var} is unsafe"),
        ))
    }
}
