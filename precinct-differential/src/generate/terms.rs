//! Terms of a type.

use super::documents::{KEYS, STRINGS};
use super::rules::Writer;
use crate::tree::Node;

/// What a term is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A number.
    Number,
    /// A string.
    String,
    /// A truth value.
    Truth,
    /// An array of numbers.
    Numbers,
    /// An array of strings.
    Strings,
    /// A set of numbers.
    NumberSet,
    /// A set of strings.
    StringSet,
    /// An object of strings to numbers.
    Object,
    /// Any of them.
    Any,
}

use Type::{Any, Number, NumberSet, Numbers, Object, String as Text, StringSet, Strings, Truth};

const CONCRETE: [Type; 8] = [
    Number, Text, Truth, Numbers, Strings, NumberSet, StringSet, Object,
];
/// The types whose members can be gone through.
pub const COLLECTIONS: [Type; 5] = [Numbers, Strings, NumberSet, StringSet, Object];

/// Calls and other terms: what comes out, how it is written, what goes in.
const CALLS: &[(Type, &str, &[Type])] = &[
    (Number, "(§ + §)", &[Number, Number]),
    (Number, "(§ - §)", &[Number, Number]),
    (Number, "(§ * §)", &[Number, Number]),
    (Number, "(§ / §)", &[Number, Number]),
    (Number, "(§ % §)", &[Number, Number]),
    (Number, "count(§)", &[Any]),
    (Number, "count(§)", &[Strings]),
    (Number, "sum(§)", &[Numbers]),
    (Number, "sum(§)", &[NumberSet]),
    (Number, "product(§)", &[Numbers]),
    (Number, "max(§)", &[Numbers]),
    (Number, "min(§)", &[NumberSet]),
    (Number, "abs(§)", &[Number]),
    (Number, "round(§)", &[Number]),
    (Number, "ceil(§)", &[Number]),
    (Number, "floor(§)", &[Number]),
    (Number, "to_number(§)", &[Text]),
    (Number, "indexof(§, §)", &[Text, Text]),
    (Number, "object.get(§, §, §)", &[Object, Text, Number]),
    (Number, "§[§]", &[Numbers, Number]),
    (Number, "strings.count(§, §)", &[Text, Text]),
    (Number, "bits.and(§, §)", &[Number, Number]),
    (Number, "bits.lsh(§, (§ % 70))", &[Number, Number]),
    (Number, "bits.xor(§, §)", &[Number, Number]),
    (Number, "units.parse_bytes(§)", &[Text]),
    (Number, "semver.compare(§, §)", &[Text, Text]),
    (Number, "time.parse_duration_ns(§)", &[Text]),
    (Text, "concat(§, §)", &[Text, Strings]),
    (Text, "concat(§, §)", &[Text, StringSet]),
    (Text, "lower(§)", &[Text]),
    (Text, "upper(§)", &[Text]),
    (Text, "trim(§, §)", &[Text, Text]),
    (Text, "trim_left(§, §)", &[Text, Text]),
    (Text, "trim_prefix(§, §)", &[Text, Text]),
    (Text, "trim_suffix(§, §)", &[Text, Text]),
    (Text, "trim_space(§)", &[Text]),
    (Text, "replace(§, §, §)", &[Text, Text, Text]),
    (Text, "substring(§, §, §)", &[Text, Number, Number]),
    (Text, "sprintf(\"%v|%v\", [§, §])", &[Any, Any]),
    (Text, "sprintf(\"%d %5.2f\", [§, §])", &[Number, Number]),
    (
        Text,
        "sprintf(\"%q %s %x\", [§, §, §])",
        &[Text, Text, Text],
    ),
    (Text, "format_int(§, 16)", &[Number]),
    (Text, "strings.reverse(§)", &[Text]),
    (Text, "type_name(§)", &[Any]),
    (Text, "json.marshal(§)", &[Any]),
    (Text, "base64.encode(§)", &[Text]),
    (Text, "base64.decode(§)", &[Text]),
    (Text, "base64url.encode(§)", &[Text]),
    (Text, "hex.encode(§)", &[Text]),
    (Text, "urlquery.encode(§)", &[Text]),
    (Text, "urlquery.decode(§)", &[Text]),
    (Text, "crypto.sha256(§)", &[Text]),
    (Text, "crypto.md5(§)", &[Text]),
    (Text, "regex.replace(§, \"[a-c]\", §)", &[Text, Text]),
    (Text, "yaml.marshal(§)", &[Any]),
    (Text, "§[§]", &[Strings, Number]),
    (Text, "$\"<{§}-{§}>\"", &[Any, Number]),
    (Text, "$\"{§}\\{x} {§} {§}\"", &[Object, StringSet, Any]),
    (Text, "time.format(§)", &[Number]),
    (Truth, "(§ == §)", &[Number, Number]),
    (Truth, "(§ < §)", &[Any, Any]),
    (Truth, "(§ >= §)", &[Number, Number]),
    (Truth, "(§ != §)", &[Text, Text]),
    (Truth, "startswith(§, §)", &[Text, Text]),
    (Truth, "endswith(§, §)", &[Text, Text]),
    (Truth, "contains(§, §)", &[Text, Text]),
    (Truth, "strings.any_prefix_match(§, §)", &[Text, Strings]),
    (Truth, "regex.match(\"^[a-z]+$\", §)", &[Text]),
    (Truth, "glob.match(\"*/y/*\", [\"/\"], §)", &[Text]),
    (Truth, "glob.match(\"a*\", null, §)", &[Text]),
    (Truth, "is_number(§)", &[Any]),
    (Truth, "is_string(§)", &[Any]),
    (Truth, "is_set(§)", &[Any]),
    (Truth, "json.is_valid(§)", &[Text]),
    (Truth, "semver.is_valid(§)", &[Text]),
    (Truth, "base64.is_valid(§)", &[Text]),
    (Truth, "object.subset(§, §)", &[Object, Object]),
    (Truth, "(§ in §)", &[Number, Numbers]),
    (Truth, "(§ in §)", &[Text, StringSet]),
    (Truth, "(§, § in §)", &[Text, Number, Object]),
    (Numbers, "array.concat(§, §)", &[Numbers, Numbers]),
    (Numbers, "array.slice(§, §, §)", &[Numbers, Number, Number]),
    (Numbers, "array.reverse(§)", &[Numbers]),
    (Numbers, "sort(§)", &[NumberSet]),
    (Numbers, "numbers.range((§ % 7), 3)", &[Number]),
    (Numbers, "numbers.range_step(0, 9, §)", &[Number]),
    (Numbers, "[§, §]", &[Number, Number]),
    (Numbers, "indexof_n(§, §)", &[Text, Text]),
    (Numbers, "array.flatten([§, §])", &[Numbers, Number]),
    (Strings, "split(§, §)", &[Text, Text]),
    (Strings, "[§, §, §]", &[Text, Text, Text]),
    (Strings, "sort(§)", &[Strings]),
    (Strings, "array.concat(§, §)", &[Strings, Strings]),
    (Strings, "regex.split(\"[/,]\", §)", &[Text]),
    (Strings, "regex.find_n(\"[a-z.]\", §, §)", &[Text, Number]),
    (NumberSet, "{§, §}", &[Number, Number]),
    (NumberSet, "(§ | §)", &[NumberSet, NumberSet]),
    (NumberSet, "(§ & §)", &[NumberSet, NumberSet]),
    (NumberSet, "(§ - §)", &[NumberSet, NumberSet]),
    (NumberSet, "union({§, §})", &[NumberSet, NumberSet]),
    (NumberSet, "intersection({§, §})", &[NumberSet, NumberSet]),
    (StringSet, "{§, §}", &[Text, Text]),
    (StringSet, "(§ | §)", &[StringSet, StringSet]),
    (StringSet, "object.keys(§)", &[Object]),
    (Object, "{§: §, §: §}", &[Text, Number, Text, Number]),
    (Object, "object.union(§, §)", &[Object, Object]),
    (Object, "object.remove(§, §)", &[Object, Strings]),
    (Object, "object.filter(§, §)", &[Object, StringSet]),
    (Object, "json.filter(§, [\"a\", \"b/c\"])", &[Object]),
    (
        Object,
        "json.patch(§, [{\"op\": \"add\", \"path\": \"/a\", \"value\": §}])",
        &[Object, Number],
    ),
    (Object, "object.union_n([§, §])", &[Object, Object]),
    (Any, "json.unmarshal(§)", &[Text]),
    (Any, "yaml.unmarshal(§)", &[Text]),
    (Any, "object.get(§, [\"a\", \"b\"], §)", &[Object, Any]),
    (Any, "[§, {§: §}]", &[Any, Text, Any]),
    (Any, "object.get(§, §, §)", &[Any, Any, Any]),
    (Any, "json.unmarshal(json.marshal(§))", &[Any]),
    (Any, "union({{§}, {§}})", &[Any, Any]),
    (Any, "max([§, §, §])", &[Any, Any, Any]),
    (Any, "sort([§, §, §])", &[Any, Any, Any]),
    (Any, "sort({§, §, §})", &[Any, Any, Any]),
    (Any, "json.remove(§, [\"a\", \"b/c\"])", &[Object]),
    (
        Any,
        "json.patch(§, [{\"op\": \"replace\", \"path\": \"/a\", \"value\": §}, {\"op\": \"remove\", \"path\": \"/b\"}])",
        &[Object, Any],
    ),
    (Any, "time.clock(§)", &[Number]),
    (Any, "time.diff(§, §)", &[Number, Number]),
    (
        Any,
        "graph.reachable({\"a\": [§], \"b\": {\"a\", §}}, §)",
        &[Text, Text, StringSet],
    ),
    (Any, "glob.quote_meta(§)", &[Text]),
    (
        Any,
        "regex.find_all_string_submatch_n(\"([a-z])(.)?\", §, §)",
        &[Text, Number],
    ),
    (Any, "array.flatten([§, [§, [§]]])", &[Any, Any, Any]),
    (Any, "crypto.hmac.sha256(§, §)", &[Text, Text]),
    (Any, "uri.parse(§)", &[Text]),
    (Any, "object.keys(§)", &[Any]),
    (
        Any,
        "strings.replace_n({\"a\": §, \"b\": §}, §)",
        &[Text, Text, Text],
    ),
    (Any, "{x: y | some x, y in §}", &[Object]),
    (Any, "{y: x | some x, y in §}", &[Strings]),
    (Any, "[[i, x] | some i, x in §]", &[Any]),
    (Any, "{x | walk(§, [_, x])}", &[Any]),
    (Any, "[p | walk(§, [p, _])]", &[Any]),
    (Any, "{§, §}", &[Any, Any]),
    (Any, "{[§]: §}[[§]]", &[Any, Any, Any]),
    (Any, "{§, [§, §]}[§]", &[Number, Text, Any, Any]),
    (Any, "object.get(data, [\"base\", §], §)", &[Text, Any]),
    (Any, "count(data[§])", &[Text]),
    (Text, "sprintf(§, [§, §])", &[Text, Any, Number]),
    (Text, "substring(base64.encode(§), §, -1)", &[Text, Number]),
    (Truth, "net.cidr_contains(\"10.0.0.0/8\", §)", &[Text]),
    (Truth, "regex.match(§, §)", &[Text, Text]),
    (Truth, "glob.match(§, [\"/\", \".\"], §)", &[Text, Text]),
    (Number, "bits.rsh(§, 1)", &[Number]),
    (Number, "-§", &[Number]),
    (Any, "{§: §}", &[Any, Any]),
];

