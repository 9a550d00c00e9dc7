//! The table of builtin functions.
//!
//! Each builtin is declared once, beside its implementation, in a family under [`crate::builtins`]. Names, arities,
//! documentation and capabilities are derived from the declaration.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::context::Context;
use crate::error::BuiltinError;
use crate::value::Value;

/// What a builtin gives: a value, nothing (the expression is undefined), or an error.
pub type Outcome<'a> = Result<Option<Value<'a>>, BuiltinError>;

/// The implementation of a builtin. The slice holds as many arguments as the builtin is declared with.
pub type Run = for<'a> fn(&mut Context<'a>, &[Value<'a>]) -> Outcome<'a>;

/// The declaration of a builtin function.
#[derive(Clone, Copy, Debug)]
pub struct Builtin {
    /// The name that policies call, as in OPA's `capabilities.json`.
    pub name: &'static str,
    /// Types in OPA's notation, arguments and result optionally named: `(x: number, y: number) => z: number`.
    pub signature: &'static str,
    /// What it does, one or two sentences, for documentation and editors.
    pub description: &'static str,
    /// What each argument is, for documentation; as long as the list of arguments, or empty.
    pub arguments: &'static [&'static str],
    /// What the result is, for documentation.
    pub result: &'static str,
    /// The groups of OPA's documentation that it belongs to.
    pub categories: &'static [&'static str],
    /// Asking twice with the same arguments may give two answers; answers are recorded for replay.
    pub nondeterministic: bool,
    /// Policies should not call it any more.
    pub deprecated: bool,
    /// The operator that stands for it, `+` for `plus`.
    pub infix: Option<&'static str>,
    /// The result is a set of solutions, each of which the caller continues with (`walk`).
    pub relation: bool,
    /// The implementation.
    pub run: Run,
}

impl Builtin {
    /// A deterministic builtin without operator or category.
    #[must_use]
    pub const fn new(
        name: &'static str,
        signature: &'static str,
        description: &'static str,
        run: Run,
    ) -> Self {
        Self {
            name,
            signature,
            description,
            arguments: &[],
            result: "",
            categories: &[],
            nondeterministic: false,
            deprecated: false,
            infix: None,
            relation: false,
            run,
        }
    }

    /// The same, in these groups of the documentation.
    #[must_use]
    pub const fn categories(mut self, categories: &'static [&'static str]) -> Self {
        self.categories = categories;
        self
    }

    /// The same, with what its arguments and its result are.
    #[must_use]
    pub const fn documented(
        mut self,
        arguments: &'static [&'static str],
        result: &'static str,
    ) -> Self {
        self.arguments = arguments;
        self.result = result;
        self
    }

    /// The same, with an operator.
    #[must_use]
    pub const fn infix(mut self, operator: &'static str) -> Self {
        self.infix = Some(operator);
        self
    }

    /// The same, nondeterministic.
    #[must_use]
    pub const fn nondeterministic(mut self) -> Self {
        self.nondeterministic = true;
        self
    }

    /// The same, deprecated.
    #[must_use]
    pub const fn deprecated(mut self) -> Self {
        self.deprecated = true;
        self
    }

    /// The same, as a relation.
    #[must_use]
    pub const fn relation(mut self) -> Self {
        self.relation = true;
        self
    }
}

/// All builtins, by family.
pub fn all() -> impl Iterator<Item = &'static Builtin> {
    crate::builtins::FAMILIES
        .iter()
        .flat_map(|family| family.iter())
}

/// The builtin of a name.
#[must_use]
pub fn lookup(name: &str) -> Option<&'static Builtin> {
    static BY_NAME: OnceLock<HashMap<&'static str, &'static Builtin>> = OnceLock::new();
    BY_NAME
        .get_or_init(|| all().map(|builtin| (builtin.name, builtin)).collect())
        .get(name)
        .copied()
}

/// Taking arguments out of values, with OPA's messages when they have another type. Positions count from 1.
pub mod operand {
    use num_bigint::BigInt;

    use crate::error::BuiltinError;
    use crate::number::Number;
    use crate::value::{Array, Object, Set, Value};

