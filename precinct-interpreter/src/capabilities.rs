//! The builtins of the runtime as OPA's capabilities.
//!
//! Every builtin declares its types in OPA's notation, `(xs: array[any], n: number) => any<number, string>`. Here that
//! text becomes the JSON form of `capabilities.json`, which the compiler reads.

use std::sync::{Arc, OnceLock};

use precinct_rego::capabilities::{Builtin, Capabilities, Declaration};
use precinct_rego::lower::{Signature, Signatures};
use precinct_runtime::builtin;
use serde_json::{Value, json};

use crate::hosts::PARSE_MODULE;

mod history;

pub use history::{capabilities_of, versions};

/// Keywords that modules of v1 can import.
const KEYWORDS: &[&str] = &["and", "not", "or"];

/// Features of the language.
const FEATURES: &[&str] = &[
    "keywords_in_refs",
    "rego_v1",
    "rego_v2",
    "rego_v2_import",
    "template_strings",
];

/// What the compiler turns into something else, so that no runtime has it: name, signature, operator.
const OPERATORS: &[(&str, &str, &str)] = &[
    ("eq", "(any, any) => boolean", "="),
    ("assign", "(any, any) => boolean", ":="),
];

/// What the compiler turns into documents: name, signature, description, description of the result.
const METADATA: &[(&str, &str, &str, &str)] = &[
    (
        "rego.metadata.chain",
        "() => chain: array[any]",
        "Returns the chain of metadata for the active rule.\nOrdered starting at the active rule, going outward to the most distant node in its package ancestry.\nA chain entry is a JSON document with two members: \"path\", an array representing the path of the node; and \"annotations\", a JSON document containing the annotations declared for the node.\nThe first entry in the chain always points to the active rule, even if it has no declared annotations (in which case the \"annotations\" member is not present).",
        "each array entry represents a node in the path ancestry (chain) of the active rule that also has declared annotations",
    ),
    (
        "rego.metadata.rule",
        "() => output: any",
        "Returns annotations declared for the active rule and using the _rule_ scope.",
        "\"rule\" scope annotations for this rule; empty object if no annotations exist",
    ),
];

/// All that precinct can do.
#[must_use]
pub fn capabilities() -> Arc<Capabilities> {
    static ALL: OnceLock<Arc<Capabilities>> = OnceLock::new();
    Arc::clone(ALL.get_or_init(|| {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let mut all = Capabilities::default();
        all.future_keywords = owned(KEYWORDS);
        all.features = owned(FEATURES);
        for (name, ..) in OPERATORS {
            all.declare(name, operator);
        }
        for (name, ..) in METADATA {
            all.declare(name, of_metadata);
        }
        all.declare(PARSE_MODULE.0, parse_module);
        for builtin in builtin::all() {
            all.declare(builtin.name, of_runtime);
        }
        Arc::new(all)
    }))
}

/// One of [`OPERATORS`].
fn operator(name: &str) -> Builtin {
    let operator = OPERATORS.iter().find(|(known, ..)| *known == name);
    let (signature, infix) = operator.map_or(("", None), |(_, signature, infix)| {
        (*signature, Some((*infix).to_owned()))
    });
    Builtin {
        infix,
        ..declared(name, signature)
    }
}

/// One of [`METADATA`].
fn of_metadata(name: &str) -> Builtin {
    let known = METADATA.iter().find(|(known, ..)| *known == name);
    known.map_or_else(
        || declared(name, ""),
        |(_, signature, description, result)| {
            documented(name, signature, description, &[], &[], result)
        },
    )
}

fn parse_module(name: &str) -> Builtin {
    documented(
        name,
        PARSE_MODULE.1,
        "Parses the input Rego string and returns an object representation of the AST.",
        &[],
        &["file name to attach to AST nodes' locations", "Rego module"],
        "AST object for the Rego module",
    )
}

