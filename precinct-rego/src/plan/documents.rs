//! References below `data`: rules where there are some, base documents elsewhere, both where both have a part.

use super::planner::{Planned, Planner, Then, string};
use super::policy::{Block, Kind, Local, Operand};
use super::tree::Node;
use crate::ast::{Ref, Term};

/// Where the base documents of a reference begin: a value, and what is looked up in it.
#[derive(Clone, Debug)]
pub(super) struct Base {
    local: Local,
    path: Ref,
}

impl Base {
    pub(super) fn at(local: Local) -> Self {
        Self {
            local,
            path: Ref::new(),
        }
    }

    fn with(&self, part: &Term) -> Self {
        let mut longer = self.clone();
        longer.path.push(part.clone());
        longer
    }
}

impl<'a> Planner<'a> {
    /// The part of a reference from `at` on, at a node of the rules and at a base document.
    pub(super) fn document(
        &mut self,
        node: Option<Node>,
        base: &Base,
        parts: &[Term],
        at: usize,
        then: Then<'_, 'a>,
    ) -> Planned {
        let Some(part) = parts.get(at) else {
            return self.extent(node, Some(base), then);
        };
        if at == 1
            && let Some(node) = node
            && let Some(lookup) = self.lookup(node, parts)
        {
            if lookup.rules.is_empty() {
                // No rule can be meant.
                return self.document(None, base, parts, 1, then);
            }
            return self.call_at_path(lookup, parts, then);
        }
        if part.value.is_ground() {
            let child = node.and_then(|node| self.tree.child_at(node, part));
            if let Some(child) = child
                && !self.tree.rules_at(child).is_empty()
            {
                let result = self.target_local();
                let function = self.rules_at(child)?;
                let arguments = self.context();
                self.emit(Kind::Call {
                    function,
                    arguments,
                    result,
                });
                self.target = Operand::Local(result);
                return self.operands(&parts[at + 1..], then);
            }
            return self.document(child, &base.with(part), parts, at + 1, then);
        }
        let keys = node.map(|node| self.each_child(node, base, parts, at, then));
        let keys = keys.transpose()?.unwrap_or_default();
        if keys.is_empty() {
            let base = base.with(part);
            self.target = Operand::Local(base.local);
            return self.operands(&base.path, &mut |p| {
                let base = Base::at(p.local_target()?);
                p.document(None, &base, parts, at + 1, then)
            });
        }
        // What the rules have been asked for is left out of the base documents.
        let mut rules = None;
        self.set(&keys.iter().collect::<Vec<_>>(), &mut |p| {
            rules = Some(p.target);
            Ok(())
        })?;
        self.target = Operand::Local(base.local);
        self.operands(&base.path, &mut |p| {
            p.scan(part, &mut |p, key| {
                if let Some(source) = rules {
                    let target = p.local();
                    let block = p.block_of([Kind::Dot {
                        source,
                        key: Operand::Local(key),
                        target,
                    }]);
                    p.emit(Kind::Not { block });
                }
                let base = Base::at(p.local_target()?);
                p.document(None, &base, parts, at + 1, then)
            })
        })
    }

    /// Plans a reference once for each key below a node, in the place of a part that is known only at run time.
    fn each_child(
        &mut self,
        node: Node,
        base: &Base,
        parts: &[Term],
        at: usize,
        then: Then<'_, 'a>,
    ) -> Planned<Vec<Term>> {
        let mut blocks = Vec::new();
        let keys: Vec<Term> = self.tree.keys(node).iter().map(string).collect();
        for key in &keys {
            // What one key binds, another may bind too.
            self.variables.enter();
            let block = self.inside(|p| {
                p.term(key, &mut |p| {
                    p.unify_operand(p.target, &parts[at], &mut |p| {
                        let mut plugged = parts.to_vec();
                        plugged[at] = key.clone();
                        p.document(Some(node), base, &plugged, at, then)
                    })
                })
            })?;
            self.variables.leave();
            blocks.push(block);
        }
        self.emit(Kind::Block { blocks });
        Ok(keys)
    }

    /// The whole document at a node and at a base document, of which at least one is there.
    fn extent(&mut self, node: Option<Node>, base: Option<&Base>, then: Then<'_, 'a>) -> Planned {
        let document = self.local();
        if let Some(node) = node {
            self.emit(Kind::MakeObject { target: document });
            self.rules_below(node, document)?;
        }
        let Some(base) = base else {
            self.target = Operand::Local(document);
            return then(self);
        };
        let outer = std::mem::take(&mut self.block);
        self.target = Operand::Local(base.local);
        let mut target = self.local();
        self.operands(&base.path, &mut |p| {
            let found = p.local_target()?;
            if node.is_some() {
                p.emit(Kind::ObjectMerge {
                    a: found,
                    b: document,
                    target,
                });
            } else {
                target = found;
            }
            p.emit(Kind::Break { index: 1 });
            Ok(())
        })?;
        let inner = std::mem::take(&mut self.block);
        self.emit(Kind::Block {
            blocks: vec![inner],
        });
        // Without a base document there is what the rules give, or nothing.
        if node.is_some() {
            self.emit(Kind::AssignVar {
                source: Operand::Local(document),
                target,
            });
        } else {
            self.emit(Kind::Break { index: 1 });
        }
        let both = std::mem::replace(&mut self.block, outer);
        self.emit(Kind::Block { blocks: vec![both] });
        self.target = Operand::Local(target);
        then(self)
    }

    /// Puts the documents of all rules below a node into an object.
    fn rules_below(&mut self, node: Node, object: Local) -> Planned {
        for name in self.tree.keys(node) {
            let Some(child) = self.tree.child(node, &name) else {
                continue;
            };
            if self.tree.arity(child) > 0 {
                continue;
            }
            let key = Operand::Text(self.text(&name));
            if self.tree.rules_at(child).is_empty() {
                self.extent(Some(child), None, &mut |p| {
                    let value = p.target;
                    p.emit(Kind::ObjectInsert { key, value, object });
                    Ok(())
                })?;
                continue;
            }
            let result = self.local();
            let function = self.rules_at(child)?;
            let arguments = self.context();
            let block: Block = self.block_of([
                Kind::Call {
                    function,
                    arguments,
                    result,
                },
                Kind::ObjectInsert {
                    key,
                    value: Operand::Local(result),
                    object,
                },
            ]);
            self.emit(Kind::Block {
                blocks: vec![block],
            });
        }
        Ok(())
    }
}
