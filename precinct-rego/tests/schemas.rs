//! What schemas say about documents, and the errors where a policy cannot agree with them: as OPA reports them.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use precinct_rego::capabilities::Capabilities;
use precinct_rego::compile::{CompileOptions, compile};
use precinct_rego::source::Sources;
use precinct_rego::syntax::{ParseOptions, parse_module};
use serde_json::Value;

/// Just the builtins that the policies here use.
const CAPABILITIES: &str = r#"{"builtins":[
{"name":"assign","decl":{"args":[{"type":"any"},{"type":"any"}],"result":{"type":"boolean"},"type":"function"},"infix":":="},
{"name":"count","decl":{"args":[{"name":"collection","of":[{"type":"string"},{"dynamic":{"type":"any"},"type":"array"},{"dynamic":{"key":{"type":"any"},"value":{"type":"any"}},"type":"object"},{"of":{"type":"any"},"type":"set"}],"type":"any"}],"result":{"name":"n","type":"number"},"type":"function"}},
{"name":"eq","decl":{"args":[{"type":"any"},{"type":"any"}],"result":{"type":"boolean"},"type":"function"},"infix":"="},
{"name":"equal","decl":{"args":[{"name":"x","type":"any"},{"name":"y","type":"any"}],"result":{"name":"result","type":"boolean"},"type":"function"},"infix":"=="},
{"name":"startswith","decl":{"args":[{"name":"search","type":"string"},{"name":"base","type":"string"}],"result":{"name":"result","type":"boolean"},"type":"function"}},
{"name":"upper","decl":{"args":[{"name":"x","type":"string"}],"result":{"name":"y","type":"string"},"type":"function"}}],"features":["rego_v1"],"allow_net":[]}"#;

/// The errors of a policy, one below the other, with what OPA prints below them.
fn errors(policy: &str, schemas: &[(&str, Value)]) -> String {
    let mut sources = Sources::default();
    let id = sources.add("test.rego", policy);
    let module = parse_module(&sources, id, &ParseOptions::default().with_annotations()).unwrap();
    let capabilities = Capabilities::from_json(CAPABILITIES).unwrap();
    let mut options = CompileOptions::new(Arc::new(capabilities));
    options.error_limit = 0;
    options.schemas = schemas
        .iter()
        .map(|(name, schema)| {
            let path: Vec<Arc<str>> = name.split('.').skip(1).map(Arc::from).collect();
            (path, schema.clone())
        })
        .collect::<BTreeMap<_, _>>();
    let Err(found) = compile(vec![module], &sources, &options) else {
        return String::new();
    };
    let mut text = String::new();
    for error in found {
        writeln!(text, "{}: {}", error.span.row, error.message).unwrap();
        for line in error
            .details
            .iter()
            .filter(|line| !line.contains("hint  :"))
        {
            writeln!(text, "    {line}").unwrap();
        }
    }
    text
}

#[test]
fn a_schema_of_input_holds_everywhere() {
    let schema = serde_json::from_str(INPUT).unwrap();
    assert_eq!(errors(POLICY, &[("schema", schema)]), POLICY_ERRORS);
}

#[test]
fn annotations_give_schemas_to_parts_of_documents() {
    let account = serde_json::json!({"type":"object","properties":{"id":{"type":"number"}}});
    assert_eq!(
        errors(ANNOTATED, &[("schema.account", account)]),
        ANNOTATED_ERRORS
    );
}

const INPUT: &str = r##"{
  "type": "object",
  "properties": {
    "a": {
      "$ref": "#/definitions/tree"
    },
    "user": {
      "type": "object",
      "properties": {
        "name": {
          "type": "string"
        },
        "age": {
          "type": "integer"
        },
        "roles": {
          "type": "array",
          "items": {
            "type": "string"
          }
        },
        "pair": {
          "items": [
            {
              "type": "string"
            },
            {
              "type": "null"
            },
            {
              "type": "number"
            }
          ]
        }
      }
    },
    "free": {
      "type": "object"
    },
    "choice": {
      "anyOf": [
        {
          "type": "object",
          "properties": {
            "x": {
              "type": "string"
            }
          }
        },
        {
          "type": "object",
          "properties": {
            "y": {
              "type": "number"
            }
          }
        },
        {
          "type": "boolean"
        }
      ]
    },
    "all": {
      "allOf": [
        {
          "properties": {
            "p": {
              "type": "string"
            }
          }
        },
        {
          "type": "object",
          "properties": {
            "q": {
              "type": "boolean"
            }
          }
        }
      ]
    }
  },
  "definitions": {
    "tree": {
      "type": "object",
      "properties": {
        "name": {
          "type": "string"
        },
        "children": {
          "type": "array",
          "items": {
            "$ref": "#/definitions/tree"
          }
        },
        "parent": {
          "$ref": "#/definitions/tree"
        }
      }
    }
  }
}"##;