/// One of the runtime's.
fn of_runtime(name: &str) -> Builtin {
    let Some(builtin) = builtin::lookup(name) else {
        return declared(name, "");
    };
    Builtin {
        infix: builtin.infix.map(str::to_owned),
        relation: builtin.relation,
        nondeterministic: builtin.nondeterministic,
        deprecated: builtin.deprecated,
        ..documented(
            name,
            builtin.signature,
            builtin.description,
            builtin.categories,
            builtin.arguments,
            builtin.result,
        )
    }
}

/// Features of the language where policies are v0, as OPA has them there.
const V0_FEATURES: &[&str] = &[
    "keywords_in_refs",
    "rego_v1",
    "rego_v1_import",
    "rego_v2",
    "rego_v2_import",
    "rule_head_ref_string_prefixes",
    "rule_head_refs",
];

/// Keywords that modules of v0 can import.
const V0_KEYWORDS: &[&str] = &["and", "contains", "every", "if", "in", "not", "or"];

/// All that precinct can do where policies are v0: there are no template strings, and more keywords to import.
#[must_use]
pub fn capabilities_v0() -> Arc<Capabilities> {
    static ALL: OnceLock<Arc<Capabilities>> = OnceLock::new();
    Arc::clone(ALL.get_or_init(|| {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let mut all = (*capabilities()).clone();
        all.future_keywords = owned(V0_KEYWORDS);
        all.features = owned(V0_FEATURES);
        Arc::new(all)
    }))
}

/// A builtin of this name and signature (`(x: number) => number`), for functions of a host program.
#[must_use]
pub fn declared(name: &str, signature: &str) -> Builtin {
    Builtin {
        name: name.to_owned(),
        description: String::new(),
        categories: Vec::new(),
        decl: Types::new(signature).declaration(),
        infix: None,
        relation: false,
        nondeterministic: false,
        deprecated: false,
    }
}

/// A builtin with its documentation.
fn documented(
    name: &str,
    signature: &str,
    description: &str,
    categories: &[&str],
    arguments: &[&str],
    result: &str,
) -> Builtin {
    let mut builtin = declared(name, signature);
    description.clone_into(&mut builtin.description);
    builtin.categories = categories.iter().map(|name| (*name).to_owned()).collect();
    let arguments = builtin.decl.args.iter_mut().zip(arguments);
    for (kind, text) in arguments.chain(builtin.decl.result.iter_mut().zip(&[result])) {
        if !text.is_empty() {
            kind["description"] = (*text).into();
        }
    }
    builtin
}

/// The capabilities as the lowering asks for them. Builtins that a policy may not call are found too, because the
/// compiler itself calls some.
pub(crate) struct Callable<'a>(pub(crate) &'a Capabilities);

impl Signatures for Callable<'_> {
    fn signature(&self, name: &str) -> Option<Signature> {
        let all = capabilities();
        let builtin = self.0.builtin(name).or_else(|| all.builtin(name))?;
        Some(Signature {
            arity: u32::try_from(builtin.arity()).ok()?,
            nondeterministic: builtin.nondeterministic,
            relation: builtin.relation,
        })
    }
}

/// Reads OPA's notation of types.
struct Types<'a> {
    rest: &'a str,
}

