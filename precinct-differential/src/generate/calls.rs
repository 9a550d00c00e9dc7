//! Calls of every builtin whose answer is the same twice, with arguments of its types and now and then of others.

use std::sync::OnceLock;

use precinct_interpreter::capabilities::capabilities;
use serde_json::Value;

use super::words::{NUMBERS, SMALL_NUMBERS, WORDS, words};
use crate::random::Random;
use crate::tree::Node;

/// A builtin: its name and the types of its arguments.
struct Callable {
    name: String,
    types: Vec<Value>,
    /// Modules of version 0 alone may call it.
    deprecated: bool,
}

/// What has no answer of its own, or a different one each time, or one that is not a value.
const LEFT_OUT: [&str; 16] = [
    "assign",
    "crypto.x509.",
    "crypto.parse_private_keys",
    "eq",
    "http.send",
    "internal.",
    "net.lookup_ip_addr",
    "opa.runtime",
    "print",
    "providers.aws.",
    "rand.intn",
    "rego.metadata.",
    "time.now_ns",
    "trace",
    "uuid.rfc4122",
    "walk",
];

fn callables() -> &'static [Callable] {
    static ALL: OnceLock<Vec<Callable>> = OnceLock::new();
    ALL.get_or_init(|| {
        let capabilities = capabilities();
        let mut all: Vec<Callable> = capabilities
            .builtins()
            .filter(|builtin| {
                !LEFT_OUT.iter().any(|left| {
                    builtin.name == *left || (left.ends_with('.') && builtin.name.starts_with(left))
                })
            })
            .map(|builtin| Callable {
                name: builtin.name.clone(),
                types: builtin.decl.args.clone(),
                deprecated: builtin.deprecated,
            })
            .collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    })
}

/// A module of calls, each a rule of its own.
pub fn module(random: &mut Random, rules: usize, v0: bool) -> Node {
    let rules = (0..rules).map(|index| rule(random, index, v0)).collect();
    let is = if v0 { "=" } else { ":=" };
    Node::Sequence(vec![
        // What goes through a function has no type that a compiler knows, and no value that it can work out.
        Node::text(format!("package p\n\nid(x, _) {is} x\n\n")),
        Node::many(rules, "\n\n", 0),
        Node::text("\n"),
    ])
}

fn rule(random: &mut Random, index: usize, v0: bool) -> Node {
    let mut callable = random.pick(callables());
    while callable.deprecated && !v0 {
        callable = random.pick(callables());
    }
    let terms: Vec<Node> = callable
        .types
        .iter()
        .enumerate()
        .map(|(place, of)| argument(random, index, &callable.name, place, of))
        .collect();
    let holes = vec!["§"; terms.len()].join(", ");
    let is = if v0 { "=" } else { ":=" };
    Node::fill(&format!("r{index} {is} {}({holes})", callable.name), terms)
}

/// An argument; one that goes through a function does so alone, for what a function gives is remembered, and for equal
/// numbers that are written differently once only.
fn argument(random: &mut Random, index: usize, name: &str, place: usize, of: &Value) -> Node {
    let through = format!("id(§, \"{index} {place}\")");
    if random.chance(4) {
        let term = anything(random, 2);
        return Node::fill(&through, [Node::term(term)]);
    }
    let text = value(random, of, &Hint { name, place }, 2);
    if random.chance(40) {
        return Node::fill(&through, [Node::term(text)]);
    }
    Node::term(text)
}

/// For which argument of which builtin a value is.
struct Hint<'a> {
    name: &'a str,
    place: usize,
}

fn quoted(text: impl AsRef<str>) -> String {
    Value::from(text.as_ref()).to_string()
}

fn string(random: &mut Random, hint: &Hint<'_>) -> String {
    let pool = words(hint.name, hint.place);
    if pool.is_empty() || random.chance(10) {
        return quoted(random.pick(&WORDS));
    }
    quoted(random.pick(pool))
}

fn number(random: &mut Random, hint: &Hint<'_>) -> String {
    // Large ones would keep both engines busy for ever.
    let small = matches!(
        (hint.name, hint.place),
        ("numbers.range" | "numbers.range_step", _)
            | ("bits.lsh" | "bits.rsh", 1)
            | ("time.add_date", 1..)
    );
    let numbers = if small {
        &SMALL_NUMBERS[..]
    } else {
        &NUMBERS[..]
    };
    (*random.pick(numbers)).to_owned()
}

fn items(random: &mut Random, of: &Value, hint: &Hint<'_>, depth: usize) -> Vec<String> {
    let length = random.below(4);
    (0..length)
        .map(|_| value(random, of, hint, depth))
        .collect()
}

