//! What the front end has to know about the builtins: those of the runtime, and those that a host program adds.

use std::collections::{BTreeMap, BTreeSet};

use precinct_rego::lower::{Signature, Signatures};
use precinct_rego::prepare::{Builtins, Shape};
use precinct_runtime::builtin::{self, Builtin};

/// The builtins that policies can call: all of the runtime's, unless some are hidden, and those of the host program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuiltinTable {
    hosts: BTreeMap<String, u32>,
    hidden: BTreeSet<String>,
}

impl BuiltinTable {
    /// The same with a function of the host program, which the context of each evaluation must bring.
    #[must_use]
    pub fn with_host(mut self, name: &str, arity: u32) -> Self {
        self.hosts.insert(name.to_owned(), arity);
        self
    }

    /// The same without those that are not among these.
    #[must_use]
    pub fn only(mut self, names: &BTreeSet<String>) -> Self {
        let hidden = builtin::all().map(|builtin| builtin.name.to_owned());
        self.hidden
            .extend(hidden.filter(|name| !names.contains(name)));
        self
    }
}

/// Operators that the compiler turns into something else.
const UNIFICATION: Shape = Shape {
    arity: 2,
    variadic: false,
    relation: false,
    void: false,
    deprecated: false,
};

impl Builtins for BuiltinTable {
    fn get(&self, name: &str) -> Option<Shape> {
        if let Some(arity) = self.hosts.get(name) {
            return Some(Shape {
                arity: *arity as usize,
                ..Shape::default()
            });
        }
        if matches!(name, "eq" | "assign") {
            return Some(UNIFICATION);
        }
        if self.hidden.contains(name) {
            return None;
        }
        builtin::lookup(name).map(shape)
    }
}

impl Signatures for BuiltinTable {
    /// Hidden builtins are found, because the compiler itself calls some.
    fn signature(&self, name: &str) -> Option<Signature> {
        if let Some(arity) = self.hosts.get(name) {
            return Some(Signature {
                arity: *arity,
                nondeterministic: true,
                relation: false,
            });
        }
        let builtin = builtin::lookup(name)?;
        Some(Signature {
            arity: u32::try_from(shape(builtin).arity).ok()?,
            nondeterministic: builtin.nondeterministic,
            relation: builtin.relation,
        })
    }
}

fn shape(builtin: &Builtin) -> Shape {
    let (args, result) = split(builtin.signature);
    let variadic = args.contains("...");
    Shape {
        arity: if variadic { 0 } else { arity(args) },
        variadic,
        relation: builtin.relation,
        void: result.is_none(),
        deprecated: builtin.deprecated,
    }
}

/// `(x: number, y: number) => number`: what stands in the outer parentheses, and the result if there is one.
fn split(signature: &str) -> (&str, Option<&str>) {
    let mut depth = 0_usize;
    for (at, c) in signature.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    let args = signature.get(1..at).unwrap_or_default();
                    let rest = signature.get(at + 1..).unwrap_or_default();
                    return (args, rest.trim_start().strip_prefix("=>").map(str::trim));
                }
            }
            _ => {}
        }
    }
    ("", None)
}

fn arity(args: &str) -> usize {
    if args.trim().is_empty() {
        return 0;
    }
    let mut depth = 0_usize;
    let mut commas = 0;
    for c in args.chars() {
        match c {
            '(' | '[' | '{' | '<' => depth += 1,
            ')' | ']' | '}' | '>' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => commas += 1,
            _ => {}
        }
    }
    commas + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_counted_at_the_outer_level() {
        let count = |signature| arity(split(signature).0);
        assert_eq!(count("() => number"), 0);
        assert_eq!(count("(x: number, y: number) => number"), 2);
        assert_eq!(
            count("(a: object[string: any], b: any<array[string, any], set[string]>) => any"),
            2
        );
    }

    #[test]
    fn a_signature_without_result_is_void() {
        assert_eq!(split("(x: any)").1, None);
        assert_eq!(split("(x: any) => boolean").1, Some("boolean"));
    }
}
