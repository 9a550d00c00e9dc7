//! References: into `input`, into `data`, into values.
//!
//! A reference into `data` walks down the tree of virtual documents as far as its operands are known strings. Then it
//! either stands on a node with rules (their document is asked, the remaining operands look into it), or has left the
//! tree (base data answers), or meets an operand that is known only at run time: then a `switch` over the node's
//! children picks the one document that is needed, and base data is the default.
//!
//! ```text
//! data.users[x].role        switch x
//!   (rules: data.users.ann)   "ann": l1 = call data.users.ann else 'b ...
//!                             else:  l1 = data["users"] ...
//! ```

use std::sync::Arc;

use super::emit::{Emitter, Lowered};
use super::tables::{constant_of, strings};
use super::unify::Side;
use crate::ast::{Term, TermValue, Var};
use crate::ir::{
    CallTarget, Case, Comparison, Conflict, Constant, FunctionId, Local, LocalKind, NodeId,
    Operand, StmtKind, Test,
};

/// The part of `data` that holds the policies and settings of the engine itself.
pub(super) const HIDDEN: &str = "system";

/// Where the known operands of a reference into `data` lead.
enum Place {
    /// To a node with rules; this many operands are used up.
    Rules(NodeId, usize),
    /// To a node that only holds functions.
    Functions,
    /// To an inner node, all operands used up.
    Inner(NodeId),
    /// Out of the tree, into base data.
    Base,
    /// To an inner node, before an operand that is no string.
    Branch(NodeId, usize),
}

impl Emitter<'_, '_> {
    /// The value of a reference; operands without a value are iterated.
    pub(super) fn eval_ref(&mut self, parts: &[Term]) -> Lowered<Operand> {
        let Some((head, operands)) = parts.split_first() else {
            return Ok(self.constant(Constant::Null));
        };
        if let TermValue::Var(name) = &head.value
            && self.lookup(name).is_none()
        {
            match name.as_ref() {
                "input" => {
                    let path = strings(operands);
                    let used = path.len();
                    let target = self.value();
                    let otherwise = self.fail;
                    self.emit(StmtKind::Input {
                        target,
                        path,
                        otherwise,
                    });
                    return self.operands(Operand::Local(target), &operands[used..]);
                }
                "data" => return self.data(NodeId(0), operands),
                _ => {}
            }
        }
        let base = self.eval(head)?;
        self.operands(base, operands)
    }

    /// Looks the operands up in a value, one behind the other.
    pub(super) fn operands(&mut self, base: Operand, operands: &[Term]) -> Lowered<Operand> {
        operands
            .iter()
            .try_fold(base, |base, operand| self.operand(base, operand))
    }

    fn operand(&mut self, base: Operand, operand: &Term) -> Lowered<Operand> {
        if self.evaluable(operand) {
            let key = self.eval(operand)?;
            return Ok(self.part(base, key));
        }
        let (_, key, value) = self.entries(base)?;
        self.unify(Side::Value(key), Side::Term(operand))?;
        Ok(value)
    }

    /// Follows the operands from a node of the document tree.
    fn data(&mut self, node: NodeId, operands: &[Term]) -> Lowered<Operand> {
        match self.place(node, operands) {
            Place::Rules(node, used) if used < operands.len() => {
                let (document, operands) = self.part_of_document(node, &operands[used..])?;
                self.operands(document, &operands)
            }
            Place::Rules(node, _) | Place::Inner(node) => Ok(self.document(node)),
            Place::Functions => Ok(self.nothing(operands)),
            Place::Base => {
                let mut path = self.path_of(node);
                let mut names = strings(operands);
                let plain = names.iter().take_while(|name| !is_index(name)).count();
                names.truncate(plain);
                path.extend(names);
                let base = self.base(path);
                self.base_operands(base, &operands[plain..])
            }
            Place::Branch(node, used) => self.branch(node, &operands[used..]),
        }
    }

    /// A reference that is undefined, whatever the world.
    fn nothing(&mut self, operands: &[Term]) -> Operand {
        self.emit_fail();
        let null = self.constant(Constant::Null);
        for var in self.unbound_among(operands) {
            self.bind(&var, null);
        }
        null
    }

    fn place(&self, start: NodeId, operands: &[Term]) -> Place {
        let mut node = start;
        let mut used = 0;
        loop {
            if self
                .tables
                .nodes
                .get(node.index())
                .is_some_and(super::tree::NodeRules::has_document)
            {
                return Place::Rules(node, used);
            }
            let functions = self
                .tables
                .program
                .tree
                .get(node.index())
                .is_some_and(|n| n.function.is_some());
            if functions {
                return Place::Functions;
            }
            let Some(operand) = operands.get(used) else {
                return Place::Inner(node);
            };
            match &operand.value {
                TermValue::String(name) => match self.tables.child(node, name) {
                    Some(child) => node = child,
                    None => return Place::Base,
                },
                _ => return Place::Branch(node, used),
            }
            used += 1;
        }
    }

