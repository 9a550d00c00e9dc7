//! Literals, and the variables that they bind.

use super::rules::Writer;
use super::terms::{COLLECTIONS, Type};
use crate::tree::Node;

const REPLACED: [(&str, Type); 11] = [
    ("input.n", Type::Number),
    ("input.s", Type::String),
    ("input.o", Type::Object),
    ("data.base.ns", Type::Numbers),
    ("data.base.o.a", Type::Number),
    ("input", Type::Object),
    ("input.nest.a", Type::Object),
    ("input.new.member", Type::Any),
    ("data.base", Type::Object),
    ("data.base.extra", Type::Any),
    ("data.new.member", Type::Any),
];

impl Writer {
    /// Between so many and so many literals; the scope grows by what they bind.
    pub fn body(&mut self, least: usize, most: usize, depth: usize) -> Node {
        let owed = self.owed.len();
        self.body_using(owed, least, most, depth)
    }

    /// A body that uses what was declared from here on, since a declared variable must be used.
    fn body_using(&mut self, owed: usize, least: usize, most: usize, depth: usize) -> Node {
        let length = least + self.random.below(most - least + 1);
        let mut literals: Vec<Node> = Vec::new();
        for _ in 0..length {
            let literal = self.literal(depth);
            literals.push(literal);
        }
        self.settle(owed, &mut literals);
        Node::many(literals, "; ", 1)
    }

    fn settle(&mut self, owed: usize, literals: &mut Vec<Node>) {
        let names = self.owed.split_off(owed.min(self.owed.len()));
        let texts: Vec<String> = literals.iter().map(Node::to_string).collect();
        for (name, declared) in names {
            let uses = texts.iter().filter(|text| mentions(text, &name)).count();
            if uses > usize::from(declared) {
                continue;
            }
            let text = match self.random.below(4) {
                0 => format!("{name} == {name}"),
                1 => format!("[{name}, 1] != null"),
                2 => format!("type_name({name}) != \"\""),
                _ => format!("{name} <= {name}"),
            };
            literals.push(Node::text(text));
        }
    }

    /// A variable that must be used; `here`: in the same body, and not only in one below.
    fn declared(&mut self, of: Type, here: bool) -> Node {
        let node = self.fresh(of);
        self.owed.push((node.to_string(), here));
        node
    }

    /// A term of which there is one at most: in it nothing is gone through.
    fn single(&mut self, of: Type, depth: usize) -> Node {
        for _ in 0..4 {
            let term = self.term(of, depth);
            if !term.to_string().contains("[_]") {
                return term;
            }
        }
        Self::constant(of)
    }

    fn fresh(&mut self, of: Type) -> Node {
        self.variables += 1;
        let name = format!("v{}", self.variables);
        self.scope.push((name.clone(), of));
        Node::text(name)
    }

    fn literal(&mut self, depth: usize) -> Node {
        if depth == 0 || !self.random.chance(12) {
            return self.plain_literal(depth);
        }
        // What replaces cannot see what the literal binds.
        let mut replacements = vec![self.replacement(depth - 1)];
        while self.random.chance(25) {
            replacements.push(self.replacement(depth - 1));
        }
        let literal = self.plain_literal(depth);
        if literal.to_string().starts_with("some ") {
            return literal;
        }
        Node::Sequence(vec![literal, Node::many(replacements, "", 0)])
    }

    /// Another document or function to evaluate a literal under.
    fn replacement(&mut self, depth: usize) -> Node {
        if self.random.chance(25)
            && let Some((path, of)) = self.known(None)
        {
            let value = self.single(of, depth);
            return Node::fill(&format!(" with {path} as §"), [value]);
        }
        if self.random.chance(15)
            && let Some((one, other)) = self.two_functions()
        {
            if self.random.chance(50) {
                return Node::text(format!(" with {one} as {other}"));
            }
            let value = self.single(Type::Any, depth);
            return Node::fill(&format!(" with {one} as §"), [value]);
        }
        if self.random.chance(30) {
            let (name, value) = *self.random.pick(&[
                ("count", "7"),
                ("upper", "lower"),
                ("lower", "upper"),
                ("startswith", "endswith"),
                ("concat", "\"mocked\""),
                ("sum", "count"),
                ("json.marshal", "type_name"),
                ("is_number", "false"),
            ]);
            return Node::text(format!(" with {name} as {value}"));
        }
        let (path, of) = *self.random.pick(&REPLACED);
        let value = self.single(of, depth);
        Node::fill(&format!(" with {path} as §"), [value])
    }

