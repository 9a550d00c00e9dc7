//! Queries: literals with their modifiers, `some`, `every`.

use super::parser::Parser;
use super::token::{Keywords, Tok};
use super::tree::{EveryNode, ExprId, ExprKind, TermId, TermKind, WithNode};

impl Parser<'_> {
    /// A query in braces or brackets, up to the token that closes it.
    pub(super) fn body(&mut self, end: Tok) -> Option<Vec<ExprId>> {
        self.query(false, end)
    }

    /// Literals, separated by semicolons or line breaks. With `one_line`, a line break ends the query.
    pub(super) fn query(&mut self, one_line: bool, end: Tok) -> Option<Vec<ExprId>> {
        if self.s.tok == end {
            self.error(self.loc(), "found empty body");
            return None;
        }
        let mut body = Vec::new();
        loop {
            body.push(self.literal()?);
            if self.s.tok == Tok::Semicolon {
                self.scan();
                continue;
            }
            if self.s.tok == end || one_line {
                return Some(body);
            }
            if !self.s.skipped_newline {
                if !self.has_errors() {
                    self.hint_missing_infix_keyword();
                    self.illegal(&format!("expected \\n or ; or {}", end.name()));
                }
                return None;
            }
        }
    }

    pub(super) fn literal(&mut self) -> Option<ExprId> {
        if !self.enter() {
            return None;
        }
        let at = self.loc();
        let expr = self.literal_kind();
        self.leave();
        let expr = expr?;
        let span = self.extended(at);
        self.tree.expr_mut(expr).span = Some(span);
        if let ExprKind::Not {
            body,
            explicit: false,
            ..
        } = self.tree.expr(expr).kind.clone()
        {
            for inner in body {
                self.tree.expr_mut(inner).span = Some(span);
            }
        }
        Some(expr)
    }

    fn literal_kind(&mut self) -> Option<ExprId> {
        if self.s.tok == Tok::LBrace
            && self.logical_keywords_active()
            && let Ok(result) = self.braced_operand_first()
        {
            return result;
        }
        if self.s.tok == Tok::LParen
            && self.logical_keywords_active()
            && let Ok(group) = self.logical_group(false, "")
        {
            return self.fold_logical_tail(group?);
        }
        if self.scan_ahead_ref() {
            return self.literal_expr(false, None);
        }
        let not_at = self.is_negation().then(|| self.loc());
        if let Some(at) = not_at {
            self.scan();
            if self.not_bodies && self.s.tok == Tok::LBrace {
                let operand = self.not_body(at)?;
                return self.fold_logical_tail(operand);
            }
        }
        match self.s.tok {
            Tok::Some if not_at.is_some() => {
                self.illegal("illegal negation of 'some'");
                None
            }
            Tok::Some => self.some(),
            Tok::Every if not_at.is_some() => {
                self.illegal("illegal negation of 'every'");
                None
            }
            Tok::Every => self.every(),
            _ => self.literal_expr(not_at.is_some(), not_at),
        }
    }

    /// A term, or a comparison of two by `:=` or `=`.
    pub(super) fn expr(&mut self) -> Option<ExprId> {
        let lhs = self.term_infix()?;
        if matches!(self.s.tok, Tok::Assign | Tok::Unify) {
            let operator = self.infix_operator();
            let rhs = self.term_infix()?;
            let kind = ExprKind::Call(vec![operator, lhs, rhs]);
            return Some(self.tree.add_expr(kind, None));
        }
        let kind = match self.tree.kind(lhs) {
            TermKind::Call(terms) => ExprKind::Call(terms.clone()),
            _ => ExprKind::Term(lhs),
        };
        Some(self.tree.add_expr(kind, None))
    }

    pub(super) fn with(&mut self) -> Option<Vec<WithNode>> {
        let mut modifiers = Vec::new();
        while self.s.tok == Tok::With {
            let at = self.loc();
            self.scan();
            if self.s.tok != Tok::Ident {
                self.illegal("expected ident");
                return None;
            }
            let target = self.term()?;
            if !matches!(self.tree.kind(target), TermKind::Ref(_) | TermKind::Var(_)) {
                self.illegal("expected with target path");
            }
            if self.s.tok != Tok::As {
                self.illegal("expected as keyword");
                return None;
            }
            self.scan();
            let value = self.term_infix()?;
            modifiers.push(WithNode {
                span: self.extended(at),
                target,
                value,
            });
        }
        Some(modifiers)
    }

    /// Reads the modifiers behind an expression, if there are any.
    pub(super) fn attach_with(&mut self, expr: ExprId) -> Option<ExprId> {
        if self.s.tok == Tok::With {
            let with = self.with()?;
            self.tree.expr_mut(expr).with = with;
        }
        Some(expr)
    }

    /// Whether the word can become a keyword by an import in this version.
    pub(super) fn is_future_keyword(&self, word: &str) -> bool {
        use crate::ast::RegoVersion;
        let keyword = Keywords::one(word);
        match self.language.version {
            RegoVersion::V0 | RegoVersion::V0CompatV1 => Keywords::FUTURE_V0.has(keyword),
            RegoVersion::V1 => Keywords::FUTURE_V1.has(keyword),
            RegoVersion::V2 => false,
        }
    }

    /// Reads as if all keywords were imported.
    pub(super) fn as_in_future<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let keywords = self.s.keywords.import(Keywords::FUTURE);
        let state = self.save();
        let result = self.with_keywords(keywords, read);
        self.restore(state);
        result
    }

    /// Hints at the import that is missing where `in`, `and` or `or` stands as a plain name.
    fn hint_missing_infix_keyword(&mut self) {
        if self.has_hints() {
            return;
        }
        let keyword = match self.s.tok {
            Tok::Ident => self.lit(),
            Tok::Comma => {
                let state = self.save();
                self.scan();
                let is_member = self.as_in_future(|p| {
                    let term = p.term_infix();
                    term.is_some_and(|t| p.member_arity(t).is_some())
                });
                self.restore(state);
                if !is_member {
                    return;
                }
                "in"
            }
            _ => return,
        };
        let example = match keyword {
            "in" => "x in xs",
            "and" => "x and y",
            "or" => "x or y",
            _ => return,
        };
        self.hint(format!(
            "`import future.keywords.{keyword}` for `{example}` expressions"
        ));
    }

    /// The number of operands that this call of `in` should have, if it is one.
    fn member_arity(&self, term: TermId) -> Option<usize> {
        let TermKind::Call(call) = self.tree.kind(term) else {
            return None;
        };
        match self.tree.operator(call)?.as_str() {
            "internal.member_2" => Some(2),
            "internal.member_3" => Some(3),
            _ => None,
        }
    }

    fn call_terms(&self, term: TermId) -> Option<Vec<TermId>> {
        match self.tree.kind(term) {
            TermKind::Call(call) => Some(call.clone()),
            _ => None,
        }
    }

    fn some(&mut self) -> Option<ExprId> {
        let at = self.loc();
        let state = self.save();
        self.scan();
        if let Some(term) = self.term_infix()
            && let Some(call) = self.call_terms(term)
        {
            match self.member_arity(term) {
                Some(arity) if call.len() != arity + 1 => {
                    self.illegal("illegal domain");
                    return None;
                }
                Some(_) => {}
                None => {
                    self.illegal("expected `x in xs` or `x, y in xs` expression");
                    return None;
                }
            }
            let expr = self.tree.add_expr(ExprKind::Some(at, vec![term]), Some(at));
            return self.attach_with(expr);
        }
        self.restore(state);
        if self.is_future_keyword("in") {
            let state = self.save();
            self.scan();
            let hint = self.as_in_future(|p| {
                let term = p.term_infix();
                term.is_some_and(|t| p.member_arity(t).is_some())
            });
            self.restore(state);
            if hint {
                self.hint("`import future.keywords.in` for `some x in xs` expressions");
            }
        }
        let mut symbols = Vec::new();
        loop {
            self.scan();
            if self.s.tok != Tok::Ident {
                self.illegal("expected var");
                return None;
            }
            symbols.push(self.var());
            self.scan();
            if self.s.tok != Tok::Comma {
                break;
            }
        }
        Some(self.tree.add_expr(ExprKind::Some(at, symbols), Some(at)))
    }

    /// Whether an `every` expression could be read from here with the keyword imported.
    pub(super) fn is_every_in_future(&mut self) -> bool {
        self.as_in_future(|p| p.every().is_some())
    }

    fn every(&mut self) -> Option<ExprId> {
        const EXPECTED: &str = "expected `x[, y] in xs { ... }` expression";
        let at = self.loc();
        self.scan();
        let term = self.term_infix()?;
        let Some(call) = self.call_terms(term) else {
            self.illegal(EXPECTED);
            return None;
        };
        let (key, value, domain) = match (self.member_arity(term), call.as_slice()) {
            (Some(2), [_, value, domain]) => (None, *value, *domain),
            (Some(3), [_, key, value, domain]) => (Some(*key), *value, *domain),
            (Some(_), _) => {
                self.illegal("illegal domain");
                return None;
            }
            (None, _) => {
                self.illegal(EXPECTED);
                return None;
            }
        };
        if key.is_some_and(|key| self.tree.var(key).is_none()) {
            self.illegal("expected key to be a variable");
            return None;
        }
        if self.tree.var(value).is_none() {
            self.illegal("expected value to be a variable");
            return None;
        }
        if self.s.tok != Tok::LBrace {
            self.illegal("missing body");
            return None;
        }
        self.scan();
        let body = self.body(Tok::RBrace)?;
        self.scan();
        let every = EveryNode {
            span: at,
            key,
            value,
            domain,
            body,
        };
        let expr = self.tree.add_expr(ExprKind::Every(every), Some(at));
        self.attach_with(expr)
    }
}
