//! What a policy can ask of an input.
//!
//! Generated functions are generic over [`Input`], so that a gateway's own struct serves as input without being turned
//! into a [`Value`] first: a path that the policy reads becomes a field access. Paths are object keys from the root.

use crate::arena::Arena;
use crate::value::Value;

/// An input document.
///
/// The typed accessors answer `None` both when there is no such path and when it holds another type: a comparison with
/// a constant is not fulfilled in either case. All accessors must agree with [`Input::field`].
pub trait Input<'a> {
    /// The value at a path. The empty path gives the whole document; `None` means undefined.
    fn field(&self, path: &[&str], arena: &'a Arena) -> Option<Value<'a>>;

    /// The whole document.
    fn value(&self, arena: &'a Arena) -> Option<Value<'a>> {
        self.field(&[], arena)
    }

    /// The string at a path.
    fn str_at(&self, path: &[&str], arena: &'a Arena) -> Option<&'a str> {
        self.field(path, arena)?.as_str()
    }

    /// The boolean at a path.
    fn bool_at(&self, path: &[&str], arena: &'a Arena) -> Option<bool> {
        self.field(path, arena)?.as_bool()
    }

    /// The integer at a path, if it is one of 64 bits.
    fn i64_at(&self, path: &[&str], arena: &'a Arena) -> Option<i64> {
        self.field(path, arena)?.as_i64()
    }

    /// There is a value at a path.
    fn has(&self, path: &[&str], arena: &'a Arena) -> bool {
        self.field(path, arena).is_some()
    }
}

impl<'a> Input<'a> for Value<'a> {
    #[inline]
    fn field(&self, path: &[&str], _: &'a Arena) -> Option<Value<'a>> {
        self.path(path)
    }
}

/// `None` is an evaluation without input.
impl<'a> Input<'a> for Option<Value<'a>> {
    #[inline]
    fn field(&self, path: &[&str], _: &'a Arena) -> Option<Value<'a>> {
        (*self)?.path(path)
    }
}

impl<'a, I: Input<'a> + ?Sized> Input<'a> for &I {
    #[inline]
    fn field(&self, path: &[&str], arena: &'a Arena) -> Option<Value<'a>> {
        (**self).field(path, arena)
    }

    #[inline]
    fn str_at(&self, path: &[&str], arena: &'a Arena) -> Option<&'a str> {
        (**self).str_at(path, arena)
    }

    #[inline]
    fn bool_at(&self, path: &[&str], arena: &'a Arena) -> Option<bool> {
        (**self).bool_at(path, arena)
    }

    #[inline]
    fn i64_at(&self, path: &[&str], arena: &'a Arena) -> Option<i64> {
        (**self).i64_at(path, arena)
    }

    #[inline]
    fn has(&self, path: &[&str], arena: &'a Arena) -> bool {
        (**self).has(path, arena)
    }
}