    fn any_type(&mut self) -> Type {
        *self.random.pick(&[
            Type::Number,
            Type::String,
            Type::Truth,
            Type::Numbers,
            Type::Strings,
            Type::NumberSet,
            Type::StringSet,
            Type::Object,
            Type::Any,
        ])
    }

    fn member(of: Type) -> Type {
        match of {
            Type::Numbers | Type::NumberSet | Type::Object => Type::Number,
            Type::Strings | Type::StringSet => Type::String,
            _ => Type::Any,
        }
    }

    fn key(of: Type) -> Type {
        match of {
            Type::Numbers | Type::Strings => Type::Number,
            Type::Object => Type::String,
            of => Self::member(of),
        }
    }

    fn plain_literal(&mut self, depth: usize) -> Node {
        let v0 = self.is_v0();
        match self.random.below(30) {
            0..=3 => {
                let of = self.any_type();
                let value = self.term(of, depth + 1);
                let name = self.fresh(of);
                Node::fill("§ := §", [name, value])
            }
            4..=6 if !v0 => {
                let of = *self.random.pick(&COLLECTIONS);
                let collection = self.term(of, depth);
                if self.random.chance(50) {
                    let name = self.declared(Self::member(of), true);
                    Node::fill("some § in §", [name, collection])
                } else {
                    let key = self.declared(Self::key(of), true);
                    let value = self.declared(Self::member(of), true);
                    Node::fill("some §, § in §", [key, value, collection])
                }
            }
            7 | 8 => {
                let of = self.any_type();
                let (left, right) = (self.term(of, depth), self.term(of, depth));
                let operator = *self.random.pick(&["==", "!=", "<", "<=", ">", ">="]);
                Node::fill(&format!("§ {operator} §"), [left, right])
            }
            9 | 10 if depth > 0 => {
                let outer = self.scope.len();
                if self.is_v2() && self.random.chance(50) {
                    let body = self.body(1, 2, depth - 1);
                    self.scope.truncate(outer);
                    return Node::fill("not { § }", [body]);
                }
                let literal = if self.random.chance(50) {
                    let of = self.any_type();
                    let (left, right) = (self.single(of, depth), self.single(of, depth));
                    let operator = *self.random.pick(&["==", "!=", "<", "<=", ">", ">="]);
                    Node::fill(&format!("§ {operator} §"), [left, right])
                } else {
                    self.single(Type::Truth, depth)
                };
                Node::fill("not §", [literal])
            }
            11 | 12 if !v0 && depth > 0 => self.every(depth),
            13 | 14 => self.unification(depth),
            15 => {
                let root = *self.random.pick(&[
                    "input.ns",
                    "data.base.ns",
                    "input.o",
                    "input.rs",
                    "data.base.nest",
                    "input.nest",
                ]);
                self.variables += 1;
                let key = format!("v{}", self.variables);
                let value = self.fresh(Type::Any);
                let is = match root {
                    "input.ns" | "data.base.ns" | "input.rs" => Type::Number,
                    _ => Type::String,
                };
                self.scope.push((key.clone(), is));
                Node::fill(&format!("some {key}; § = {root}[{key}]"), [value])
            }
            16 if self.is_v2() && depth > 0 => {
                let outer = self.scope.len();
                let operator = *self.random.pick(&["and", "or"]);
                let (left, right) = (self.term(Type::Truth, depth), self.term(Type::Truth, depth));
                self.scope.truncate(outer);
                Node::fill(&format!("§ {operator} §"), [left, right])
            }
            17 => {
                let document = self.leaf(Type::Any);
                let path = self.fresh(Type::Any);
                let value = self.fresh(Type::Any);
                Node::fill("walk(§, [§, §])", [document, path, value])
            }
            18 => self.dynamic(depth),
            19..=23 => self.pattern(depth),
            _ => {
                let of = if self.random.chance(60) {
                    Type::Truth
                } else {
                    Type::Any
                };
                self.term(of, depth)
            }
        }
    }