    /// `operand 1 must be string but got number`, `operand 1 must be one of {array, set} but got null`
    #[must_use]
    #[cold]
    pub fn wrong_type(position: usize, got: Value<'_>, expected: &[&str]) -> BuiltinError {
        let expected = match expected {
            [one] => (*one).to_owned(),
            many => format!("one of {{{}}}", many.join(", ")),
        };
        BuiltinError::operand(format!(
            "operand {position} must be {expected} but got {}",
            got.type_name()
        ))
    }

    /// `operand 1 must be array of strings but got array containing number`
    #[must_use]
    #[cold]
    pub fn wrong_element(
        position: usize,
        collection: Value<'_>,
        got: Value<'_>,
        expected: &[&str],
    ) -> BuiltinError {
        let kind = collection.type_name();
        let of = match expected {
            [one] => format!("{one}s"),
            many => format!("(any of) {{{}}}", many.join(", ")),
        };
        BuiltinError::operand(format!(
            "operand {position} must be {kind} of {of} but got {kind} containing {}",
            got.type_name()
        ))
    }

    /// `operand 2 must be one of {a, b}`
    #[must_use]
    #[cold]
    pub fn wrong_value(position: usize, expected: &[&str]) -> BuiltinError {
        BuiltinError::operand(match expected {
            [one] => format!("operand {position} must be {one}"),
            many => format!("operand {position} must be one of {{{}}}", many.join(", ")),
        })
    }

    /// Any other complaint about an operand: `operand 1 TEXT`.
    #[must_use]
    #[cold]
    pub fn wrong(position: usize, text: &str) -> BuiltinError {
        BuiltinError::operand(format!("operand {position} {text}"))
    }

    macro_rules! taker {
        ($(#[$doc:meta])* $name:ident, $variant:ident, $type:ty, $expected:literal) => {
            $(#[$doc])*
            #[inline]
            #[allow(clippy::elidable_lifetime_names, clippy::needless_lifetimes, reason = "a copied type does not name it")]
            pub fn $name<'a>(args: &[Value<'a>], position: usize) -> Result<$type, BuiltinError> {
                match at(args, position) {
                    Value::$variant(inner) => Ok(inner),
                    other => Err(wrong_type(position, other, &[$expected])),
                }
            }
        };
    }

    /// The argument at a position.
    #[must_use]
    #[inline]
    pub fn at<'a>(args: &[Value<'a>], position: usize) -> Value<'a> {
        args.get(position.wrapping_sub(1))
            .copied()
            .unwrap_or_default()
    }

    taker!(
        /// A string.
        string, String, &'a str, "string"
    );
    taker!(
        /// A boolean.
        boolean, Bool, bool, "boolean"
    );
    taker!(
        /// A number.
        number, Number, Number<'a>, "number"
    );
    taker!(
        /// An array.
        array, Array, Array<'a>, "array"
    );
    taker!(
        /// An object.
        object, Object, Object<'a>, "object"
    );
    taker!(
        /// A set.
        set, Set, &'a Set<'a>, "set"
    );

    /// An integer of 64 bits, written as one.
    pub fn int(args: &[Value<'_>], position: usize) -> Result<i64, BuiltinError> {
        number(args, position)?.to_i64().ok_or_else(|| {
            wrong(
                position,
                "must be integer number but got floating-point number",
            )
        })
    }

    /// An integer of any size.
    pub fn big_int(args: &[Value<'_>], position: usize) -> Result<BigInt, BuiltinError> {
        match at(args, position) {
            Value::Number(number) => number.to_big().ok_or_else(|| {
                wrong(
                    position,
                    "must be integer number but got floating-point number",
                )
            }),
            other => Err(wrong_type(position, other, &["integer"])),
        }
    }

    /// The members of an array or a set.
    pub fn array_or_set<'a>(
        args: &[Value<'a>],
        position: usize,
    ) -> Result<Array<'a>, BuiltinError> {
        match at(args, position) {
            Value::Array(items) => Ok(items),
            Value::Set(set) => Ok(Array::new(set.items())),
            other => Err(wrong_type(position, other, &["array", "set"])),
        }
    }

    /// An array or a set of strings.
    pub fn strings<'a>(args: &[Value<'a>], position: usize) -> Result<Vec<&'a str>, BuiltinError> {
        array_or_set(args, position)?
            .iter()
            .map(|item| {
                item.as_str()
                    .ok_or_else(|| wrong_element(position, at(args, position), item, &["string"]))
            })
            .collect()
    }
}
