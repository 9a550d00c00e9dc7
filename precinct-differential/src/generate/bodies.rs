//! Literals, and the variables that they bind.

use super::rules::Writer;
use super::terms::{COLLECTIONS, Type};
use crate::tree::Node;

const REPLACED: [(&str, Type); 6] = [
    ("input.n", Type::Number),
    ("input.s", Type::String),
    ("input.o", Type::Object),
    ("data.base.ns", Type::Numbers),
    ("data.base.o.a", Type::Number),
    ("input", Type::Object),
];

impl Writer {
    /// Between so many and so many literals; the scope grows by what they bind.
    pub fn body(&mut self, least: usize, most: usize, depth: usize) -> Node {
        let length = least + self.random.below(most - least + 1);
        let literals = (0..length).map(|_| self.literal(depth)).collect();
        Node::many(literals, "; ", 1)
    }

    fn fresh(&mut self, of: Type) -> Node {
        self.variables += 1;
        let name = format!("v{}", self.variables);
        self.scope.push((name.clone(), of));
        Node::text(name)
    }

    fn literal(&mut self, depth: usize) -> Node {
        let literal = self.plain_literal(depth);
        if depth > 0 && self.random.chance(12) {
            return self.replaced(literal, depth);
        }
        literal
    }

    /// A literal that is evaluated under other documents or functions.
    fn replaced(&mut self, literal: Node, depth: usize) -> Node {
        if literal.to_string().starts_with("some ") {
            return literal;
        }
        match self.random.below(4) {
            0 => match self.known(None) {
                Some((path, of)) => {
                    let value = self.term(of, depth - 1);
                    Node::fill("§ with § as §", [literal, Node::text(path), value])
                }
                None => literal,
            },
            1 => {
                let (name, value) = *self.random.pick(&[
                    ("count", "7"),
                    ("upper", "lower"),
                    ("lower", "upper"),
                    ("startswith", "endswith"),
                    ("concat", "\"mocked\""),
                    ("sum", "count"),
                ]);
                Node::fill(
                    "§ with § as §",
                    [literal, Node::text(name), Node::text(value)],
                )
            }
            _ => {
                let (path, of) = *self.random.pick(&REPLACED);
                let value = self.term(of, depth - 1);
                Node::fill("§ with § as §", [literal, Node::text(path), value])
            }
        }
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
        match self.random.below(22) {
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
                    let name = self.fresh(Self::member(of));
                    Node::fill("some § in §", [name, collection])
                } else {
                    let key = self.fresh(Self::key(of));
                    let value = self.fresh(Self::member(of));
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
                let literal = self.plain_literal(depth - 1);
                self.scope.truncate(outer);
                if self.is_v2() && self.random.chance(50) {
                    return Node::fill("not { § }", [Node::many(vec![literal], "; ", 1)]);
                }
                let text = literal.to_string();
                if ["some ", "every ", "not "]
                    .iter()
                    .any(|word| text.starts_with(word))
                    || text.contains(":=")
                {
                    return literal;
                }
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
                let path = self.fresh(Type::Any);
                let value = self.fresh(Type::Any);
                let document = self.leaf(Type::Any);
                Node::fill("walk(§, [§, §])", [document, path, value])
            }
            18 => self.dynamic(depth),
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
        let template = if self.random.chance(60) {
            let name = self.fresh(Self::member(of));
            Node::fill("every § in §", [name, domain])
        } else {
            let key = self.fresh(Self::key(of));
            let value = self.fresh(Self::member(of));
            Node::fill("every §, § in §", [key, value, domain])
        };
        let body = self.body(1, 2, depth - 1);
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
                let (one, two) = (self.fresh(Type::Number), self.fresh(Type::Number));
                let list = self.term(Type::Numbers, depth);
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

    /// References through documents whose names are not known before.
    fn dynamic(&mut self, depth: usize) -> Node {
        let value = self.fresh(Type::Any);
        let package = self.package_path();
        match self.random.below(4) {
            0 => {
                let key = self.term(Type::String, depth.min(1));
                Node::fill("§ = data.base[§]", [value, key])
            }
            1 if self.has_earlier_package() => {
                let key = self.fresh(Type::String);
                let earlier = Self::earlier_package();
                Node::fill(&format!("some §, § in {earlier}"), [key, value])
            }
            2 if self.random.chance(10) => Node::fill(&format!("§ = {package}.missing"), [value]),
            _ => Node::fill("§ = data.base.nest[_]", [value]),
        }
    }
}