fn set(items: &[String]) -> String {
    if items.is_empty() {
        return "set()".to_owned();
    }
    format!("{{{}}}", items.join(", "))
}

/// A term of a type in the JSON form of capabilities.
fn value(random: &mut Random, of: &Value, hint: &Hint<'_>, depth: usize) -> String {
    let kind = of.get("type").and_then(Value::as_str).unwrap_or("any");
    let any = Value::Null;
    let below = depth.saturating_sub(1);
    match kind {
        "null" => "null".to_owned(),
        "boolean" => (*random.pick(&["true", "false"])).to_owned(),
        "number" => number(random, hint),
        "string" => string(random, hint),
        "array" => {
            let fixed = of.get("static").and_then(Value::as_array);
            let mut all: Vec<String> = fixed
                .into_iter()
                .flatten()
                .map(|of| value(random, of, hint, below))
                .collect();
            if let Some(of) = of.get("dynamic") {
                all.extend(items(random, of, hint, below));
            }
            format!("[{}]", all.join(", "))
        }
        "set" => set(&items(random, of.get("of").unwrap_or(&any), hint, below)),
        "object" => object(random, of, hint, below),
        _ => match of.get("of").and_then(Value::as_array) {
            Some(choices) if !choices.is_empty() => {
                let choice = random.pick(choices).clone();
                value(random, &choice, hint, depth)
            }
            _ => {
                if random.chance(30) {
                    return string(random, hint);
                }
                anything(random, depth)
            }
        },
    }
}

fn object(random: &mut Random, of: &Value, hint: &Hint<'_>, depth: usize) -> String {
    let mut members = Vec::new();
    for member in of
        .get("static")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        if let Some(key) = member.get("key")
            && !random.chance(15)
        {
            let value = match key.as_str() {
                Some("op") => quoted(
                    random.pick(&["add", "remove", "replace", "move", "copy", "test", "odd"]),
                ),
                Some("path" | "from") => path(random),
                _ => value(
                    random,
                    member.get("value").unwrap_or(&Value::Null),
                    hint,
                    depth,
                ),
            };
            members.push(format!("{key}: {value}"));
        }
    }
    if hint.name == "json.patch" {
        if random.chance(80) {
            members.push(format!("\"value\": {}", anything(random, 1)));
        }
        if random.chance(30) {
            members.push(format!("\"from\": {}", path(random)));
        }
        return format!("{{{}}}", members.join(", "));
    }
    if let Some(dynamic) = of.get("dynamic") {
        let (any, mut keys) = (Value::Null, Vec::new());
        for _ in 0..random.below(4) {
            let key = if random.chance(75) {
                quoted(random.pick(&["a", "b", "c", "x", ""]))
            } else {
                value(random, dynamic.get("key").unwrap_or(&any), hint, 1)
            };
            if keys.contains(&key) {
                continue;
            }
            let value = value(random, dynamic.get("value").unwrap_or(&any), hint, depth);
            members.push(format!("{key}: {value}"));
            keys.push(key);
        }
    }
    format!("{{{}}}", members.join(", "))
}

fn path(random: &mut Random) -> String {
    (*random.pick(&[
        "\"/a\"",
        "\"/a/b\"",
        "\"a\"",
        "\"/0\"",
        "\"/-\"",
        "\"\"",
        "\"/\"",
        "\"/a/0\"",
        "\"/x~1y\"",
        "[\"a\"]",
        "[\"a\", 0]",
        "[]",
        "[1]",
        "\"/b/c/d\"",
        "\"/01\"",
        "\"/~0\"",
    ]))
    .to_owned()
}

/// A term of any type.
pub fn anything(random: &mut Random, depth: usize) -> String {
    let kinds = if depth == 0 { 5 } else { 9 };
    match random.below(kinds) {
        0 => "null".to_owned(),
        1 => (*random.pick(&["true", "false"])).to_owned(),
        2 => (*random.pick(&NUMBERS)).to_owned(),
        3 | 4 => quoted(random.pick(&WORDS)),
        5 | 6 => {
            let items: Vec<String> = (0..random.below(4))
                .map(|_| anything(random, depth - 1))
                .collect();
            format!("[{}]", items.join(", "))
        }
        7 => {
            let items: Vec<String> = (0..random.below(4))
                .map(|_| anything(random, depth - 1))
                .collect();
            set(&items)
        }
        _ => {
            let mut members: Vec<String> = Vec::new();
            for key in ["\"a\"", "\"b\"", "1", "\"x\"", "[1]"] {
                if random.chance(35) {
                    members.push(format!("{key}: {}", anything(random, depth - 1)));
                }
            }
            format!("{{{}}}", members.join(", "))
        }
    }
}
