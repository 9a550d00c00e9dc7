//! References whose path below `data` is known only at run time, though all its variables are: the function is looked
//! up by path, and base documents are asked where there is none.

use super::planner::{Planned, Planner, Then, unplaced};
use super::policy::{Block, Kind, Operand};
use super::tree::{Node, RuleIndex};
use crate::ast::{Term, TermValue};

/// How a function is looked up.
pub(super) struct Lookup {
    /// The rules that can be meant, path by path.
    pub(super) rules: Vec<Vec<RuleIndex>>,
    /// The generation, then the parts of the path.
    path: Vec<Operand>,
    /// The last part of the reference that belongs to the path.
    last: usize,
}

impl<'a> Planner<'a> {
    /// Whether a reference can be looked up: all its variables are known, each name stands for a node, and where the
    /// reference ends there are rules and no further nodes.
    pub(super) fn lookup(&mut self, data: Node, parts: &[Term]) -> Option<Lookup> {
        let mut nodes = vec![data];
        let mut has_variables = false;
        let mut last = 0;
        for (at, part) in parts.iter().enumerate().skip(1) {
            last = at;
            let name = match &part.value {
                TermValue::Var(name) => {
                    self.variables.get(name)?;
                    has_variables = true;
                    None
                }
                TermValue::String(name) => Some(name),
                _ => return None,
            };
            let mut below = Vec::new();
            for node in nodes {
                if !self.tree.rules_at(node).is_empty() {
                    return None;
                }
                match name {
                    Some(name) => below.extend(self.tree.child(node, name)),
                    None => {
                        let keys = self.tree.keys(node);
                        below.extend(keys.iter().filter_map(|key| self.tree.child(node, key)));
                    }
                }
            }
            nodes = below;
            if !self.goes_on(&nodes, parts.get(at + 1)) {
                break;
            }
            if at + 2 == parts.len() && nodes.iter().any(|node| self.has_general_rules(*node)) {
                break;
            }
        }
        if !has_variables {
            return None;
        }
        let mut rules = Vec::new();
        for node in nodes {
            let here = self.tree.rules_at(node);
            if !here.is_empty() {
                rules.push(here.to_vec());
            } else if last + 1 == parts.len() && self.tree.width(node) > 0 {
                return None;
            }
        }
        if rules.is_empty() {
            return Some(Lookup {
                rules,
                path: Vec::new(),
                last,
            });
        }
        let generation = format!("g{}", self.generations.number());
        let mut path = vec![Operand::Text(self.text(&generation))];
        for part in &parts[1..=last] {
            match &part.value {
                TermValue::Var(name) => path.push(Operand::Local(self.variables.get(name)?)),
                TermValue::String(name) => path.push(Operand::Text(self.text(name))),
                _ => {}
            }
        }
        Some(Lookup { rules, path, last })
    }

    /// Whether a node has something for the next part of the reference.
    fn goes_on(&self, nodes: &[Node], next: Option<&Term>) -> bool {
        let Some(next) = next else { return false };
        nodes.iter().any(|node| match &next.value {
            TermValue::Var(_) => self.tree.width(*node) > 0,
            _ => self.tree.child_at(*node, next).is_some(),
        })
    }

    fn has_general_rules(&self, node: Node) -> bool {
        let mut rules = self.tree.rules_at(node).iter();
        rules.any(|index| {
            let reference = &self.tree.rules[*index].reference;
            !reference.iter().skip(1).all(|part| part.value.is_ground())
        })
    }

    /// ```text
    /// block { block { block { call by path; break 1 } or { members of data; break 1 }; break 2 }; rest of the reference }
    /// ```
    pub(super) fn call_at_path(
        &mut self,
        lookup: Lookup,
        parts: &[Term],
        then: Then<'_, 'a>,
    ) -> Planned {
        for rules in lookup.rules {
            self.rules(rules)?;
        }
        let result = self.local();
        let (input, data) = (self.variable("input"), self.variable("data"));
        let call = self.block_of([
            Kind::CallDynamic {
                arguments: vec![input, data],
                result,
                path: lookup.path,
            },
            Kind::Break { index: 1 },
        ]);
        let outer = std::mem::take(&mut self.block);
        self.target = Operand::Local(data);
        // All variables are known, so nothing iterates and this is planned once.
        self.operands(&parts[1..=lookup.last], &mut |p| {
            let source = p.target;
            p.emit(Kind::AssignVar {
                source,
                target: result,
            });
            p.emit(Kind::Break { index: 1 });
            let members = std::mem::take(&mut p.block);
            p.target = Operand::Local(result);
            let both = unplaced(Kind::Block {
                blocks: vec![call.clone(), members],
            });
            let neither = unplaced(Kind::Break { index: 2 });
            let found = unplaced(Kind::Block {
                blocks: vec![Block {
                    statements: vec![both, neither],
                }],
            });
            p.block.statements.push(found);
            p.operands(&parts[lookup.last + 1..], then)
        })?;
        let block = std::mem::replace(&mut self.block, outer);
        self.emit(Kind::Block {
            blocks: vec![block],
        });
        Ok(())
    }
}