    fn path_of(&self, node: NodeId) -> Vec<Arc<str>> {
        self.tables
            .program
            .tree
            .get(node.index())
            .map(|n| n.path.clone())
            .unwrap_or_default()
    }

    /// Base data at a path.
    pub(super) fn base(&mut self, path: Vec<Arc<str>>) -> Operand {
        let target = self.value();
        let otherwise = self.fail;
        self.emit(StmtKind::Data {
            target,
            path,
            otherwise,
        });
        Operand::Local(target)
    }

    /// Base data at a node, without what the engine keeps there for itself.
    pub(super) fn base_document(&mut self, path: Vec<Arc<str>>) -> Lowered<Operand> {
        if !path.is_empty() {
            return Ok(self.base(path));
        }
        let all = self.base(path);
        self.build(LocalKind::ObjectBuilder, |e, builder| {
            let key = e.value();
            let value = e.value();
            e.scan(all, Some(key), Some(value))?;
            let hidden = e.constant(Constant::String(HIDDEN.into()));
            e.test(Test::Compare {
                comparison: Comparison::NotEqual,
                left: Operand::Local(key),
                right: hidden,
            });
            e.emit(StmtKind::Insert {
                builder,
                key: Operand::Local(key),
                value: Operand::Local(value),
                conflict: Conflict::Replace,
            });
            Ok(())
        })
    }

    /// Looks operands up in base data. Its paths are made of strings, whatever the policy writes: `data.xs["0"]` is an
    /// array's first element, and `data[2]` is the object's entry "2".
    fn base_operands(&mut self, base: Operand, operands: &[Term]) -> Lowered<Operand> {
        let mut at = base;
        for operand in operands {
            let other = match &operand.value {
                TermValue::String(text) if is_index(text) => Constant::Number(Arc::clone(text)),
                TermValue::Number(text) if is_index(text) => Constant::String(Arc::clone(text)),
                _ => {
                    at = self.operand(at, operand)?;
                    continue;
                }
            };
            let key = self.eval(operand)?;
            let other = self.constant(other);
            let target = self.value();
            let outer = self.fail;
            self.block(|e, done| {
                e.attempt(|e, _| {
                    let source = e.get(at, key);
                    e.emit(StmtKind::Assign { target, source });
                    e.emit(StmtKind::Break { label: done });
                    Ok(())
                })?;
                e.fail = outer;
                let source = e.get(at, other);
                e.emit(StmtKind::Assign { target, source });
                Ok(())
            })?;
            at = Operand::Local(target);
        }
        Ok(at)
    }

    /// The document at a node: what its rules say, or base data while a `with` hides them.
    pub(super) fn document(&mut self, node: NodeId) -> Operand {
        let tree_node = self.tables.program.tree.get(node.index());
        let Some(function) = tree_node.and_then(|n| n.document) else {
            self.emit_fail();
            return self.constant(Constant::Null);
        };
        self.call_document(node, function)
    }

    /// Calls a function for the document at a node.
    pub(super) fn call_document(&mut self, node: NodeId, function: FunctionId) -> Operand {
        let path = self.path_of(node);
        let masks = self.tables.masks_over(&path);
        let target = self.value();
        let otherwise = self.fail;
        let call = StmtKind::Call {
            target,
            function: CallTarget::Function(function),
            args: Vec::new(),
            otherwise,
        };
        if masks.is_empty() {
            self.emit(call);
            return Operand::Local(target);
        }
        let written = self.block(|e, done| {
            e.attempt(|e, masked| {
                e.emit(StmtKind::Test {
                    test: Test::Unmasked(masks),
                    otherwise: masked,
                });
                e.emit(call);
                e.emit(StmtKind::Break { label: done });
                Ok(())
            })?;
            e.emit(StmtKind::Data {
                target,
                path,
                otherwise,
            });
            Ok(())
        });
        if written.is_err() {
            self.emit_fail();
        }
        Operand::Local(target)
    }

    /// An operand that is known only at run time meets an inner node of the tree.
    fn branch(&mut self, node: NodeId, operands: &[Term]) -> Lowered<Operand> {
        let Some((operand, rest)) = operands.split_first() else {
            return Ok(self.document(node));
        };
        let fixed = strings(rest).len();
        let fixed_key = constant_of(operand).map(|_| operand);
        let children: Vec<(Arc<str>, NodeId)> = self
            .tables
            .program
            .tree
            .get(node.index())
            .map(|n| {
                n.children
                    .iter()
                    .map(|(name, id)| (Arc::clone(name), *id))
                    .collect()
            })
            .unwrap_or_default();
        let simple = children.iter().all(|(_, child)| {
            fixed == rest.len()
                || !matches!(
                    self.place(*child, rest),
                    Place::Branch(..) | Place::Inner(_)
                )
        });
        if simple {
            let key = self.branch_key(node, &children, operand)?;
            let target = self.value();
            self.branch_switch(node, &children, key, fixed_key, |e, child| {
                let source = match child {
                    Ok(child) => e.data(child, &rest[..fixed])?,
                    Err(base) => e.base_operands(base, &rest[..fixed])?,
                };
                e.emit(StmtKind::Assign { target, source });
                Ok(())
            })?;
            return self.operands(Operand::Local(target), &rest[fixed..]);
        }
        let vars = self.unbound_among(operands);
        let rows = self.build(LocalKind::ArrayBuilder, |e, rows| {
            let key = e.branch_key(node, &children, operand)?;
            e.branch_switch(node, &children, key, fixed_key, |e, child| {
                let value = match child {
                    Ok(child) => e.data(child, rest)?,
                    Err(base) => e.base_operands(base, rest)?,
                };
                e.push_row(rows, &vars, Some(value))
            })
        })?;
        let value = self.scan_rows(rows, &vars, true)?;
        value.ok_or_else(|| self.unsafe_var("_"))
    }

