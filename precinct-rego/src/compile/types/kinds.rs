//! What is known about values before evaluation.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use super::described::Recursive;
use crate::ast::{Term, TermValue};

/// A type.
#[derive(Clone, Debug)]
pub enum Type {
    /// Nothing is known yet, not even whether there is a value. Messages show it as `???`.
    Unknown,
    /// `null`
    Null,
    /// `true`, `false`
    Boolean,
    /// Numbers.
    Number,
    /// Strings.
    String,
    /// Arrays: some first items, then any number of further ones.
    Array(Arc<ArrayType>),
    /// Objects: some properties, then any number of further ones.
    Object(Arc<ObjectType>),
    /// Sets; of unknown elements if the set is empty.
    Set(Arc<Type>),
    /// Any of these, in order; any value at all if there are none.
    Any(Arc<[Type]>),
    /// Functions.
    Function(Arc<FunctionType>),
    /// What a schema describes that contains itself.
    Recursive(Arc<Recursive>),
}

/// The type of an array.
#[derive(Clone, Debug)]
pub struct ArrayType {
    /// The first items.
    pub items: Vec<Type>,
    /// All further items, if there can be some.
    pub rest: Option<Type>,
}

/// The type of an object.
#[derive(Clone, Debug)]
pub struct ObjectType {
    /// Properties with known keys, ordered by key.
    pub properties: Vec<(TermValue, Type)>,
    /// Keys and values of all further properties, if there can be some.
    pub rest: Option<(Type, Type)>,
}

/// The type of a function.
#[derive(Clone, Debug)]
pub struct FunctionType {
    /// The parameters.
    pub args: Vec<Parameter>,
    /// The type of any further arguments.
    pub variadic: Option<Type>,
    /// The result; functions without one are void.
    pub result: Option<Parameter>,
}

/// A parameter or result.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name in the documentation.
    pub name: Option<Arc<str>>,
    /// What it is, in the documentation.
    pub about: Option<Arc<str>>,
    /// Its type.
    pub kind: Type,
}

impl Type {
    /// Any value at all.
    #[must_use]
    pub fn any() -> Self {
        Self::Any(Arc::new([]))
    }

    /// One of these.
    #[must_use]
    pub fn any_of(mut types: Vec<Self>) -> Self {
        types.sort_by(compare);
        Self::Any(types.into())
    }

    /// An array.
    #[must_use]
    pub fn array(items: Vec<Self>, rest: Option<Self>) -> Self {
        Self::Array(Arc::new(ArrayType { items, rest }))
    }

    /// An object.
    #[must_use]
    pub fn object(mut properties: Vec<(TermValue, Self)>, rest: Option<(Self, Self)>) -> Self {
        properties.sort_by(|a, b| a.0.cmp(&b.0));
        Self::Object(Arc::new(ObjectType { properties, rest }))
    }

    /// A set.
    #[must_use]
    pub fn set(of: Self) -> Self {
        Self::Set(Arc::new(of))
    }