    fn every(&mut self, depth: usize) -> Node {
        let outer = self.scope.len();
        let of = *self.random.pick(&COLLECTIONS);
        let domain = self.term(of, depth);
        let owed = self.owed.len();
        let template = if self.random.chance(60) {
            let name = self.declared(Self::member(of), false);
            Node::fill("every § in §", [name, domain])
        } else {
            let key = self.declared(Self::key(of), false);
            let value = self.declared(Self::member(of), false);
            Node::fill("every §, § in §", [key, value, domain])
        };
        let body = self.body_using(owed, 1, 2, depth - 1);
        self.scope.truncate(outer);
        Node::fill("§ { § }", [template, body])
    }

    fn unification(&mut self, depth: usize) -> Node {
        let (of, other) = (self.any_type(), self.any_type());
        let (left, right) = (self.term(of, depth), self.term(other, depth));
        match self.random.below(6) {
            0 => {
                let (one, two) = (self.fresh(of), self.fresh(other));
                Node::fill("[§, §] = [§, §]", [one, two, left, right])
            }
            1 => {
                let one = self.fresh(of);
                Node::fill(
                    "{\"a\": §, \"b\": §} = {\"a\": §, \"b\": §}",
                    [one, right.clone(), left, right],
                )
            }
            2 => {
                let list = if self.random.chance(60) {
                    self.leaf(Type::Numbers)
                } else {
                    Node::filled("[§, §]", [left, right])
                };
                // A list of another length as it is written binds nothing.
                let text = list.to_string();
                let list = if text == "[]" || text.starts_with("[1") || text.starts_with("[3") {
                    Node::term("input.ns")
                } else {
                    list
                };
                let (one, two) = (self.fresh(Type::Number), self.fresh(Type::Number));
                Node::fill("[§, §] = §", [one, two, list])
            }
            3 => {
                let one = self.fresh(of);
                Node::fill("§ = §", [left, one])
            }
            4 => {
                let (one, two) = (self.fresh(Type::Any), self.fresh(Type::Any));
                Node::fill(
                    "{\"id\": §, \"name\": §} = object.remove(input.rs[_], [\"tags\"])",
                    [one, two],
                )
            }
            _ => {
                let (one, two) = (self.fresh(of), self.fresh(Type::Any));
                Node::fill("[§, [§, 1]] = [§, [§, 1]]", [one, two, left, right])
            }
        }
    }

