//! The statements of a text: package, imports, rules, queries.

use crate::ast::{RegoVersion, Span};

use super::parser::Parser;
use super::token::{Keywords, Tok};
use super::tree::{ImportNode, PackageNode, Statement, TermId, TermKind};

impl Parser<'_> {
    /// Reads statements up to the end or the first error.
    pub(super) fn statements(&mut self, skip_rules: bool) -> Vec<Statement> {
        let mut statements = Vec::new();
        self.scan();
        while self.s.tok != Tok::Eof {
            self.forget();
            if !skip_rules && self.check_keyword_rule_name(false) {
                break;
            }
            match self.statement(skip_rules) {
                Some(found) => statements.extend(found),
                None => break,
            }
        }
        statements
    }

    /// The next statement (several rules when it has several bodies).
    fn statement(&mut self, skip_rules: bool) -> Option<Vec<Statement>> {
        if self.s.tok == Tok::Package {
            let state = self.save();
            if let Some(package) = self.package() {
                self.reject_trailing_minus()?;
                return Some(vec![Statement::Package(package)]);
            }
            if self.has_errors() {
                return None;
            }
            self.restore(state);
        }
        if self.s.tok == Tok::Import {
            let state = self.save();
            if let Some(import) = self.import() {
                self.reject_trailing_minus()?;
                self.apply_import(&import);
                return Some(vec![Statement::Import(import)]);
            }
            if self.has_errors() {
                return None;
            }
            self.restore(state);
        }
        if !skip_rules {
            let state = self.save();
            if let Some(rules) = self.rules() {
                return Some(rules.into_iter().map(Statement::Rule).collect());
            }
            if self.has_errors() {
                return None;
            }
            self.restore(state);
        }
        let body = self.query(true, Tok::Eof)?;
        Some(vec![Statement::Body(body)])
    }

    /// A minus behind a path would otherwise start the next statement.
    fn reject_trailing_minus(&mut self) -> Option<()> {
        if self.s.tok == Tok::Sub {
            self.illegal_token();
            return None;
        }
        Some(())
    }

    /// Steps over `package` or `import`, unless it starts a reference.
    fn declaration(&mut self) -> Option<()> {
        self.scan_space();
        if matches!(self.s.tok, Tok::Dot | Tok::LBrack) {
            return None;
        }
        if self.s.tok == Tok::Whitespace {
            self.scan();
        }
        if self.s.tok != Tok::Ident {
            if !self.allowed_in_ref(self.s.tok) {
                self.illegal_token();
                return None;
            }
            self.s.tok = Tok::Ident;
        }
        Some(())
    }

    fn package(&mut self) -> Option<PackageNode> {
        let span = self.loc();
        self.declaration()?;
        let path = if let Some(term) = self.term() {
            self.package_path(term)?
        } else {
            if !self.has_errors() {
                self.error(self.loc(), "expected path");
            }
            return None;
        };
        Some(PackageNode { span, path })
    }

    fn package_path(&mut self, term: TermId) -> Option<Vec<TermId>> {
        let at = self.tree.term(term).span;
        let (head, rest) = match self.tree.kind(term).clone() {
            TermKind::Var(_) => (term, Vec::new()),
            TermKind::Ref(mut parts) => {
                let rest = parts.split_off(1);
                (parts.pop()?, rest)
            }
            _ => {
                self.illegal_token();
                return None;
            }
        };
        let head_at = if rest.is_empty() {
            at
        } else {
            self.tree.term(head).span
        };
        let Some(name) = self.tree.var(head).cloned() else {
            let kind = self.tree.value_name(head);
            self.error(
                self.tree.term(head).span,
                &format!("unexpected {kind} token: expecting var"),
            );
            return None;
        };
        let mut path = vec![
            self.add(head_at, TermKind::Var("data".into())),
            self.add(head_at, TermKind::String(name)),
        ];
        for part in rest {
            self.expect_string(part)?;
            path.push(part);
        }
        Some(path)
    }

    fn expect_string(&mut self, part: TermId) -> Option<()> {
        if matches!(self.tree.kind(part), TermKind::String(_)) {
            return Some(());
        }
        let kind = self.tree.value_name(part);
        self.error(
            self.tree.term(part).span,
            &format!("unexpected {kind} token: expecting string"),
        );
        None
    }

    fn import(&mut self) -> Option<ImportNode> {
        let span = self.loc();
        self.declaration()?;
        let present = self.s.keywords.without(Keywords::FUTURE);
        let term = self.with_keywords(present, Self::term);
        let path = term.and_then(|term| match self.tree.kind(term).clone() {
            TermKind::Var(_) => {
                let at = self.tree.term(term).span;
                Some(self.add(at, TermKind::Ref(vec![term])))
            }
            TermKind::Ref(_) => Some(term),
            _ => None,
        });
        let Some(path) = path else {
            self.error(self.loc(), "expected path");
            return None;
        };
        let parts = self.ref_parts(path);
        for part in parts.iter().skip(1) {
            self.expect_string(*part)?;
        }
        let root = parts.first().and_then(|p| self.tree.var(*p).cloned());
        if !matches!(root.as_deref(), Some("data" | "input" | "future" | "rego")) {
            self.hint("if this is unexpected, try updating OPA");
            let got = parts
                .first()
                .map(|p| self.display_term(*p))
                .unwrap_or_default();
            self.error(
                self.tree.term(path).span,
                &format!(
                    "unexpected import path, must begin with one of: {{data, future, input, rego}}, got: {got}"
                ),
            );
            return None;
        }
        if self.s.tok == Tok::As {
            let alias = self.alias()?;
            return Some(ImportNode {
                span,
                path,
                alias: Some(alias),
            });
        }
        self.check_import_name(&parts);
        Some(ImportNode {
            span,
            path,
            alias: None,
        })
    }

    fn alias(&mut self) -> Option<(std::sync::Arc<str>, Span)> {
        self.scan();
        if self.s.tok != Tok::Ident {
            self.illegal("expected var");
            return None;
        }
        if let Some(term) = self.term() {
            let at = self.tree.term(term).span;
            if let Some(name) = self.tree.var(term) {
                return Some((name.clone(), at));
            }
            if let [root] = self.ref_parts(term).as_slice() {
                let name = self.display_term(*root);
                self.error(
                    at,
                    &format!("unexpected import alias, must not be a reserved name, got: {name}"),
                );
                return None;
            }
        }
        self.illegal("expected var");
        None
    }

    /// Imports are known by the last part of their path, which can't be a keyword then.
    fn check_import_name(&mut self, parts: &[TermId]) {
        let Some(last) = parts.last() else {
            return;
        };
        let is_future = parts
            .first()
            .and_then(|p| self.tree.var(*p))
            .is_some_and(|name| name.as_ref() == "future");
        let name = match self.tree.kind(*last) {
            TermKind::Var(name) => name.clone(),
            TermKind::String(name) if !is_future => name.clone(),
            _ => return,
        };
        let keywords = Keywords::of_version(self.language.version);
        if keywords.has(Keywords::one(&name)) {
            self.hint("import a different path or use an alias");
            self.error(
                self.tree.term(*last).span,
                &format!("unexpected import path, must not end with a keyword, got: {name}"),
            );
        }
    }

    pub(super) fn ref_parts(&self, term: TermId) -> Vec<TermId> {
        match self.tree.kind(term) {
            TermKind::Ref(parts) => parts.clone(),
            _ => Vec::new(),
        }
    }

    /// The parts of an import's path as text.
    fn path_names(&self, path: TermId) -> Vec<String> {
        self.ref_parts(path)
            .iter()
            .map(|part| match self.tree.kind(*part) {
                TermKind::Var(name) | TermKind::String(name) => name.to_string(),
                _ => String::new(),
            })
            .collect()
    }

    /// Enables what `import rego.…` and `import future.…` stand for.
    fn apply_import(&mut self, import: &ImportNode) {
        let names = self.path_names(import.path);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match names.as_slice() {
            ["rego", ..] => self.rego_import(import, &names),
            ["future", ..] => self.future_import(import, &names),
            _ => return,
        }
        // The next token was read before the keywords were known.
        if self.s.tok == Tok::Ident
            && Keywords::FUTURE.has(Keywords::one(self.lit()))
            && let Some(tok) = self.s.keywords.token(self.lit())
        {
            self.s.tok = tok;
        }
    }

    fn rego_import(&mut self, import: &ImportNode, names: &[&str]) {
        let at = self.tree.term(import.path).span;
        let capabilities = &self.language.capabilities;
        let (version, supported, new) = match names {
            [_, "v1"] => (
                RegoVersion::V1,
                ["rego_v1_import", "rego_v1", "rego_v2"]
                    .iter()
                    .any(|f| capabilities.feature(f)),
                Keywords::FUTURE_V0,
            ),
            [_, "v2"] => (
                RegoVersion::V2,
                ["rego_v2_import", "rego_v2"]
                    .iter()
                    .any(|f| capabilities.feature(f)),
                Keywords::FUTURE,
            ),
            _ => {
                let shown = self.display_term(import.path);
                self.error(
                    at,
                    &format!("invalid import `{shown}`, must be one of: `rego.v1`, `rego.v2`"),
                );
                return;
            }
        };
        if !supported {
            let shown = self.display_term(import.path);
            self.error(
                at,
                &format!("invalid import, `{shown}` is not supported by current capabilities"),
            );
            return;
        }
        if let Some((_, alias_at)) = import.alias {
            self.error(alias_at, "`rego` imports cannot be aliased");
            return;
        }
        if self.language.version == version {
            return;
        }
        self.s.keywords = self.s.keywords.import(new);
        if version == RegoVersion::V2 {
            self.not_bodies = true;
        }
    }

    fn future_import(&mut self, import: &ImportNode, names: &[&str]) {
        let at = self.tree.term(import.path).span;
        if names.get(1) != Some(&"keywords") {
            self.error(at, "invalid import, must be `future.keywords`");
            return;
        }
        if let Some((_, alias_at)) = import.alias {
            self.error(alias_at, "`future` imports cannot be aliased");
            return;
        }
        let importable = self.language.importable;
        let new = match names {
            [_, _, word] => {
                let keyword = Keywords::one(word);
                if !importable.has(keyword) {
                    self.error(
                        at,
                        &format!(
                            "unexpected keyword, must be one of [{}]",
                            importable.words().join(" ")
                        ),
                    );
                    return;
                }
                keyword
            }
            _ => importable,
        };
        if new.has(Keywords::one("not")) {
            self.not_bodies = true;
        }
        self.s.keywords = self.s.keywords.import(new);
    }

    /// Reports a keyword that a rule is named after, where what follows leaves no doubt.
    pub(super) fn check_keyword_rule_name(&mut self, default: bool) -> bool {
        use Tok::{Assign, Contains, If, LParen, Unify};
        let followers: &[Tok] = match self.s.tok {
            Tok::Every | Tok::If | Tok::In | Tok::Some | Tok::As => {
                &[Assign, Unify, If, Contains, LParen]
            }
            Tok::Package | Tok::Import => &[Assign, Unify, LParen],
            Tok::Not | Tok::LogicalAnd | Tok::LogicalOr => &[Assign, Unify, If, Contains],
            Tok::Contains => &[If, Contains],
            _ => return false,
        };
        if !default {
            let next = self.peek();
            if !followers.contains(&next) {
                return false;
            }
        }
        let name = self.s.tok.name();
        self.error(
            self.loc(),
            &format!("{name} keyword cannot be used for rule name"),
        );
        true
    }
}
