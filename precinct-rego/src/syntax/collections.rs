//! Arrays, sets, objects and comprehensions.
//!
//! `{1 | 1}` could be a comprehension or a set that holds a union. As in OPA, the comprehension is tried first; only
//! then are the same tokens read as elements.

use super::parser::{Parser, State};
use super::token::Tok;
use super::tree::{ExprId, TermId, TermKind};

impl Parser<'_> {
    pub(super) fn array(&mut self) -> Option<TermId> {
        let at = self.loc();
        let kind = self.array_kind()?;
        let span = Self::spanning(at, at.start, self.s.tok_end);
        Some(self.add(span, kind))
    }

    fn array_kind(&mut self) -> Option<TermKind> {
        self.scan();
        if self.s.tok == Tok::RBrack {
            return Some(TermKind::Array(Vec::new()));
        }
        let comprehension = !self.leading_comma();
        let state = self.save();
        let head = self.term()?;
        match self.s.tok {
            Tok::RBrack => return Some(TermKind::Array(vec![head])),
            Tok::Comma => {
                self.scan();
                return self.term_list(Tok::RBrack, vec![head]).map(TermKind::Array);
            }
            Tok::Or if comprehension => {
                self.scan();
                if let Some(body) = self.body(Tok::RBrack) {
                    return Some(TermKind::ArrayComprehension(head, body));
                }
                if self.s.tok != Tok::Comma {
                    return None;
                }
            }
            _ => {}
        }
        self.restore(state);
        self.term_list(Tok::RBrack, Vec::new()).map(TermKind::Array)
    }

    /// `[, a]` is accepted, and is no comprehension.
    fn leading_comma(&mut self) -> bool {
        let comma = self.s.tok == Tok::Comma;
        if comma {
            self.scan();
        }
        comma
    }

    pub(super) fn set_or_object(&mut self) -> Option<TermId> {
        let at = self.loc();
        let kind = self.set_or_object_kind()?;
        let span = Self::spanning(at, at.start, self.s.tok_end);
        Some(self.add(span, kind))
    }

    fn set_or_object_kind(&mut self) -> Option<TermKind> {
        self.scan();
        if self.s.tok == Tok::RBrace {
            return Some(TermKind::Object(Vec::new()));
        }
        let comprehension = !self.leading_comma();
        let state = self.save();
        let head = self.term()?;
        match self.s.tok {
            Tok::Or if comprehension => return self.set(state, head, comprehension),
            Tok::RBrace | Tok::Comma => return self.set(state, head, comprehension),
            Tok::Colon => return self.object(head, comprehension),
            _ => {}
        }
        self.restore(state.clone());
        let head = self.term_infix_in_list()?;
        match self.s.tok {
            Tok::RBrace | Tok::Comma => self.set(state, head, false),
            Tok::Colon => self.object(head, comprehension),
            _ => {
                self.illegal("non-terminated set");
                None
            }
        }
    }

    fn set(&mut self, start: State, head: TermId, comprehension: bool) -> Option<TermKind> {
        match self.s.tok {
            Tok::RBrace => Some(TermKind::Set(vec![head])),
            Tok::Comma => {
                self.scan();
                self.term_list(Tok::RBrace, vec![head]).map(TermKind::Set)
            }
            Tok::Or => {
                if comprehension {
                    self.scan();
                    if let Some(body) = self.body(Tok::RBrace) {
                        return Some(TermKind::SetComprehension(head, body));
                    }
                    if self.s.tok != Tok::Comma {
                        return None;
                    }
                }
                self.restore(start);
                self.term_list(Tok::RBrace, Vec::new()).map(TermKind::Set)
            }
            _ => None,
        }
    }

    fn object(&mut self, key: TermId, comprehension: bool) -> Option<TermKind> {
        self.scan();
        let state = self.save();
        let value = self.term()?;
        if comprehension {
            match self.s.tok {
                Tok::RBrace | Tok::Comma => return self.object_rest(key, value, true),
                Tok::Or => {
                    if let Some(kind) = self.object_rest(key, value, true) {
                        return Some(kind);
                    }
                }
                _ => {}
            }
        }
        self.restore(state);
        let value = self.term_infix_in_list()?;
        match self.s.tok {
            Tok::RBrace | Tok::Comma => self.object_rest(key, value, false),
            _ => {
                self.illegal("non-terminated object");
                None
            }
        }
    }

    fn object_rest(&mut self, key: TermId, value: TermId, comprehension: bool) -> Option<TermKind> {
        match self.s.tok {
            Tok::RBrace => Some(TermKind::Object(vec![(key, value)])),
            Tok::Or if comprehension => {
                self.scan();
                let body: Vec<ExprId> = self.body(Tok::RBrace)?;
                Some(TermKind::ObjectComprehension(key, value, body))
            }
            Tok::Or => {
                self.illegal("non-terminated object");
                None
            }
            Tok::Comma => {
                self.scan();
                self.entries(vec![(key, value)]).map(TermKind::Object)
            }
            _ => None,
        }
    }

    /// Terms up to `end`, separated by commas.
    pub(super) fn term_list(&mut self, end: Tok, mut terms: Vec<TermId>) -> Option<Vec<TermId>> {
        while self.s.tok != end {
            let term = self.term_infix_in_list()?;
            terms.push(term);
            if !self.separated(end)? {
                break;
            }
        }
        Some(terms)
    }

    fn entries(&mut self, mut entries: Vec<(TermId, TermId)>) -> Option<Vec<(TermId, TermId)>> {
        while self.s.tok != Tok::RBrace {
            let key = self.term_infix_in_list()?;
            if self.s.tok != Tok::Colon {
                self.illegal("expected \":\"");
                return None;
            }
            self.scan();
            let value = self.term_infix_in_list()?;
            entries.push((key, value));
            if !self.separated(Tok::RBrace)? {
                break;
            }
        }
        Some(entries)
    }

    /// Steps over a comma; false at the end of the list.
    fn separated(&mut self, end: Tok) -> Option<bool> {
        if self.s.tok == end {
            return Some(false);
        }
        if self.s.tok == Tok::Comma {
            self.scan();
            return Some(true);
        }
        self.illegal(&format!("expected \",\" or \"{}\"", end.name()));
        None
    }
}