impl Writer {
    /// A term of this type, as deep as that.
    pub fn term(&mut self, of: Type, depth: usize) -> Node {
        if of == Any && self.random.chance(75) {
            let of = *self.random.pick(&CONCRETE);
            return self.term(of, depth);
        }
        // A term of another type than the expected one.
        let of = if self.random.chance(1) { Any } else { of };
        if depth == 0 || self.random.chance(35) {
            return self.leaf(of);
        }
        match self.random.below(10) {
            0 | 1 if Self::comprehensible(of) => self.comprehension(of, depth - 1),
            2 | 3 => self.virtual_term(of, depth - 1),
            _ => {
                let calls: Vec<_> = CALLS.iter().filter(|call| call.0 == of).collect();
                if calls.is_empty() {
                    return self.leaf(of);
                }
                let (_, template, types) = **self.random.pick(&calls);
                if self.is_v0() && (template.contains(" in ") || template.starts_with('$')) {
                    return self.leaf(of);
                }
                let parts: Vec<Node> = types.iter().map(|of| self.term(*of, depth - 1)).collect();
                if template.starts_with("§[")
                    && !matches!(&parts[0], Node::Term(inner) if is_reference(inner))
                {
                    return parts
                        .into_iter()
                        .next()
                        .unwrap_or_else(|| Node::text("null"));
                }
                Node::filled(template, parts)
            }
        }
    }