impl<'a> Types<'a> {
    fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// Steps over the sign, if it comes next.
    fn eat(&mut self, sign: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn word(&mut self) -> &'a str {
        self.rest = self.rest.trim_start();
        let end = self
            .rest
            .find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$')
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    /// `(x: number, ys...) => any`
    fn declaration(mut self) -> Declaration {
        let mut declaration = Declaration::default();
        self.eat("(");
        while !self.rest.is_empty() && !self.eat(")") {
            let before = self.rest.len();
            let kind = self.argument();
            if self.eat("...") {
                declaration.variadic = Some(kind);
            } else {
                declaration.args.push(kind);
            }
            self.eat(",");
            if self.rest.len() == before {
                break;
            }
        }
        if self.eat("=>") {
            declaration.result = Some(self.argument());
        }
        declaration
    }

    /// `x: number` with its name, or a type alone.
    fn argument(&mut self) -> Value {
        self.rest = self.rest.trim_start();
        // Names can have spaces in them.
        let name = self.rest.split_once(':').filter(|(name, _)| {
            name.chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | ' '))
        });
        let Some((name, rest)) = name else {
            return self.kind();
        };
        self.rest = rest;
        let mut kind = self.kind();
        kind["name"] = name.into();
        kind
    }

    /// The type of `x: number`, or a type alone.
    fn named(&mut self) -> Value {
        let mark = self.rest;
        let word = self.word();
        if !word.is_empty() && self.eat(":") {
            return self.kind();
        }
        self.rest = mark;
        self.kind()
    }

    fn kind(&mut self) -> Value {
        match self.word() {
            "any" => {
                let of = self.list("<", ">");
                if of.is_empty() {
                    json!({"type": "any"})
                } else {
                    json!({"type": "any", "of": of})
                }
            }
            "array" => {
                let mut array = json!({"type": "array"});
                let fixed = self.list("<", ">");
                if !fixed.is_empty() {
                    array["static"] = fixed.into();
                }
                if let [of] = self.list("[", "]").as_slice() {
                    array["dynamic"] = of.clone();
                }
                array
            }
            "set" => match self.list("[", "]").as_slice() {
                [of] => json!({"type": "set", "of": of}),
                _ => json!({"type": "set"}),
            },
            "object" => self.object(),
            scalar => json!({"type": scalar}),
        }
    }

    /// Types in brackets, separated by commas.
    fn list(&mut self, open: &str, close: &str) -> Vec<Value> {
        let mut list = Vec::new();
        if self.eat(open) {
            while !self.rest.is_empty() && !self.eat(close) {
                let before = self.rest.len();
                list.push(self.named());
                self.eat(",");
                if self.rest.len() == before {
                    break;
                }
            }
        }
        list
    }

    /// `object<op: string, path: any>[any: any]`: known keys, then the types of all others.
    fn object(&mut self) -> Value {
        let mut object = json!({"type": "object"});
        if self.eat("<") {
            let mut fixed = Vec::new();
            while !self.rest.is_empty() && !self.eat(">") {
                let before = self.rest.len();
                let key = self.word();
                self.eat(":");
                let value = self.kind();
                fixed.push(json!({"key": key, "value": value}));
                self.eat(",");
                if self.rest.len() == before {
                    break;
                }
            }
            object["static"] = fixed.into();
        }
        if self.eat("[") {
            let key = self.kind();
            self.eat(":");
            let value = self.kind();
            self.eat("]");
            object["dynamic"] = json!({"key": key, "value": value});
        }
        object
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn arguments_and_results_are_told_apart() {
        let decl = declared("f", "(x: number, y: any<number, set[any]>) => boolean").decl;
        assert_eq!(
            decl.args,
            [
                json!({"type": "number", "name": "x"}),
                json!({"type": "any", "name": "y", "of": [{"type": "number"}, {"type": "set", "of": {"type": "any"}}]})
            ]
        );
        assert_eq!(decl.result, Some(json!({"type": "boolean"})));
    }

    #[test]
    fn functions_can_have_no_arguments_and_no_result() {
        assert_eq!(declared("f", "() => number").arity(), 0);
        assert!(declared("f", "(any)").is_void());
    }

    #[test]
    fn objects_have_known_keys_and_others() {
        let decl = declared("f", "(object<op: string>[any: any]) => array<any, string>").decl;
        assert_eq!(
            decl.args,
            [json!({
                "type": "object",
                "static": [{"key": "op", "value": {"type": "string"}}],
                "dynamic": {"key": {"type": "any"}, "value": {"type": "any"}}
            })]
        );
        assert_eq!(
            decl.result,
            Some(json!({"type": "array", "static": [{"type": "any"}, {"type": "string"}]}))
        );
    }

    #[test]
    fn every_builtin_of_the_runtime_has_an_arity_that_its_text_shows() {
        for builtin in builtin::all() {
            let all = capabilities();
            let found = all.builtin(builtin.name).unwrap();
            let text = Types::new(builtin.signature).declaration();
            assert_eq!(found.arity(), text.args.len(), "{}", builtin.name);
        }
    }
}
