//! Terms: infix operators in the order of their binding, operands, references, calls.

use crate::ast::Span;

use super::parser::{MAX_CHAIN, Parser};
use super::token::Tok;
use super::tree::{TermId, TermKind};

impl Parser<'_> {
    /// A term with infix operators; `k, v in xs` is allowed.
    pub(super) fn term_infix(&mut self) -> Option<TermId> {
        self.term_in(true)
    }

    /// A term with infix operators in a list, where commas separate.
    pub(super) fn term_infix_in_list(&mut self) -> Option<TermId> {
        self.term_in(false)
    }

    fn term_in(&mut self, key_value: bool) -> Option<TermId> {
        let offset = self.offset();
        let mut lhs = self.binary(1, offset)?;
        let mut count = 0;
        loop {
            if key_value && self.s.tok == Tok::Comma {
                let state = self.save();
                self.scan();
                if let Some(call) = self.member_with_key(lhs, offset) {
                    lhs = call;
                    if self.s.tok != Tok::In {
                        return Some(lhs);
                    }
                    continue;
                }
                self.restore(state);
            }
            self.scan_ahead_ref();
            if self.s.tok != Tok::In {
                return Some(lhs);
            }
            count += 1;
            if count > MAX_CHAIN {
                self.too_deep();
                return None;
            }
            let operator = self.member_operator("member_2");
            let rhs_offset = self.offset();
            let Some(rhs) = self.binary(1, rhs_offset) else {
                return Some(lhs);
            };
            lhs = self.call(vec![operator, lhs, rhs], lhs, offset);
            if self.s.tok != Tok::In {
                return Some(lhs);
            }
        }
    }

    /// The rest of `k, v in xs`, from `v`.
    fn member_with_key(&mut self, key: TermId, offset: u32) -> Option<TermId> {
        let value = self.binary(1, offset)?;
        if self.s.tok != Tok::In {
            return None;
        }
        let operator = self.member_operator("member_3");
        let rhs_offset = self.offset();
        let domain = self.binary(1, rhs_offset)?;
        Some(self.call(vec![operator, key, value, domain], key, offset))
    }

    fn member_operator(&mut self, name: &str) -> TermId {
        let span = self.loc();
        let head = self.add(span, TermKind::Var("internal".into()));
        let member = self.add(span, TermKind::String(name.into()));
        let operator = self.add(span, TermKind::Ref(vec![head, member]));
        self.scan();
        operator
    }

    /// A call that stands where its first operand does and covers the text from `offset`.
    fn call(&mut self, terms: Vec<TermId>, first: TermId, offset: u32) -> TermId {
        let at = self.tree.term(first).span;
        let span = Self::spanning(at, offset, self.s.last_end);
        self.add(span, TermKind::Call(terms))
    }

    /// Infix operators that bind at least as tightly as `level`, by precedence climbing.
    fn binary(&mut self, level: u8, offset: u32) -> Option<TermId> {
        let mut lhs = self.term()?;
        let mut ceiling = u8::MAX;
        let mut count = 0;
        while let Some(at) = self.s.tok.level().filter(|l| *l >= level && *l <= ceiling) {
            count += 1;
            if count > MAX_CHAIN {
                self.too_deep();
                return None;
            }
            let operator = self.infix_operator();
            let rhs_offset = self.offset();
            let rhs = if at == 5 {
                self.term()
            } else {
                self.binary(at + 1, rhs_offset)
            };
            if let Some(rhs) = rhs {
                lhs = self.call(vec![operator, lhs, rhs], lhs, offset);
                ceiling = at;
            } else {
                ceiling = at - 1;
            }
        }
        Some(lhs)
    }

    /// The current token as a reference to a built-in function.
    pub(super) fn infix_operator(&mut self) -> TermId {
        let span = self.loc();
        let name = self.add(span, TermKind::Var(self.s.tok.name().into()));
        let operator = self.add(span, TermKind::Ref(vec![name]));
        self.scan();
        operator
    }

    /// An operand.
    pub(super) fn term(&mut self) -> Option<TermId> {
        if !self.enter() {
            return None;
        }
        let term = if let Ok(term) = self.remembered() {
            term
        } else {
            let from = self.index();
            let term = self.operand();
            self.remember(from, term);
            term
        };
        self.leave();
        term
    }

    fn operand(&mut self) -> Option<TermId> {
        self.scan_ahead_logical_call();
        let span = self.loc();
        let mut minus = None;
        let term = match self.s.tok {
            Tok::Null => Some(self.add(span, TermKind::Null)),
            Tok::True => Some(self.add(span, TermKind::Boolean(true))),
            Tok::False => Some(self.add(span, TermKind::Boolean(false))),
            Tok::Sub => {
                let state = self.save();
                self.scan();
                if matches!(self.s.tok, Tok::Ident | Tok::Contains) {
                    minus = Some(span);
                    Some(self.var())
                } else {
                    self.restore(state);
                    self.number()
                }
            }
            Tok::Dot | Tok::Number => self.number(),
            Tok::String => self.string(),
            Tok::TemplatePart | Tok::TemplateEnd => self.template(false),
            Tok::RawTemplatePart | Tok::RawTemplateEnd => self.template(true),
            Tok::Ident | Tok::Contains => Some(self.var()),
            Tok::LBrack => self.array(),
            Tok::LBrace => self.set_or_object(),
            Tok::LParen => self.parenthesised(),
            _ => {
                self.illegal_token();
                None
            }
        };
        let term = self.finish(term?);
        match (term, minus) {
            (Some(term), Some(at)) => Some(self.negative(term, at)),
            (term, _) => term,
        }
    }

    /// `-x`, which is `0 - x`.
    fn negative(&mut self, term: TermId, at: Span) -> TermId {
        let zero = self.add(at, TermKind::Number("0".into()));
        let name = self.add(Span::default(), TermKind::Var("minus".into()));
        let operator = self.add(Span::default(), TermKind::Ref(vec![name]));
        let span = self.extended(at);
        self.add(span, TermKind::Call(vec![operator, zero, term]))
    }

    fn parenthesised(&mut self) -> Option<TermId> {
        let offset = self.offset();
        self.scan();
        let term = self.term_infix()?;
        if self.s.tok != Tok::RParen {
            self.error(self.loc(), "non-terminated expression");
            return None;
        }
        let at = self.tree.term(term).span;
        Some(self.set_span(term, Self::spanning(at, offset, self.s.tok_end)))
    }

    /// What follows an operand: operands of a reference, arguments of a call.
    fn finish(&mut self, head: TermId) -> Option<TermId> {
        let offset = self.offset();
        self.scan_space();
        match self.s.tok {
            Tok::LParen | Tok::Dot | Tok::LBrack => return self.reference(head, offset),
            Tok::Whitespace => self.scan(),
            _ => {}
        }
        Some(self.root_document(head))
    }

    /// What follows the name of a rule.
    pub(super) fn finish_head(&mut self, head: TermId) -> Option<TermId> {
        let offset = self.offset();
        self.scan_space();
        if self.s.tok.level().is_some() {
            self.illegal_token();
        } else if self.s.tok == Tok::Whitespace {
            self.scan();
        }
        match self.s.tok {
            Tok::LParen | Tok::Dot | Tok::LBrack => return self.reference(head, offset),
            Tok::Whitespace => self.scan(),
            _ => {}
        }
        Some(self.root_document(head))
    }

    /// `input` and `data` alone are references.
    fn root_document(&mut self, head: TermId) -> TermId {
        let is_root = self
            .tree
            .var(head)
            .is_some_and(|name| matches!(name.as_ref(), "input" | "data"));
        if is_root {
            let span = self.tree.term(head).span;
            return self.add(span, TermKind::Ref(vec![head]));
        }
        head
    }

    pub(super) fn var(&mut self) -> TermId {
        let span = self.loc();
        let kind = if self.lit() == "_" {
            self.wildcard()
        } else {
            TermKind::Var(self.lit().into())
        };
        self.add(span, kind)
    }

    /// Whether the word of this token may be part of a reference although it is a keyword.
    pub(super) fn allowed_in_ref(&self, tok: Tok) -> bool {
        use super::token::Keywords;
        let keyword = Keywords::one(tok.name());
        self.language.keywords_in_refs
            && (Keywords::of_version(self.language.version).has(keyword)
                || self.s.keywords.has(keyword))
    }

    /// Makes a keyword that starts a reference (`if.a`, `not[x]`) a name.
    pub(super) fn scan_ahead_ref(&mut self) -> bool {
        if self.allowed_in_ref(self.s.tok) && matches!(self.peek_space(), Tok::Dot | Tok::LBrack) {
            self.s.tok = Tok::Ident;
            return true;
        }
        false
    }

    /// Makes `and(` and `or(` calls of the set functions.
    fn scan_ahead_logical_call(&mut self) {
        if matches!(self.s.tok, Tok::LogicalAnd | Tok::LogicalOr)
            && self.peek_space() == Tok::LParen
        {
            self.s.tok = Tok::Ident;
        }
    }

    fn arguments(&mut self, operator: TermId, offset: u32) -> Option<TermId> {
        let at = self.tree.term(operator).span;
        self.scan();
        let mut terms = vec![operator];
        if self.s.tok != Tok::RParen {
            terms = self.term_list(Tok::RParen, terms)?;
        }
        let span = Self::spanning(at, offset, self.s.tok_end);
        self.scan_space();
        let kind = if terms.len() == 1 && self.is_set_constructor(operator) {
            TermKind::Set(Vec::new())
        } else {
            TermKind::Call(terms)
        };
        Some(self.add(span, kind))
    }

    fn is_set_constructor(&self, operator: TermId) -> bool {
        match self.tree.kind(operator) {
            TermKind::Ref(parts) => match parts.as_slice() {
                [head] => self.tree.var(*head).is_some_and(|n| n.as_ref() == "set"),
                _ => false,
            },
            _ => false,
        }
    }

    fn reference(&mut self, head: TermId, offset: u32) -> Option<TermId> {
        if !self.enter() {
            return None;
        }
        let result = self.reference_parts(head, offset);
        self.leave();
        let (term, end) = result?;
        let at = self.tree.term(head).span;
        Some(self.set_span(term, Self::spanning(at, offset, end)))
    }

    fn reference_parts(&mut self, mut head: TermId, offset: u32) -> Option<(TermId, u32)> {
        let at = self.tree.term(head).span;
        self.check_ref_head(head);
        let mut parts = vec![head];
        loop {
            match self.s.tok {
                Tok::Dot => {
                    self.scan_space();
                    if self.s.tok != Tok::Ident && !self.allowed_in_ref(self.s.tok) {
                        self.illegal("expected identifier");
                        return None;
                    }
                    let span = self.loc();
                    parts.push(self.add(span, TermKind::String(self.lit().into())));
                    self.scan_space();
                }
                Tok::LParen => {
                    let span = Self::spanning(at, offset, self.offset());
                    let operator = self.add(span, TermKind::Ref(std::mem::take(&mut parts)));
                    let call = self.arguments(operator, offset)?;
                    match self.s.tok {
                        Tok::Whitespace => self.scan(),
                        Tok::Dot | Tok::LBrack => {
                            head = call;
                            self.check_ref_head(head);
                            parts.push(head);
                            continue;
                        }
                        _ => {}
                    }
                    return Some((call, self.s.last_end));
                }
                Tok::LBrack => {
                    self.scan();
                    let part = self.term_infix()?;
                    if self.s.tok != Tok::RBrack {
                        self.illegal("expected [");
                        return None;
                    }
                    parts.push(part);
                    self.scan_space();
                }
                tok => {
                    let end = self.s.last_end;
                    if tok == Tok::Whitespace {
                        self.scan();
                    }
                    return Some((self.add(at, TermKind::Ref(parts)), end));
                }
            }
        }
    }

    fn check_ref_head(&mut self, head: TermId) {
        let illegal = matches!(
            self.tree.kind(head),
            TermKind::Null
                | TermKind::Boolean(_)
                | TermKind::Number(_)
                | TermKind::String(_)
                | TermKind::Template(..)
                | TermKind::Ref(_)
        );
        if illegal {
            let name = self.tree.value_name(head);
            let at = self.tree.term(head).span;
            self.error(at, &format!("illegal ref (head cannot be {name})"));
        }
    }
}