const POLICY: &str = r#"package p

r1 if input.a.children[0].children[_].nme == "x"
r2 if input.a.parent.parent.name == 1
r3 if input.a.parent == 1
r4 if input.user.nam
r5 if input.user.roles[_].x
r6 if input.user.roles[_] == 1
r7 if input.user.pair[1] == "x"
r8 if input.user.pair[3]
r9 if input.free.anything.below
r10 if input.choice.z
r11 if input.choice.x == 1
r12 if input.choice == "s"
r13 if input.all.p == 1
r14 if input.all.q == true
r15 if input.all.r
r16 if [x | x := input.user.roles[_]] == "s"
r17 if startswith(input.user.age, "x")
r18 if input == 1
r19 if {"name": n, "age": m} = input.user
r20 if input.a.parent = {"name": n}
r21 if count(input.a.parent)
r22 if upper(input.a.parent)
f(x) := input.user.age
r23 if f(1) == "x"
"#;

const POLICY_ERRORS: &str = r#"3: undefined ref: input.a.children[0].children[_].nme
    input.a.children[0].children[_].nme
                                    ^
                                    have: "nme"
                                    want (one of): ["children" "name" "parent"]
4: match error
    left  : string
    right : number
5: match error
    left  : recursive(#/definitions/tree)
    right : number
6: undefined ref: input.user.nam
    input.user.nam
               ^
               have: "nam"
               want (one of): ["age" "name" "pair" "roles"]
7: undefined ref: input.user.roles[_].x
    input.user.roles[_].x
    ^^^^^^^^^^^^^^^^^^^
    have: string
8: match error
    left  : string
    right : number
10: undefined ref: input.user.pair[3]
    input.user.pair[3]
                    ^
                    have: 3
                    want (type): number
12: undefined ref: input.choice.z
    input.choice.z
                 ^
                 have: "z"
                 want (one of): ["x" "y"]
13: match error
    left  : string
    right : number
14: match error
    left  : any<boolean, object<x: string>, object<y: number>>
    right : string
15: match error
    left  : string
    right : number
17: undefined ref: input.all.r
    input.all.r
              ^
              have: "r"
              want (one of): ["p" "q"]
18: match error
    left  : array[string]
    right : string
19: startswith: invalid argument(s)
    have: (number, string)
    want: (string, string, boolean)
20: match error
    left  : object<...>
    right : number
21: match error
    left  : object<age: ???, name: ???>
    right : object<age: number, name: string, pair: array<string, any, number>, roles: array[string]>
22: match error
    left  : recursive(#/definitions/tree)
    right : object<name: ???>
24: upper: invalid argument(s)
    have: (recursive(#/definitions/tree))
    want: (string, string)
26: match error
    left  : number
    right : string
"#;

const ANNOTATED: &str = r#"package p
# METADATA
# scope: rule
# schemas:
#   - input.user: schema.account
#   - data.acl: schema.account
r24 if {
	input.user.id == "x"
	data.acl.ix
}

# METADATA
# schemas:
#   - input: schema.nope
r25 if input.x

# METADATA
# schemas:
#   - input: {type: object, properties: {k: {type: boolean}}}
r26 if input.k == 1

# METADATA
# schemas:
#   - input: {type: text}
r27 if input.k == 1

# METADATA
# schemas:
#   - input: {$ref: "http://example.invalid/x"}
r28 if input.k == 1

# METADATA
# schemas:
#   - data.x.y.z: {type: string}
#   - input.user.extra.deep: {type: string}
r29 if { data.x.y.z == 1; data.x.y.w; input.user.extra.deep == 1; input.user.extra.other }
# METADATA
# schemas:
#   - input: {allOf: [{type: string}, {type: number}]}
r30 if input == 1
"#;

const ANNOTATED_ERRORS: &str = r#"8: match error
    left  : number
    right : string
9: undefined ref: data.acl.ix
    data.acl.ix
             ^
             have: "ix"
             want (one of): ["id"]
15: undefined schema: schema.nope
20: match error
    left  : boolean
    right : number
25: unable to compile the schema: has a primitive type that is NOT VALID -- given: /text/ Expected valid values are:[array boolean integer number null object string]
30: unable to compile the schema: remote reference loading disabled: http://example.invalid/x
36: match error
    left  : string
    right : number
36: match error
    left  : string
    right : number
40: type checking: unable to merge these schemas: type mismatch: string and number
"#;
