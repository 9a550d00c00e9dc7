//! The runtime's builtins, as the front end asks for them.

use precinct_rego::lower::{Signature, Signatures};
use precinct_rego::prepare::{Builtins, Shape};
use precinct_runtime::builtin::{self, Builtin};

/// All builtins of the runtime.
#[derive(Clone, Copy, Debug, Default)]
pub struct Runtime;

/// The operators that the engines execute themselves.
const ASSIGNMENT: Shape = Shape {
    arity: 2,
    variadic: false,
    relation: false,
    void: false,
    deprecated: false,
};

impl Builtins for Runtime {
    fn get(&self, name: &str) -> Option<Shape> {
        if matches!(name, "eq" | "assign") {
            return Some(ASSIGNMENT);
        }
        builtin::lookup(name).map(shape)
    }
}

impl Signatures for Runtime {
    fn signature(&self, name: &str) -> Option<Signature> {
        let builtin = builtin::lookup(name)?;
        Some(Signature {
            arity: u32::try_from(shape(builtin).arity).unwrap_or(u32::MAX),
            nondeterministic: builtin.nondeterministic,
            relation: builtin.relation,
        })
    }
}

fn shape(builtin: &Builtin) -> Shape {
    let (args, result) = builtin
        .signature
        .rsplit_once("=>")
        .map_or((builtin.signature, None), |(args, result)| {
            (args, Some(result))
        });
    let args = args.trim().trim_start_matches('(').trim_end_matches(')');
    let variadic = args.contains("...");
    let arity = if variadic || args.trim().is_empty() {
        0
    } else {
        1 + commas(args)
    };
    Shape {
        arity,
        variadic,
        relation: builtin.relation,
        void: result.is_none(),
        deprecated: builtin.deprecated,
    }
}

/// The commas that stand in no bracket.
fn commas(text: &str) -> usize {
    let mut depth = 0_u32;
    let mut count = 0;
    for character in text.chars() {
        match character {
            '(' | '[' | '<' | '{' => depth += 1,
            ')' | ']' | '>' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => count += 1,
            _ => {}
        }
    }
    count
}
