//! What a policy can ask of an input.
//!
//! Generated functions are generic over [`Input`], so that a gateway's own struct serves as input without being turned
//! into a [`Value`] first: a path that the policy reads becomes a field access. Paths are object keys from the root.
//!
//! * [`Input`]: what generated functions take
//! * [`TypedInput`]: what Rust types implement, by `#[derive(precinct_runtime::Input)]`
//! * [`typed`]: the types of the standard library

pub mod typed;

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

/// A Rust type that can stand in an input document: what `#[derive(Input)]` implements for a gateway's own types.
///
/// A reference to such a type is an [`Input`]. What is not there (`None`) is undefined, not `null`: a policy that asks
/// `not input.verified` must not take a missing field for a value.
pub trait TypedInput {
    /// The value at a path below this one. The empty path gives all of it; `None` means undefined.
    fn at<'a>(&'a self, path: &[&str], arena: &'a Arena) -> Option<Value<'a>>;
}

impl<'a, T: TypedInput + ?Sized> Input<'a> for &'a T {
    #[inline]
    fn field(&self, path: &[&str], arena: &'a Arena) -> Option<Value<'a>> {
        (**self).at(path, arena)
    }
}
