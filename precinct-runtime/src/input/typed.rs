//! How the types of the standard library stand in an input document.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::BuildHasher;
use std::rc::Rc;
use std::sync::Arc;

use super::TypedInput;
use crate::arena::Arena;
use crate::number::Number;
use crate::value::{Array, Object, Value};

/// A value without parts: only the empty path leads to it.
#[inline]
fn leaf<'a>(path: &[&str], value: Value<'a>) -> Option<Value<'a>> {
    path.is_empty().then_some(value)
}

impl TypedInput for str {
    #[inline]
    fn at<'a>(&'a self, path: &[&str], _: &'a Arena) -> Option<Value<'a>> {
        leaf(path, Value::String(self))
    }
}

impl TypedInput for String {
    #[inline]
    fn at<'a>(&'a self, path: &[&str], _: &'a Arena) -> Option<Value<'a>> {
        leaf(path, Value::String(self))
    }
}

impl TypedInput for char {
    fn at<'a>(&'a self, path: &[&str], arena: &'a Arena) -> Option<Value<'a>> {
        leaf(path, Value::string(arena, self.encode_utf8(&mut [0; 4])))
    }
}

impl TypedInput for bool {
    #[inline]
    fn at<'a>(&'a self, path: &[&str], _: &'a Arena) -> Option<Value<'a>> {
        leaf(path, Value::Bool(*self))
    }
}

/// `null`
impl TypedInput for () {
    #[inline]
    fn at<'a>(&'a self, path: &[&str], _: &'a Arena) -> Option<Value<'a>> {
        leaf(path, Value::Null)
    }
}

macro_rules! small_integers {
    ($($integer:ty),*) => {$(
        impl TypedInput for $integer {
            #[inline]
            fn at<'a>(&'a self, path: &[&str], _: &'a Arena) -> Option<Value<'a>> {
                leaf(path, Value::int(i64::from(*self)))
            }
        }
    )*};
}
small_integers!(i8, i16, i32, i64, u8, u16, u32);

macro_rules! large_integers {
    ($($integer:ty),*) => {$(
        impl TypedInput for $integer {
            #[inline]
            fn at<'a>(&'a self, path: &[&str], arena: &'a Arena) -> Option<Value<'a>> {
                leaf(path, match i64::try_from(*self) {
                    Ok(small) => Value::int(small),
                    Err(_) => Value::Number(Number::copied(arena, &self.to_string())),
                })
            }
        }
    )*};
}
large_integers!(isize, u64, usize, i128, u128);

/// What is no number in JSON (infinities, NaN) is `null`, as `serde_json` writes it.
impl TypedInput for f64 {
    fn at<'a>(&'a self, path: &[&str], arena: &'a Arena) -> Option<Value<'a>> {
        leaf(
            path,
            Number::from_f64(arena, *self).map_or(Value::Null, Value::Number),
        )
    }
}

impl TypedInput for f32 {
    fn at<'a>(&'a self, path: &[&str], arena: &'a Arena) -> Option<Value<'a>> {
        // The shortest text of the `f32`, not of the `f64` of the same worth.
        let text = self.to_string();
        let number = if self.is_finite() && crate::number::is_json_number(text.as_bytes()) {
            Value::Number(Number::copied(arena, &text))
        } else {
            Value::Null
        };
        leaf(path, number)
    }
}

/// `None` is undefined.
impl<T: TypedInput> TypedInput for Option<T> {
    #[inline]
    fn at<'a>(&'a self, path: &[&str], arena: &'a Arena) -> Option<Value<'a>> {
        self.as_ref()?.at(path, arena)
    }
}

macro_rules! pointers {
    ($($pointer:ty),*) => {$(
        impl<T: TypedInput + ?Sized> TypedInput for $pointer {
            #[inline]
            fn at<'a>(&'a self, path: &[&str], arena: &'a Arena) -> Option<Value<'a>> {
                (**self).at(path, arena)
            }
        }
    )*};
}
pointers!(&T, &mut T, Box<T>, Rc<T>, Arc<T>);

impl<T: TypedInput + ToOwned + ?Sized> TypedInput for Cow<'_, T> {
    #[inline]
    fn at<'a>(&'a self, path: &[&str], arena: &'a Arena) -> Option<Value<'a>> {
        (**self).at(path, arena)
    }
}

