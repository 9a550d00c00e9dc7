//! The syntax tree by indentation, as `parse` prints it.

use precinct_rego::ast::order::{sorted_entries, sorted_terms};
use precinct_rego::ast::{Body, Expr, ExprKind, Module, Rule, Term, TermValue};

/// A module, a line for each node.
pub fn module(module: &Module) -> String {
    let mut tree = Tree::default();
    tree.line(0, "module");
    tree.line(1, "package");
    tree.line(2, "ref");
    module
        .package
        .path
        .iter()
        .for_each(|part| tree.term(3, part));
    for import in &module.imports {
        tree.line(1, "import");
        tree.term(2, &import.path);
        // OPA writes the name even where there is none.
        let name = import.alias.as_ref().map_or("", |(name, _)| name);
        tree.line(2, name);
    }
    module.rules.iter().for_each(|rule| tree.rule(1, rule));
    module
        .annotations
        .iter()
        .for_each(|_| tree.line(1, "annotations"));
    module.comments.iter().for_each(|_| tree.line(1, "comment"));
    tree.text
}

#[derive(Default)]
struct Tree {
    text: String,
}

impl Tree {
    fn line(&mut self, depth: usize, text: &str) {
        self.text.extend(std::iter::repeat_n(' ', depth));
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn rule(&mut self, depth: usize, rule: &Rule) {
        self.line(depth, "rule");
        self.line(depth + 1, "head");
        self.line(depth + 2, "ref");
        rule.head
            .reference
            .iter()
            .for_each(|part| self.term(depth + 3, part));
        if !rule.head.args.is_empty() {
            self.line(depth + 2, "args");
            rule.head
                .args
                .iter()
                .for_each(|arg| self.term(depth + 3, arg));
        }
        // A key that the reference holds already is not shown again; that of a set stands nowhere in the tree.
        if let Some(value) = &rule.head.value {
            self.term(depth + 2, value);
        }
        self.body(depth + 1, &rule.body);
        if let Some(next) = &rule.else_rule {
            self.rule(depth + 1, next);
        }
    }

    fn body(&mut self, depth: usize, body: &Body) {
        self.line(depth, "body");
        for (index, expr) in body.iter().enumerate() {
            self.expr(depth + 1, index, expr);
        }
    }

    fn expr(&mut self, depth: usize, index: usize, expr: &Expr) {
        let not = if expr.negated { "negated " } else { "" };
        self.line(depth, &format!("expr {not}index={index}"));
        match &expr.kind {
            ExprKind::Term(term) => self.term(depth + 1, term),
            ExprKind::Call(terms) => terms.iter().for_each(|term| self.term(depth + 1, term)),
            ExprKind::Some(terms) => {
                self.line(depth + 1, "somedecl");
                for term in terms {
                    self.term(depth + 2, term);
                }
            }
            ExprKind::Every(every) => {
                self.line(depth + 1, "every");
                every.key.iter().for_each(|key| self.term(depth + 2, key));
                self.term(depth + 2, &every.value);
                self.term(depth + 2, &every.domain);
                self.body(depth + 2, &every.body);
            }
            ExprKind::Not(not) => {
                self.line(depth + 1, "not");
                self.body(depth + 2, &not.body);
            }
            ExprKind::And(sides) | ExprKind::Or(sides) => {
                let and = matches!(expr.kind, ExprKind::And(_));
                self.line(depth + 1, if and { "and" } else { "or" });
                self.body(depth + 2, &sides.lhs);
                self.body(depth + 2, &sides.rhs);
            }
        }
        for with in &expr.with {
            self.line(depth + 1, "with");
            self.term(depth + 2, &with.target);
            self.term(depth + 2, &with.value);
        }
    }

    fn list(&mut self, depth: usize, name: &str, items: &[Term]) {
        self.line(depth, name);
        for item in items {
            self.term(depth + 1, item);
        }
    }

    fn term(&mut self, depth: usize, term: &Term) {
        match &term.value {
            TermValue::Ref(parts) => self.list(depth, "ref", parts),
            TermValue::Array(items) => self.list(depth, "array", items),
            TermValue::Set(items) => {
                self.line(depth, "set");
                for item in sorted_terms(items) {
                    self.term(depth + 1, item);
                }
            }
            TermValue::Call(items) => self.list(depth, "call", items),
            TermValue::Object(entries) => {
                self.line(depth, "object");
                for (key, value) in sorted_entries(entries) {
                    self.term(depth + 1, key);
                    self.term(depth + 1, value);
                }
            }
            TermValue::ArrayComprehension(c) | TermValue::SetComprehension(c) => {
                let array = matches!(term.value, TermValue::ArrayComprehension(_));
                self.line(
                    depth,
                    if array {
                        "arraycomprehension"
                    } else {
                        "setcomprehension"
                    },
                );
                self.term(depth + 1, &c.term);
                self.body(depth + 1, &c.body);
            }
            TermValue::ObjectComprehension(c) => {
                self.line(depth, "objectcomprehension");
                self.term(depth + 1, &c.key);
                self.term(depth + 1, &c.value);
                self.body(depth + 1, &c.body);
            }
            // Its parts are not shown.
            TermValue::Template(_) => self.line(depth, "templatestring"),
            TermValue::Null
            | TermValue::Boolean(_)
            | TermValue::Number(_)
            | TermValue::String(_)
            | TermValue::Var(_) => self.line(depth, &formatted(&term.to_string())),
        }
    }
}

/// OPA writes a value as a format without operands, so that a `%` in it is a verb that misses one.
fn formatted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (before, verb) = rest.split_at(at);
        out.push_str(before);
        let flags = |c: char| matches!(c, '+' | '-' | '#' | ' ' | '0'..='9' | '.');
        let mut verb = verb[1..].trim_start_matches(flags);
        if let Some(behind) = verb.strip_prefix('*') {
            out.push_str("%!(BADWIDTH)");
            verb = behind;
        }
        let mut missing = "MISSING";
        if let Some((_, behind)) = verb.strip_prefix('[').and_then(|verb| verb.split_once(']')) {
            missing = "BADINDEX";
            verb = behind;
        }
        let mut letters = verb.chars();
        match letters.next() {
            None => out.push_str("%!(NOVERB)"),
            Some('%') => out.push('%'),
            Some(letter) => out.push_str(&format!("%!{letter}({missing})")),
        }
        rest = letters.as_str();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::formatted;

    #[test]
    fn verbs_miss_their_operands() {
        assert_eq!(formatted("\"a %s %d\""), "\"a %!s(MISSING) %!d(MISSING)\"");
        assert_eq!(formatted("\"100%\""), "\"100%!\"(MISSING)");
        assert_eq!(formatted("50%% %5.2f"), "50% %!f(MISSING)");
    }
}