    /// Values taken apart, and references into what is worked out.
    fn pattern(&mut self, depth: usize) -> Node {
        let v0 = self.is_v0();
        match self.random.below(9) {
            0 => {
                let (left, right) = (self.term(Type::Number, depth), self.term(Type::Any, depth));
                let (one, two) = (self.fresh(Type::Number), self.fresh(Type::Any));
                Node::fill(
                    "{\"a\": [§, {\"b\": §}]} = {\"a\": [§, {\"b\": §}]}",
                    [one, two, left, right],
                )
            }
            1 => {
                let of = *self.random.pick(&[Type::Numbers, Type::Strings]);
                let list = self.comprehension(of, depth);
                let value = self.fresh(Self::member(of));
                Node::fill("§ := §[_]", [value, list])
            }
            2 => {
                let (text, index) = (self.term(Type::String, depth), self.term(Type::Number, 1));
                let value = self.fresh(Type::String);
                Node::fill("§ := split(§, \",\")[§]", [value, text, index])
            }
            3 if !v0 => {
                let id = self.declared(Type::Any, true);
                let root = *self.random.pick(&["input.rs", "data.base.rs"]);
                Node::fill(&format!("some {{\"id\": §, \"name\": _}} in {root}"), [id])
            }
            4 if !v0 => {
                let (left, right) = (self.term(Type::Any, depth), self.term(Type::Number, depth));
                let one = self.declared(Type::Any, true);
                Node::fill("some [§, 1] in [[§, 1], [2, §]]", [one, left, right])
            }
            5 if !v0 => {
                let (key, value) = (self.term(Type::Any, 1), self.term(Type::Any, depth));
                let of = *self.random.pick(&COLLECTIONS);
                let collection = self.term(of, depth);
                Node::fill("(§, § in §)", [key, value, collection])
            }
            6 => {
                let key = self.term(Type::String, depth.min(1));
                let other = self.term(Type::String, 0);
                let value = self.fresh(Type::Any);
                Node::fill("§ = input[§][§]", [value, key, other])
            }
            7 => {
                let of = self.any_type();
                let value = self.term(of, depth);
                let name = self.fresh(Type::Any);
                Node::fill("§ := {\"a\": [§, {\"b\": 1}]}.a[_]", [name, value])
            }
            _ => {
                self.variables += 1;
                let key = format!("v{}", self.variables);
                let value = self.fresh(Type::Any);
                self.scope.push((key.clone(), Type::String));
                Node::fill(&format!("some {key}; § = data.base[{key}]"), [value])
            }
        }
    }

    /// References through documents whose names are not known before.
    fn dynamic(&mut self, depth: usize) -> Node {
        let package = self.package_path();
        match self.random.below(7) {
            // Members of sets and objects of which a part is known.
            4 => {
                let (known, other) = (self.term(Type::Any, depth.min(1)), self.leaf(Type::Number));
                let value = self.fresh(Type::Any);
                Node::fill(
                    "{[1, 2], [\"a\", §], [§, §]}[[§, §]]",
                    [other.clone(), known.clone(), other, known, value],
                )
            }
            5 if let Some((path, _)) = self.known(Some(Type::Any)) => {
                let value = self.fresh(Type::Any);
                match self.random.below(4) {
                    0 => {
                        let known = self.leaf(Type::Number);
                        Node::fill(&format!("{path}[[§, §]]"), [value, known])
                    }
                    1 => {
                        let known = self.leaf(Type::Any);
                        Node::fill(&format!("{path}[[§, §]]"), [known, value])
                    }
                    2 => {
                        let known = self.leaf(Type::String);
                        Node::fill(&format!("§ = {path}[§][_]"), [value, known])
                    }
                    _ => {
                        let key = self.fresh(Type::Any);
                        Node::fill(&format!("§ = {path}[_][§]"), [value, key])
                    }
                }
            }
            6 if let Some((path, _)) = self.known(Some(Type::Object)) => {
                let value = self.fresh(Type::Number);
                let key = self.term(Type::String, depth.min(1));
                Node::fill(&format!("§ = {path}[§]"), [value, key])
            }
            0 => {
                let key = self.term(Type::String, depth.min(1));
                let value = self.fresh(Type::Any);
                Node::fill("§ = data.base[§]", [value, key])
            }
            1 if self.has_earlier_package() && !self.is_v0() => {
                let key = self.declared(Type::String, true);
                let value = self.declared(Type::Any, true);
                let earlier = Self::earlier_package();
                Node::fill(&format!("some §, § in {earlier}"), [key, value])
            }
            2 if self.random.chance(10) => {
                let value = self.fresh(Type::Any);
                Node::fill(&format!("§ = {package}.missing"), [value])
            }
            _ => {
                let value = self.fresh(Type::Any);
                Node::fill("§ = data.base.nest[_]", [value])
            }
        }
    }
}

/// Whether the name stands in the text, and not as a part of a longer one.
fn mentions(text: &str, name: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(name)
        .any(|(at, _)| !text[..at].ends_with(part) && !text[at + name.len()..].starts_with(part))
}