    /// The type with its own parts, where it contains itself.
    #[must_use]
    pub fn opened(&self) -> Cow<'_, Self> {
        match self {
            Self::Recursive(it) => Cow::Owned(it.opened()),
            it => Cow::Borrowed(it),
        }
    }

    /// Nothing is known.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// Every value is possible.
    #[must_use]
    pub fn is_any(&self) -> bool {
        matches!(self, Self::Any(of) if of.is_empty())
    }

    /// Something about the type is not known yet.
    #[must_use]
    pub fn has_unknown(&self) -> bool {
        match self {
            Self::Unknown => true,
            Self::Null
            | Self::Boolean
            | Self::Number
            | Self::String
            | Self::Any(_)
            | Self::Recursive(_) => false,
            Self::Array(it) => {
                it.items.iter().any(Self::has_unknown)
                    || it.rest.as_ref().is_some_and(Self::has_unknown)
            }
            Self::Object(it) => {
                it.properties.iter().any(|(_, value)| value.has_unknown())
                    || it
                        .rest
                        .as_ref()
                        .is_some_and(|(key, value)| key.has_unknown() || value.has_unknown())
            }
            Self::Set(of) => of.has_unknown(),
            Self::Function(it) => {
                it.args.iter().any(|arg| arg.kind.has_unknown())
                    || it.result.as_ref().is_none_or(|it| it.kind.has_unknown())
            }
        }
    }

    /// A collection that can hold nothing.
    #[must_use]
    pub fn is_empty_collection(&self) -> bool {
        match self.opened().as_ref() {
            Self::Object(it) => it.properties.is_empty() && it.rest.is_none(),
            Self::Array(it) => it.items.is_empty() && it.rest.is_none(),
            Self::Set(of) => of.is_unknown(),
            _ => false,
        }
    }

    /// What the collection can be asked for; unknown if it is none.
    #[must_use]
    pub fn keys(&self) -> Self {
        match self.opened().as_ref() {
            Self::Array(_) => Self::Number,
            Self::Object(it) => {
                let known = it
                    .properties
                    .iter()
                    .fold(Self::Unknown, |sum, (key, _)| or(&sum, &of_value(key)));
                match &it.rest {
                    Some((key, _)) => or(&known, key),
                    None => known,
                }
            }
            Self::Set(of) => of.as_ref().clone(),
            Self::Any(of) if of.is_empty() => Self::any(),
            Self::Any(of) => of
                .iter()
                .fold(Self::Unknown, |sum, it| or(&it.keys(), &sum)),
            _ => Self::Unknown,
        }
    }

    /// What the collection can answer; unknown if it is none.
    #[must_use]
    pub fn values(&self) -> Self {
        match self.opened().as_ref() {
            Self::Array(it) => it
                .items
                .iter()
                .chain(&it.rest)
                .fold(Self::Unknown, |sum, item| or(&sum, item)),
            Self::Object(it) => it
                .properties
                .iter()
                .map(|(_, value)| value)
                .chain(it.rest.as_ref().map(|(_, value)| value))
                .fold(Self::Unknown, |sum, value| or(&sum, value)),
            Self::Set(of) => of.as_ref().clone(),
            Self::Any(of) if of.is_empty() => Self::any(),
            Self::Any(of) => of
                .iter()
                .fold(Self::Unknown, |sum, it| or(&it.values(), &sum)),
            _ => Self::Unknown,
        }
    }

    /// What the collection answers to a constant key; unknown if it cannot have it.
    #[must_use]
    pub fn select(&self, key: &TermValue) -> Self {
        match self.opened().as_ref() {
            Self::Array(it) => match key {
                TermValue::Number(text) => text
                    .parse::<i64>()
                    .ok()
                    .and_then(|index| usize::try_from(index).ok())
                    .map_or(Self::Unknown, |index| it.item(index)),
                _ => Self::Unknown,
            },
            Self::Object(it) => it.property(key),
            Self::Set(of) => {
                let wanted = of_value(key);
                match of.as_ref() {
                    of if same(of, &wanted) => of.clone(),
                    Self::Any(list)
                        if list.is_empty() || list.iter().any(|it| same(it, &wanted)) =>
                    {
                        wanted
                    }
                    _ => Self::Unknown,
                }
            }
            Self::Any(of) if of.is_empty() => Self::any(),
            Self::Any(of) => of
                .iter()
                .fold(Self::Unknown, |sum, it| or(&it.select(key), &sum)),
            _ => Self::Unknown,
        }
    }

    /// Whether both are arrays, both are strings, …
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }

    fn rank(&self) -> i8 {
        match self {
            Self::Unknown => -1,
            Self::Null => 0,
            Self::Boolean => 1,
            Self::Number => 2,
            Self::String => 3,
            Self::Array(_) => 4,
            Self::Object(_) => 5,
            Self::Set(_) => 6,
            Self::Any(_) => 7,
            Self::Function(_) => 8,
            Self::Recursive(it) => it.opened().rank(),
        }
    }
}

impl ArrayType {
    /// The type of the item at this index; unknown if there can be none.
    pub(super) fn item(&self, index: usize) -> Type {
        self.items
            .get(index)
            .or(self.rest.as_ref())
            .cloned()
            .unwrap_or(Type::Unknown)
    }
}

impl ObjectType {
    /// The type of the property with this key; unknown if there can be none.
    pub(super) fn property(&self, key: &TermValue) -> Type {
        if let Ok(at) = self
            .properties
            .binary_search_by(|(known, _)| known.cmp(key))
        {
            return self.properties[at].1.clone();
        }
        match &self.rest {
            Some((keys, values)) if contains(keys, &of_value(key)) => values.clone(),
            _ => Type::Unknown,
        }
    }
}

/// Whether a type allows another one, taken as a whole.
fn contains(a: &Type, b: &Type) -> bool {
    match a {
        Type::Any(of) => {
            !matches!(b, Type::Function(_)) && (of.is_empty() || of.iter().any(|it| same(it, b)))
        }
        _ => same(a, b),
    }
}

fn same(a: &Type, b: &Type) -> bool {
    compare(a, b).is_eq()
}

/// The type of a constant.
#[must_use]
pub fn of_value(value: &TermValue) -> Type {
    match value {
        TermValue::Null => Type::Null,
        TermValue::Boolean(_) => Type::Boolean,
        TermValue::Number(_) => Type::Number,
        TermValue::String(_) | TermValue::Template(_) => Type::String,
        TermValue::Array(items) | TermValue::Set(items) => {
            Type::array(items.iter().map(|it| of_value(&it.value)).collect(), None)
        }
        TermValue::Object(entries) => Type::object(
            entries
                .iter()
                .map(|(key, it)| (json_key(key), of_value(&it.value)))
                .collect(),
            None,
        ),
        _ => Type::Unknown,
    }
}