    /// The value of the operand at an inner node; without one, a loop over the keys of base data and then those that
    /// rules alone have, in the order that OPA has them.
    fn branch_key(
        &mut self,
        node: NodeId,
        children: &[(Arc<str>, NodeId)],
        operand: &Term,
    ) -> Lowered<Operand> {
        if self.evaluable(operand) {
            return self.eval(operand);
        }
        let path = self.path_of(node);
        let keys = self.build(LocalKind::ArrayBuilder, |e, builder| {
            e.attempt(|e, _| {
                let base = e.base_document(path.clone())?;
                let key = e.value();
                e.scan(base, Some(key), None)?;
                let value = Operand::Local(key);
                e.emit(StmtKind::Push { builder, value });
                Ok(())
            })?;
            for (name, _) in children {
                let key = e.constant(Constant::String(Arc::clone(name)));
                e.block(|e, done| {
                    e.attempt(|e, _| {
                        let base = e.base(path.clone());
                        e.get(base, key);
                        e.emit(StmtKind::Break { label: done });
                        Ok(())
                    })?;
                    e.emit(StmtKind::Push {
                        builder,
                        value: key,
                    });
                    Ok(())
                })?;
            }
            Ok(())
        })?;
        let key = self.value();
        self.scan(keys, None, Some(key))?;
        self.unify(Side::Value(Operand::Local(key)), Side::Term(operand))?;
        Ok(Operand::Local(key))
    }

    /// A case for each child of the node; base data below the key is the default.
    fn branch_switch(
        &mut self,
        node: NodeId,
        children: &[(Arc<str>, NodeId)],
        on: Operand,
        operand: Option<&Term>,
        mut f: impl FnMut(&mut Self, Result<NodeId, Operand>) -> Lowered<()>,
    ) -> Lowered<()> {
        let mut cases = Vec::new();
        for (name, child) in children {
            let constant = self.tables.constant(Constant::String(Arc::clone(name)));
            let body = self.detached(|e| f(e, Ok(*child)))?;
            cases.push(Case { constant, body });
        }
        let path = self.path_of(node);
        let default = self.detached(|e| {
            let base = e.base(path);
            let below = match operand {
                Some(constant) => e.base_operands(base, std::slice::from_ref(constant))?,
                None => e.get(base, on),
            };
            f(e, Err(below))
        })?;
        self.emit(StmtKind::Switch { on, cases, default });
        Ok(())
    }

    fn unbound_among(&self, operands: &[Term]) -> Vec<Var> {
        let mut vars: Vec<Var> = Vec::new();
        for operand in operands {
            for var in self.unbound_in(operand) {
                if !vars.contains(&var) {
                    vars.push(var);
                }
            }
        }
        vars
    }

    /// Adds a row of the variables' values, and a further value, to an array.
    pub(super) fn push_row(
        &mut self,
        rows: Local,
        vars: &[Var],
        value: Option<Operand>,
    ) -> Lowered<()> {
        let mut items = Vec::new();
        for var in vars {
            items.push(self.lookup(var).ok_or_else(|| self.unsafe_var(var))?);
        }
        items.extend(value);
        let target = self.value();
        self.emit(StmtKind::Array { target, items });
        self.emit(StmtKind::Push {
            builder: rows,
            value: Operand::Local(target),
        });
        Ok(())
    }

    /// Opens a loop over such rows and binds the variables again; gives the further value.
    pub(super) fn scan_rows(
        &mut self,
        rows: Operand,
        vars: &[Var],
        value: bool,
    ) -> Lowered<Option<Operand>> {
        let row = self.value();
        self.scan(rows, None, Some(row))?;
        let row = Operand::Local(row);
        let field = |e: &mut Self, position: usize| {
            let key = e.constant(Constant::Number(position.to_string().into()));
            e.get(row, key)
        };
        for (position, var) in vars.iter().enumerate() {
            let operand = field(self, position);
            self.bind(var, operand);
        }
        Ok(value.then(|| field(self, vars.len())))
    }
}

/// The text is a whole number without sign, as it names an element of an array.
fn is_index(text: &str) -> bool {
    !text.is_empty() && text.len() < 10 && text.bytes().all(|b| b.is_ascii_digit())
}
