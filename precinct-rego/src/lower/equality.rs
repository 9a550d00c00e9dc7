//! Two sides of an equation that both have a value.
//!
//! A comprehension whose other side is of a kind that it can't have is not built: nothing of it fails or prints, as in
//! OPA.
//!
//! ```text
//! input.xs == {x | …}
//!   l0 = input["xs"]         else 'b
//!   test l0 >= set()         else 'b
//!   l1 = the comprehension
//!   test l0 == l1            else 'b
//! ```

use super::emit::{Emitter, Lowered};
use super::unify::Side;
use crate::ast::TermValue;
use crate::ir::{Comparison, Constant, Operand, StmtKind, Test};

/// What a comprehension makes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Made {
    Array,
    Object,
    Set,
}

fn made(side: Side<'_>) -> Option<Made> {
    let Side::Term(term) = side else { return None };
    match term.value {
        TermValue::ArrayComprehension(_) => Some(Made::Array),
        TermValue::ObjectComprehension(_) => Some(Made::Object),
        TermValue::SetComprehension(_) => Some(Made::Set),
        _ => None,
    }
}

impl Emitter<'_, '_> {
    /// Goes on if both sides are equal.
    pub(super) fn test_equal(&mut self, left: Side<'_>, right: Side<'_>) -> Lowered<()> {
        let is_ref = matches!(right, Side::Term(term) if matches!(term.value, TermValue::Ref(_)));
        let (left, right) = match (made(left), made(right)) {
            (None, Some(kind)) => {
                let value = self.side(left)?;
                self.test_kind(value, kind)?;
                (value, self.side(right)?)
            }
            // A reference comes first wherever it stands.
            (Some(kind), None) if is_ref => {
                let value = self.side(right)?;
                self.test_kind(value, kind)?;
                (self.side(left)?, value)
            }
            _ => (self.side(left)?, self.side(right)?),
        };
        self.test(Test::Compare {
            comparison: Comparison::Equal,
            left,
            right,
        });
        Ok(())
    }

    /// Goes on if OPA would build the comprehension to compare it with the value: where their kinds are the same, and
    /// where the value is a set. Arrays, objects and sets come behind everything else, in this order.
    fn test_kind(&mut self, value: Operand, kind: Made) -> Lowered<()> {
        let array = self.constant(Constant::Array(Vec::new()));
        let object = self.constant(Constant::Object(Vec::new()));
        let set = self.constant(Constant::Set(Vec::new()));
        let compare = |comparison, right| Test::Compare {
            comparison,
            left: value,
            right,
        };
        match kind {
            Made::Set => self.test(compare(Comparison::GreaterOrEqual, set)),
            Made::Object => self.test(compare(Comparison::GreaterOrEqual, object)),
            Made::Array => {
                self.test(compare(Comparison::GreaterOrEqual, array));
                let outer = self.fail;
                self.attempt(|e, _| {
                    e.test(compare(Comparison::GreaterOrEqual, object));
                    e.emit(StmtKind::Test {
                        test: compare(Comparison::GreaterOrEqual, set),
                        otherwise: outer,
                    });
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}