/// A constant as a key of an object type: sets count as arrays, as in JSON.
pub(super) fn json_key(term: &Term) -> TermValue {
    match &term.value {
        TermValue::Set(items) => {
            let mut items = items.clone();
            items.sort();
            items.dedup();
            TermValue::Array(items)
        }
        value => value.clone(),
    }
}

/// The order of types: by kind, then by content.
pub(super) fn compare(a: &Type, b: &Type) -> Ordering {
    match (a, b) {
        (Type::Recursive(x), Type::Recursive(y)) => {
            if x.is(y) {
                return Ordering::Equal;
            }
            let order = a.rank().cmp(&b.rank());
            order.then_with(|| x.name().cmp(y.name()))
        }
        (Type::Recursive(_), _) | (_, Type::Recursive(_)) => compare(&a.opened(), &b.opened()),
        (Type::Array(a), Type::Array(b)) => {
            rests(a.rest.as_ref(), b.rest.as_ref()).then_with(|| lists(&a.items, &b.items))
        }
        (Type::Object(a), Type::Object(b)) => {
            let key = |it: &ObjectType| it.rest.as_ref().map(|(key, _)| key.clone());
            let value = |it: &ObjectType| it.rest.as_ref().map(|(_, value)| value.clone());
            rests(key(a).as_ref(), key(b).as_ref())
                .then_with(|| rests(value(a).as_ref(), value(b).as_ref()))
                .then_with(|| {
                    a.properties
                        .iter()
                        .zip(&b.properties)
                        .map(|(x, y)| x.0.cmp(&y.0).then_with(|| compare(&x.1, &y.1)))
                        .find(|order| order.is_ne())
                        .unwrap_or_else(|| a.properties.len().cmp(&b.properties.len()))
                })
        }
        (Type::Set(a), Type::Set(b)) => compare(a, b),
        (Type::Any(a), Type::Any(b)) => lists(a, b),
        (Type::Function(a), Type::Function(b)) => a
            .args
            .len()
            .cmp(&b.args.len())
            .then_with(|| {
                a.args
                    .iter()
                    .zip(&b.args)
                    .map(|(x, y)| compare(&x.kind, &y.kind))
                    .find(|order| order.is_ne())
                    .unwrap_or(Ordering::Equal)
            })
            .then_with(|| {
                let result = |it: &FunctionType| it.result.as_ref().map(|it| it.kind.clone());
                rests(result(a).as_ref(), result(b).as_ref())
            })
            .then_with(|| rests(a.variadic.as_ref(), b.variadic.as_ref())),
        _ => a.rank().cmp(&b.rank()),
    }
}

fn rests(a: Option<&Type>, b: Option<&Type>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => compare(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

fn lists(a: &[Type], b: &[Type]) -> Ordering {
    a.iter()
        .zip(b)
        .map(|(x, y)| compare(x, y))
        .find(|order| order.is_ne())
        .unwrap_or_else(|| a.len().cmp(&b.len()))
}

/// One of both. Functions only go with functions.
pub(super) fn or(a: &Type, b: &Type) -> Type {
    match (a, b) {
        (Type::Unknown, it) | (it, Type::Unknown) => it.clone(),
        (Type::Function(a), Type::Function(b)) => functions(a, b),
        (Type::Function(_), _) | (_, Type::Function(_)) => Type::Unknown,
        (Type::Any(a), Type::Any(b)) => {
            if a.is_empty() || b.is_empty() {
                return Type::any();
            }
            let mut all: Vec<Type> = a.iter().chain(b.iter()).cloned().collect();
            all.sort_by(compare);
            all.dedup_by(|x, y| same(x, y));
            Type::Any(all.into())
        }
        (any @ Type::Any(list), it) | (it, any @ Type::Any(list)) => {
            if contains(any, it) {
                return any.clone();
            }
            let mut list = list.to_vec();
            let at = list.partition_point(|known| compare(known, it).is_lt());
            list.insert(at, it.clone());
            Type::Any(list.into())
        }
        _ if same(a, b) => a.clone(),
        _ => Type::any_of(vec![a.clone(), b.clone()]),
    }
}

fn functions(a: &FunctionType, b: &FunctionType) -> Type {
    if a.args.len() != b.args.len() || a.variadic.is_some() != b.variadic.is_some() {
        return Type::Unknown;
    }
    let plain = |kind| Parameter {
        name: None,
        about: None,
        kind,
    };
    let kind = |it: &Option<Parameter>| it.as_ref().map_or(Type::Unknown, |it| it.kind.clone());
    let known = |it: Type| (!it.is_unknown()).then_some(it);
    Type::Function(Arc::new(FunctionType {
        args: a
            .args
            .iter()
            .zip(&b.args)
            .map(|(x, y)| plain(or(&x.kind, &y.kind)))
            .collect(),
        result: known(or(&kind(&a.result), &kind(&b.result))).map(plain),
        variadic: a
            .variadic
            .as_ref()
            .zip(b.variadic.as_ref())
            .map(|(x, y)| or(x, y)),
    }))
}
