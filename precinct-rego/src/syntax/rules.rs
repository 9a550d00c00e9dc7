//! Rules: heads, bodies, `else`, default rules.

use crate::ast::{HeadKeywords, Span};

use super::copy::place_everywhere;
use super::parser::{MAX_CHAIN, Parser};
use super::token::Tok;
use super::tree::{ExprId, ExprKind, HeadNode, RuleNode, TermId, TermKind};

impl Parser<'_> {
    /// The rules that one statement declares: one for each body.
    pub(super) fn rules(&mut self) -> Option<Vec<RuleNode>> {
        let mut at = self.loc();
        self.scan_ahead_ref();
        let mut default = false;
        if self.s.tok == Tok::Default {
            self.scan();
            default = true;
            self.scan_ahead_ref();
        }
        if self.s.tok != Tok::Ident {
            if default {
                self.check_keyword_rule_name(true);
            }
            return None;
        }
        let (mut head, contains) = self.head(default)?;
        head.keywords.contains = contains;
        if default {
            return self.default_rule(at, head);
        }
        let has_if = self.s.tok == Tok::If;
        self.settle_head(&mut head, has_if, contains)?;

        let body = if has_if {
            head.keywords.r#if = true;
            self.scan();
            self.if_body()?
        } else if self.s.tok == Tok::LBrace {
            self.braced_rule_body()?
        } else if contains {
            let rule = RuleNode {
                span: head.span,
                default: false,
                body: self.implied_true(at),
                head,
                generated_body: true,
                else_rule: None,
                body_at_rule: false,
            };
            return Some(vec![rule]);
        } else {
            return None;
        };
        let else_rule = self.else_branches(&head)?;
        at.end = self.s.last_end;
        let first = RuleNode {
            span: at,
            default: false,
            head,
            body,
            generated_body: false,
            else_rule,
            body_at_rule: false,
        };
        self.further_bodies(first)
    }

    fn default_rule(&mut self, at: Span, head: HeadNode) -> Option<Vec<RuleNode>> {
        if !self.check_default_value(at, &head) {
            return None;
        }
        if !head.args.is_empty() && !self.check_default_args(at, &head) {
            return None;
        }
        Some(vec![RuleNode {
            span: at,
            default: true,
            body: self.implied_true(at),
            head,
            generated_body: false,
            else_rule: None,
            body_at_rule: false,
        }])
    }

    /// What a head without `contains` defines depends on whether `if` follows.
    fn settle_head(&mut self, head: &mut HeadNode, has_if: bool, contains: bool) -> Option<()> {
        if contains {
            return Some(());
        }
        let [name, operand] = head.reference.as_slice() else {
            return Some(());
        };
        let (name, operand) = (*name, *operand);
        if has_if {
            let is_ref = matches!(self.tree.kind(operand), TermKind::Ref(_));
            if (is_ref || !self.tree.is_ground(operand)) && head.args.is_empty() {
                head.key = Some(operand);
            }
            if head.value.is_none() {
                head.generated_value = true;
                head.value = Some(self.add(head.span, TermKind::Boolean(true)));
            } else {
                head.name = Some(self.tree.var(name)?.clone());
            }
        } else if head.args.is_empty() {
            head.name = Some(self.tree.var(name)?.clone());
            head.key = Some(operand);
            if head.value.is_none() {
                head.reference.pop();
            }
        }
        Some(())
    }

    /// The body behind `if`: one literal, or a query in braces.
    fn if_body(&mut self) -> Option<Vec<ExprId>> {
        let state = self.save();
        let braces = self.s.tok == Tok::LBrace;
        if let Some(expr) = self.literal() {
            let is_set = match self.tree.expr(expr).kind {
                ExprKind::Term(term) if braces => {
                    matches!(self.tree.kind(term), TermKind::Set(_))
                }
                _ => false,
            };
            if !is_set {
                return Some(vec![expr]);
            }
        }
        if !braces {
            return None;
        }
        self.restore(state);
        self.braced_rule_body()
    }

    fn braced_rule_body(&mut self) -> Option<Vec<ExprId>> {
        self.scan();
        let body = self.body(Tok::RBrace)?;
        self.scan();
        Some(body)
    }

    /// The `else` branches, if there are any. The outer `None` is an error.
    #[expect(
        clippy::option_option,
        reason = "no branches and wrong branches differ"
    )]
    fn else_branches(&mut self, head: &HeadNode) -> Option<Option<Box<RuleNode>>> {
        if self.s.tok != Tok::Else || self.scan_ahead_ref() {
            return Some(None);
        }
        if head.reference.len() > 1 && !self.tree.is_ground_ref(&head.reference) {
            self.error(
                self.loc(),
                "else keyword cannot be used on rules with variables in head",
            );
            return None;
        }
        if head.key.is_some() {
            self.error(
                self.loc(),
                "else keyword cannot be used on multi-value rules",
            );
            return None;
        }
        let mut branches = Vec::new();
        while self.s.tok == Tok::Else {
            if branches.len() > MAX_CHAIN as usize {
                self.too_deep();
                return None;
            }
            let branch = self.else_branch(head)?;
            let bodiless = branch.generated_body;
            branches.push(branch);
            if bodiless {
                break;
            }
        }
        let end = self.s.last_end;
        let mut chain = None;
        while let Some(mut branch) = branches.pop() {
            branch.span.end = end;
            if branch.body_at_rule {
                for expr in &branch.body {
                    place_everywhere(&mut self.tree, *expr, branch.span);
                }
            }
            branch.else_rule = chain;
            chain = Some(Box::new(branch));
        }
        Some(chain)
    }

    fn else_branch(&mut self, original: &HeadNode) -> Option<RuleNode> {
        let at = self.loc();
        let mut head = self.copy_head(original);
        head.generated_value = false;
        head.keywords = HeadKeywords::default();
        self.renew_wildcards(&head.args);
        head.span = at;
        self.scan();
        match self.s.tok {
            Tok::LBrace | Tok::If => {
                head.generated_value = true;
                head.value = Some(self.add(Span::default(), TermKind::Boolean(true)));
            }
            Tok::Assign | Tok::Unify => {
                head.assign = self.s.tok == Tok::Assign;
                self.scan();
                head.value = Some(self.term_infix()?);
                head.span.end = self.s.last_end;
            }
            _ => {
                self.illegal("expected else value term or rule body");
                return None;
            }
        }
        let mut rule = RuleNode {
            span: at,
            default: false,
            head,
            body: Vec::new(),
            generated_body: false,
            else_rule: None,
            body_at_rule: false,
        };
        let has_if = self.s.tok == Tok::If;
        if !has_if && self.s.tok != Tok::LBrace {
            rule.body = self.implied_true(at);
            rule.generated_body = true;
            rule.body_at_rule = true;
            return Some(rule);
        }
        if has_if {
            rule.head.keywords.r#if = true;
            self.scan();
        }
        if self.s.tok == Tok::LBrace {
            rule.body = self.braced_rule_body()?;
        } else if self.s.tok == Tok::Eof {
            self.illegal("rule body expected");
            return None;
        } else {
            rule.body = vec![self.literal()?];
            rule.body_at_rule = true;
        }
        Some(rule)
    }

    /// `p { a } { b }`: rules of the same head.
    fn further_bodies(&mut self, first: RuleNode) -> Option<Vec<RuleNode>> {
        let mut rules = vec![first];
        while self.s.tok == Tok::LBrace {
            let first = rules.first()?;
            if first.else_rule.is_some() {
                self.error(self.loc(), "expected else keyword");
                return None;
            }
            let original = first.head.clone();
            let mut at = self.loc();
            let body = self.braced_rule_body()?;
            at.end = self.s.last_end;
            let mut head = self.copy_head(&original);
            self.renew_wildcards(&head.args);
            self.place_head(&mut head, at);
            rules.push(RuleNode {
                span: at,
                default: false,
                head,
                body,
                generated_body: false,
                else_rule: None,
                body_at_rule: false,
            });
        }
        Some(rules)
    }

    fn renew_wildcards(&mut self, args: &[TermId]) {
        for arg in args {
            let is_wildcard = self
                .tree
                .var(*arg)
                .is_some_and(|name| name.starts_with('$'));
            if is_wildcard {
                let renewed = self.wildcard();
                self.tree.term_mut(*arg).kind = renewed;
            }
        }
    }

    pub(super) fn implied_true(&mut self, at: Span) -> Vec<ExprId> {
        let term = self.add(at, TermKind::Boolean(true));
        let expr = self.tree.add_expr(ExprKind::Term(term), Some(at));
        self.tree.expr_mut(expr).generated = true;
        vec![expr]
    }

    /// A head, and whether it is one of `contains`.
    fn head(&mut self, default: bool) -> Option<(HeadNode, bool)> {
        let at = self.loc();
        let (mut head, contains) = self.head_inside(default)?;
        head.span = self.extended(at);
        Some((head, contains))
    }

    fn head_inside(&mut self, default: bool) -> Option<(HeadNode, bool)> {
        let name = self.var();
        let Some(term) = self.finish_head(name) else {
            self.illegal("expected rule head name");
            return None;
        };
        let mut head = self.head_of(term)?;
        let name = self.display_ref(&head.reference);
        match self.s.tok {
            Tok::Contains => {
                if !head.args.is_empty() {
                    self.illegal(&format!("the contains keyword can only be used with multi-value rule definitions (e.g., {name} contains <VALUE> {{ ... }})"));
                }
                self.scan();
                head.key = self.term_infix();
                if head.key.is_none() {
                    self.illegal(&format!(
                        "expected rule key term (e.g., {name} contains <VALUE> {{ ... }})"
                    ));
                }
                return Some((head, true));
            }
            Tok::Unify => {
                self.scan();
                head.value = self.term_infix();
                if head.value.is_none() {
                    self.illegal(&format!(
                        "expected rule value term (e.g., {name}[<nil>] = <VALUE> {{ ... }})"
                    ));
                }
            }
            Tok::Assign => {
                self.scan();
                head.assign = true;
                head.value = self.term_infix();
                if head.value.is_none() {
                    let note = if !head.args.is_empty() {
                        format!(
                            "expected function value term (e.g., {name}(...) := <VALUE> {{ ... }})"
                        )
                    } else if default {
                        format!(
                            "expected default rule value term (e.g., default {name} := <VALUE>)"
                        )
                    } else {
                        format!("expected rule value term (e.g., {name} := <VALUE> {{ ... }})")
                    };
                    self.illegal(&note);
                }
            }
            _ => {}
        }
        if head.value.is_none() && (head.reference.len() != 2 || !head.args.is_empty()) {
            head.generated_value = true;
            head.value = Some(self.add(Span::default(), TermKind::Boolean(true)));
        }
        Some((head, false))
    }

    /// The head that a term defines: a name, a reference, a call.
    fn head_of(&mut self, term: TermId) -> Option<HeadNode> {
        let span = self.tree.term(term).span;
        let (reference, args) = match self.tree.kind(term).clone() {
            TermKind::Var(_) => (vec![term], Vec::new()),
            TermKind::Ref(parts) => (parts, Vec::new()),
            TermKind::Call(mut terms) => {
                let args = terms.split_off(1);
                let operator = terms.pop()?;
                match self.tree.kind(operator).clone() {
                    TermKind::Ref(parts) => {
                        if self.tree.var(*parts.first()?).is_none() {
                            let shown = self.display_ref(&parts);
                            self.illegal(&format!("rule head ref {shown} invalid"));
                            return None;
                        }
                        (parts, args)
                    }
                    _ => (vec![operator], args),
                }
            }
            _ => return None,
        };
        let name = match reference.as_slice() {
            [one] => self.tree.var(*one).cloned(),
            _ => None,
        };
        Some(HeadNode {
            span,
            name,
            reference,
            args,
            key: None,
            value: None,
            assign: false,
            generated_value: false,
            keywords: HeadKeywords::default(),
        })
    }

    fn check_default_value(&mut self, at: Span, head: &HeadNode) -> bool {
        let Some(value) = head.value else {
            self.error(at, "illegal default rule (must have a value)");
            return false;
        };
        let mut found = Vec::new();
        self.not_constant(value, &mut found);
        for name in &found {
            self.error(
                at,
                &format!("illegal default rule (value cannot contain {name})"),
            );
        }
        found.is_empty()
    }

    /// The kinds of the parts that a default value can't have. Comprehensions may hold anything.
    fn not_constant(&self, term: TermId, found: &mut Vec<&'static str>) {
        match self.tree.kind(term) {
            TermKind::Ref(_) | TermKind::Var(_) | TermKind::Call(_) => {
                found.push(self.tree.value_name(term));
            }
            TermKind::Array(items) | TermKind::Set(items) => {
                for item in items {
                    self.not_constant(*item, found);
                }
            }
            TermKind::Object(entries) => {
                for (key, value) in entries {
                    self.not_constant(*key, found);
                    self.not_constant(*value, found);
                }
            }
            TermKind::Template(parts, _) => {
                for part in parts {
                    if let super::tree::Part::Expr(expr) = part {
                        match &self.tree.expr(*expr).kind {
                            ExprKind::Term(term) => self.not_constant(*term, found),
                            ExprKind::Call(terms) => {
                                for term in terms {
                                    self.not_constant(*term, found);
                                }
                            }
                            _ => {}
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn check_default_args(&mut self, at: Span, head: &HeadNode) -> bool {
        let mut valid = true;
        let mut seen = std::collections::BTreeSet::new();
        for arg in &head.args {
            let Some(name) = self.tree.var(*arg).cloned() else {
                let kind = self.tree.value_name(*arg);
                self.error(
                    at,
                    &format!("illegal default rule (arguments cannot contain {kind})"),
                );
                valid = false;
                continue;
            };
            let shown = if name.starts_with('$') { "_" } else { &name };
            if seen.contains(&name) {
                self.error(
                    at,
                    &format!("illegal default rule (arguments cannot be repeated {shown})"),
                );
                valid = false;
            }
            seen.insert(name);
        }
        valid
    }
}
