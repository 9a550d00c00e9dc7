//! YAML to values and back, as OPA reads and writes it.
//!
//! The grammar is libyaml's, of which Go's `yaml/v3` is a port, so that texts that are refused are refused in its words. What the grammar leaves open (which plain scalars are numbers, keys
//! that are no texts, merges, which style a scalar is written in) is decided as there, since policies see it.

mod decode;
mod depth;
mod emit;
mod error;
mod node;
mod properties;
mod resolve;
mod scalars;
mod scan;

use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::json::{self, Decoder};
use crate::value::Value;

/// YAML to values and back.
pub const FAMILY: &[Builtin] = &[
    Builtin::new(
        "yaml.marshal",
        "(x: any) => y: string",
        "Serializes the input term to YAML.",
        yaml_marshal,
    )
    .categories(&["encoding"])
    .documented(
        &["the term to serialize"],
        "the YAML string representation of `x`",
    ),
    Builtin::new(
        "yaml.unmarshal",
        "(x: string) => y: any",
        "Deserializes the input string.",
        yaml_unmarshal,
    )
    .categories(&["encoding"])
    .documented(&["a YAML string"], "the term deserialized from `x`"),
    Builtin::new(
        "yaml.is_valid",
        "(x: string) => result: boolean",
        "Verifies the input string is a valid YAML document.",
        yaml_is_valid,
    )
    .categories(&["encoding"])
    .documented(
        &["a YAML string"],
        "`true` if `x` is valid YAML, `false` otherwise",
    ),
];

/// The first document of the text as JSON; a text without documents is `null`.
///
/// # Errors
/// The text is no YAML, or stands for what JSON cannot say, in OPA's words.
pub fn to_json(source: &str) -> Result<String, String> {
    depth::within(|limit| {
        let mut out = String::new();
        decode::decode(&node::parse(source, limit)?, limit)?.write_json(&mut out)?;
        Ok(out)
    })
}

fn yaml_marshal<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    // JSON is YAML, and its numbers are read as YAML's are.
    let written = json::to_string(operand::at(args, 1));
    let text = depth::within(|limit| {
        let data = decode::decode(&node::parse(&written, limit)?, limit)?;
        Ok(emit::document(&data))
    });
    let text = text.map_err(BuiltinError::new)?;
    Ok(Some(Value::string(context.arena(), &text)))
}

fn yaml_unmarshal<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let source = to_json(operand::string(args, 1)?).map_err(BuiltinError::new)?;
    Decoder::new(context.arena())
        .decode_copied(source.as_bytes())
        .map(Some)
        .map_err(|error| BuiltinError::new(error.to_string()))
}

fn yaml_is_valid<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let valid = operand::at(args, 1)
        .as_str()
        .is_some_and(|source| to_json(source).is_ok());
    Ok(Some(Value::Bool(valid)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::to_json;

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[-?:,\\[\\]{}#&*!|>'\"%@ab1~.\\\\ \\t\\n]{0,40}") {
            let _ = to_json(&text);
        }
    }

    #[test]
    fn deep_and_wide_texts_have_bounds() {
        assert!(to_json(&"[".repeat(5_000)).is_err());
        assert!(to_json(&"- ".repeat(11_000)).is_err());
        for depth in [100, 490, 2_000, 9_000] {
            let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            assert_eq!(to_json(&nested).unwrap(), nested);
            assert!(to_json(&"{a: ".repeat(depth)).is_err());
            let nested = format!("{}1{}", "{a: ".repeat(depth), "}".repeat(depth));
            assert_eq!(to_json(&nested).err(), None, "{depth}");
        }
        let bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n";
        let refused = to_json(bomb).unwrap_err();
        assert_eq!(refused, "yaml: document contains excessive aliasing");
    }
}