    const fn comprehensible(of: Type) -> bool {
        !matches!(of, Number | Text | Truth)
    }

    pub(super) fn comprehension(&mut self, of: Type, depth: usize) -> Node {
        let outer = self.scope.len();
        let body = self.body(1, 2, depth.min(1));
        let node = match of {
            Numbers | NumberSet => {
                let item = self.term(Number, depth.min(1));
                let template = if of == Numbers {
                    "[§ | §]"
                } else {
                    "{§ | §}"
                };
                Node::filled(template, [item, body])
            }
            Object => {
                let key = self.term(Text, 1);
                let value = self.term(Number, depth.min(1));
                Node::filled("{§: § | §}", [key, value, body])
            }
            Any => {
                let item = self.term(Any, depth.min(1));
                Node::filled("[§ | §]", [item, body])
            }
            _ => {
                let item = self.term(Text, depth.min(1));
                let template = if of == Strings {
                    "[§ | §]"
                } else {
                    "{§ | §}"
                };
                Node::filled(template, [item, body])
            }
        };
        self.scope.truncate(outer);
        node
    }

    /// A term without parts.
    pub fn leaf(&mut self, of: Type) -> Node {
        if of == Any && self.random.chance(60) {
            let of = *self.random.pick(&CONCRETE);
            return self.leaf(of);
        }
        let variables: Vec<&String> = self
            .scope
            .iter()
            .filter(|(_, is)| *is == of || of == Any)
            .map(|(name, _)| name)
            .collect();
        if !variables.is_empty() && self.random.chance(55) {
            let index = self.random.below(variables.len());
            return Node::term(variables[index].clone());
        }
        let aliased = if self.aliases { "base" } else { "data.base" };
        let asked = if self.aliases { "asked" } else { "input" };
        let root = *self.random.pick(&["input", asked, "data.base", aliased]);
        let reference = self.random.chance(45);
        let text = match of {
            Number if reference => {
                let member = *self.random.pick(&[
                    "n", "m", "o.a", "ns[0]", "rs[0].id", "o[_]", "rs[_].id", "ns[_]",
                ]);
                format!("{root}.{member}")
            }
            Number => (*self.random.pick(&[
                "0",
                "1",
                "2",
                "3",
                "-1",
                "2.5",
                "10",
                "1e2",
                "64",
                "0.1",
                "1.0",
                "-0",
                "1e20",
                "12345678901234567890",
                "0.30000000000000004",
                "-7.25",
            ]))
            .to_owned(),
            Text if reference => {
                let member = *self.random.pick(&[
                    "s",
                    "ss[0]",
                    "rs[0].name",
                    "ss[_]",
                    "rs[_].name",
                    "rs[_].tags[_]",
                ]);
                format!("{root}.{member}")
            }
            Text => format!("{:?}", self.random.pick(&STRINGS)),
            Truth if reference => format!("{root}.b"),
            Truth => (*self.random.pick(&["true", "false"])).to_owned(),
            Numbers if reference => format!("{root}.ns"),
            Numbers => (*self.random.pick(&["[]", "[1]", "[3, 1, 2]", "[1, 1.0, 2]"])).to_owned(),
            Strings if reference => {
                let member = *self.random.pick(&["ss", "rs[0].tags", "rs[_].tags"]);
                format!("{root}.{member}")
            }
            Strings => (*self.random.pick(&["[]", "[\"a\"]", "[\"b\", \"a\", \"\"]"])).to_owned(),
            NumberSet => (*self
                .random
                .pick(&["set()", "{1}", "{1, 2, 2.5}", "{3, 10}"]))
            .to_owned(),
            StringSet => (*self
                .random
                .pick(&["set()", "{\"a\"}", "{\"a\", \"b\", \"x\"}"]))
            .to_owned(),
            Object if reference => {
                let member = *self.random.pick(&["o", "nest", "nest.a", "nest[_]"]);
                format!("{root}.{member}")
            }
            Object => {
                let (one, other) = (*self.random.pick(&KEYS), *self.random.pick(&KEYS));
                if one == other {
                    format!("{{{one:?}: 1}}")
                } else {
                    format!("{{{one:?}: 1, {other:?}: 2}}")
                }
            }
            Any => {
                let member = *self.random.pick(&[
                    "any",
                    "nest.a.b",
                    "missing",
                    "nest[_][_]",
                    "rs[0]",
                    "rs",
                    "rs[_]",
                ]);
                format!("{root}.{member}")
            }
        };
        Node::term(text)
    }
}

fn is_reference(node: &Node) -> bool {
    let text = node.to_string();
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._[]".contains(c))
}