impl TypedInput for Value<'_> {
    #[inline]
    fn at<'a>(&'a self, path: &[&str], _: &'a Arena) -> Option<Value<'a>> {
        self.path(path)
    }
}

/// Elements that are `None` are `null`: an array has no holes.
impl<T: TypedInput> TypedInput for [T] {
    fn at<'a>(&'a self, path: &[&str], arena: &'a Arena) -> Option<Value<'a>> {
        if !path.is_empty() {
            return None;
        }
        let items = self
            .iter()
            .map(|item| item.at(&[], arena).unwrap_or_default());
        Some(Value::Array(Array::new(arena.alloc_slice_fill_iter(items))))
    }
}

impl<T: TypedInput> TypedInput for Vec<T> {
    #[inline]
    fn at<'a>(&'a self, path: &[&str], arena: &'a Arena) -> Option<Value<'a>> {
        self.as_slice().at(path, arena)
    }
}

impl<T: TypedInput, const N: usize> TypedInput for [T; N] {
    #[inline]
    fn at<'a>(&'a self, path: &[&str], arena: &'a Arena) -> Option<Value<'a>> {
        self.as_slice().at(path, arena)
    }
}

/// JSON has no sets: an array, as `serde` writes it.
impl<T: TypedInput> TypedInput for BTreeSet<T> {
    fn at<'a>(&'a self, path: &[&str], arena: &'a Arena) -> Option<Value<'a>> {
        if !path.is_empty() {
            return None;
        }
        let items = self
            .iter()
            .map(|item| item.at(&[], arena).unwrap_or_default());
        Some(Value::Array(Array::new(arena.alloc_slice_fill_iter(items))))
    }
}

/// An array in the set's order, which differs from one run to the next.
impl<T: TypedInput, S: BuildHasher> TypedInput for HashSet<T, S> {
    fn at<'a>(&'a self, path: &[&str], arena: &'a Arena) -> Option<Value<'a>> {
        if !path.is_empty() {
            return None;
        }
        let items = self
            .iter()
            .map(|item| item.at(&[], arena).unwrap_or_default());
        Some(Value::Array(Array::new(arena.alloc_slice_fill_iter(items))))
    }
}

/// The entries of a map as an object, in the memory of the arena.
fn object<'a, K: AsRef<str> + 'a, T: TypedInput + 'a>(
    arena: &'a Arena,
    entries: impl Iterator<Item = (&'a K, &'a T)>,
) -> Value<'a> {
    let mut sorted = bumpalo::collections::Vec::new_in(arena);
    for (key, value) in entries {
        if let Some(value) = value.at(&[], arena) {
            sorted.push((Value::String(key.as_ref()), value));
        }
    }
    sorted.sort_by(|a, b| a.0.compare(b.0));
    sorted.dedup_by(|a, b| a.0.equals(b.0));
    Object::from_sorted(arena, &sorted)
}

impl<K: AsRef<str> + Ord, T: TypedInput> TypedInput for BTreeMap<K, T> {
    fn at<'a>(&'a self, path: &[&str], arena: &'a Arena) -> Option<Value<'a>> {
        match path.split_first() {
            None => Some(object(arena, self.iter())),
            Some((name, rest)) => {
                let (_, value) = self.iter().find(|(key, _)| key.as_ref() == *name)?;
                value.at(rest, arena)
            }
        }
    }
}

impl<K, T, S> TypedInput for HashMap<K, T, S>
where
    K: AsRef<str> + std::hash::Hash + Eq + std::borrow::Borrow<str>,
    T: TypedInput,
    S: BuildHasher,
{
    fn at<'a>(&'a self, path: &[&str], arena: &'a Arena) -> Option<Value<'a>> {
        match path.split_first() {
            None => Some(object(arena, self.iter())),
            Some((name, rest)) => self.get(*name)?.at(rest, arena),
        }
    }
}

macro_rules! tuples {
    ($(($($name:ident $at:tt),*))*) => {$(
        impl<$($name: TypedInput),*> TypedInput for ($($name,)*) {
            fn at<'a>(&'a self, path: &[&str], arena: &'a Arena) -> Option<Value<'a>> {
                leaf(
                    path,
                    Value::array(arena, &[$(self.$at.at(&[], arena).unwrap_or_default()),*]),
                )
            }
        }
    )*};
}
tuples!((A 0) (A 0, B 1) (A 0, B 1, C 2) (A 0, B 1, C 2, D 3));
