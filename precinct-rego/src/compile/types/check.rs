//! Checks bodies, rules and queries.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::env::{Closures, Documents, Env};
use super::errors::{TypeError, arguments_error, mismatch, open_result};
use super::kinds::{FunctionType, Parameter, Type, or};
use super::schema::Schemas;
use super::tree::TypeTree;
use super::unifies::unifies;
use crate::ast::display::ref_text;
use crate::ast::{Body, Expr, ExprKind, Ref, Rule, Span, Term, TermValue, Var, With};
use crate::capabilities::Capabilities;
use crate::compile::rule_tree::is_multi_value;
use crate::compile::vars;
use crate::compile::visit::{self, Node, ground_prefix, refs_ground};
use crate::compile::visit_mut::{self, NodeMut};
use crate::error::{Code, Diagnostic};

/// What the checks need to know.
pub(in crate::compile) struct Checker<'a> {
    /// The references of the rules whose values may change when the document at a path is replaced.
    pub(in crate::compile) dependents: &'a dyn Fn(&[Term]) -> Vec<Ref>,
    /// The terms that made variables stand for.
    pub(in crate::compile) subjects: &'a [&'a HashMap<Var, TermValue>],
    /// The author's names of variables.
    pub(in crate::compile) original: &'a [&'a HashMap<Var, Var>],
    pub(in crate::compile) builtins: &'a Capabilities,
    pub(in crate::compile) allow_undefined_functions: bool,
    /// What documents can be where a path is replaced, by path.
    pub(super) relaxed: RefCell<HashMap<String, Option<Rc<TypeTree>>>>,
}

impl<'a> Checker<'a> {
    pub(in crate::compile) fn new(
        dependents: &'a dyn Fn(&[Term]) -> Vec<Ref>,
        subjects: &'a [&'a HashMap<Var, TermValue>],
        original: &'a [&'a HashMap<Var, Var>],
        builtins: &'a Capabilities,
        allow_undefined_functions: bool,
    ) -> Self {
        Self {
            dependents,
            subjects,
            original,
            builtins,
            allow_undefined_functions,
            relaxed: RefCell::default(),
        }
    }

    /// A reference as the author wrote it.
    pub(super) fn shown(&self, parts: &[Term]) -> Ref {
        let mut parts = parts.to_vec();
        visit_mut::terms(&mut parts, &mut |node| {
            if let NodeMut::Term(term) = node
                && let TermValue::Var(name) = &term.value
            {
                let subject = self.subjects.iter().find_map(|map| map.get(name));
                let author = || self.original.iter().find_map(|map| map.get(name));
                if let Some(subject) = subject {
                    term.value = subject.clone();
                } else if let Some(author) = author() {
                    term.value = TermValue::Var(author.clone());
                }
            }
            false
        });
        parts
    }

    /// A call of a builtin with a wrong number of arguments.
    pub(in crate::compile) fn argument_count(
        &self,
        tree: &TypeTree,
        name: &[Term],
        expr: &Expr,
    ) -> Option<Diagnostic> {
        let closures = Closures::default();
        let root = Env::root(tree, self.builtins, &closures);
        let Type::Function(function) = root.reference(name) else {
            return None;
        };
        let ExprKind::Call(terms) = &expr.kind else {
            return None;
        };
        let have: Vec<Type> = terms
            .iter()
            .skip(1)
            .map(|it| self.type_of(&root, it))
            .collect();
        let message = "arity mismatch";
        let error = arguments_error(expr.span, name, message, &have, &function, false);
        Some(error.diagnostic)
    }

    /// Checks a query.
    pub(in crate::compile) fn query(
        &self,
        tree: &TypeTree,
        body: &[Expr],
        captured: &[Span],
    ) -> Vec<Diagnostic> {
        let closures = Closures::default();
        let root = Env::root(tree, self.builtins, &closures);
        let mut errors = self.body(&root, body).1;
        for error in errors
            .iter_mut()
            .filter(|error| captured.contains(&error.span))
        {
            open_result(error);
        }
        errors
    }

    /// The references of a query and then its other variables, each with its type if there is one.
    pub(in crate::compile) fn described(
        &self,
        tree: &TypeTree,
        body: &Body,
    ) -> Vec<(String, Option<Type>)> {
        let closures = Closures::default();
        let root = Env::root(tree, self.builtins, &closures);
        let (env, _) = self.body(&root, body);
        let known = |kind: Type| (!kind.is_unknown()).then_some(kind);
        let mut references = Vec::new();
        let mut variables: Vec<&Var> = Vec::new();
        let mut heads: Vec<*const Term> = Vec::new();
        visit::body(body, &mut |node| {
            let Node::Term(term) = node else {
                return false;
            };
            match &term.value {
                TermValue::Ref(parts) => {
                    heads.extend(parts.first().map(std::ptr::from_ref));
                    references.push((ref_text(parts), known(env.reference(parts))));
                }
                TermValue::Var(name)
                    if !heads.contains(&std::ptr::from_ref(term)) && !variables.contains(&name) =>
                {
                    variables.push(name);
                }
                _ => {}
            }
            false
        });
        let variables = variables.into_iter().map(|name| {
            let shown = if vars::is_wildcard(name) {
                "_"
            } else {
                &**name
            };
            (shown.to_owned(), known(env.var(name)))
        });
        references.into_iter().chain(variables).collect()
    }

    /// The type of a term; unknown if there is none yet.
    pub(super) fn type_of(&self, env: &Env<'_>, term: &Term) -> Type {
        match &term.value {
            TermValue::ArrayComprehension(_)
            | TermValue::SetComprehension(_)
            | TermValue::ObjectComprehension(_) => self.closure_of(env, term).0,
            value => env.plain(value, &|term| self.type_of(env, term)),
        }
    }

    /// The type of a comprehension, and what is wrong with its body unless that was told before.
    fn closure_of(&self, env: &Env<'_>, term: &Term) -> (Type, Vec<Diagnostic>) {
        match &term.value {
            TermValue::ArrayComprehension(it) => self.closure(env, term, &it.body, |inner| {
                let of = self.type_of(inner, &it.term);
                Type::array(Vec::new(), Some(of).filter(|of| !of.is_unknown()))
            }),
            TermValue::SetComprehension(it) => self.closure(env, term, &it.body, |inner| {
                Type::set(self.type_of(inner, &it.term))
            }),
            TermValue::ObjectComprehension(it) => self.closure(env, term, &it.body, |inner| {
                let key = self.type_of(inner, &it.key);
                Type::object(Vec::new(), Some((key, self.type_of(inner, &it.value))))
            }),
            _ => (Type::Unknown, Vec::new()),
        }
    }

    /// Looks at a comprehension, once in each state of what is known.
    fn closure(
        &self,
        env: &Env<'_>,
        term: &Term,
        body: &[Expr],
        result: impl FnOnce(&Env<'_>) -> Type,
    ) -> (Type, Vec<Diagnostic>) {
        let closures = env.closures;
        let state = closures.state();
        let key = (std::ptr::from_ref(term).addr(), state);
        if let Some(known) = closures.known.borrow().get(&key) {
            return (known.clone(), Vec::new());
        }
        let (inner, errors) = self.body(env, body);
        let kind = if errors.is_empty() {
            result(&inner)
        } else {
            Type::Unknown
        };
        closures.restore(state);
        closures.known.borrow_mut().insert(key, kind.clone());
        (kind, errors)
    }

    /// Checks a body. What is learnt about its variables is in the layer that comes with the errors.
    pub(super) fn body<'e>(&self, outer: &'e Env<'e>, body: &[Expr]) -> (Env<'e>, Vec<Diagnostic>) {
        let env = Env::inside(outer);
        let mut errors = Vec::new();
        for expr in body {
            if expr.with.is_empty() {
                self.expr_within(&env, expr, &mut errors);
            } else {
                self.modified(&env, expr, &mut errors);
            }
        }
        (env, errors)
    }

    fn expr_within(&self, env: &Env<'_>, expr: &Expr, errors: &mut Vec<Diagnostic>) {
        let in_closures = self.closures_of(env, expr);
        let in_refs = self.check_refs(env, expr);
        let explained = !in_closures.is_empty() || !in_refs.is_empty();
        errors.extend(in_closures);
        errors.extend(in_refs.into_iter().map(|error| error.diagnostic));
        if let Err(error) = self.expr(env, expr) {
            // What is unknown because of a better error needs no error of its own.
            if !(explained && error.from_unknown) {
                errors.push(error.diagnostic);
            }
        }
    }

    /// What is wrong with the comprehensions of an expression.
    ///
    /// OPA looks at what is within a comprehension once more from outside, where its variables have no type. It does so
    /// at each depth again, which takes it twice as long for each level; once for each place is enough to find what it
    /// finds.
    fn closures_of(&self, env: &Env<'_>, expr: &Expr) -> Vec<Diagnostic> {
        let mut outermost = Vec::new();
        visit::expr(expr, &mut |node| match node {
            Node::Term(term) if term.value.is_comprehension() => {
                outermost.push(term);
                true
            }
            _ => false,
        });
        let from_outside = &env.closures.from_outside;
        let mut errors = Vec::new();
        for term in outermost {
            let mut found = self.closure_of(env, term).1;
            if found.is_empty() && !from_outside.get() {
                from_outside.set(true);
                visit::term(term, &mut |node| {
                    let Node::Term(inner) = node else {
                        return false;
                    };
                    if std::ptr::eq(inner, term) || !inner.value.is_comprehension() {
                        return false;
                    }
                    let within = self.closure_of(env, inner).1;
                    let failed = !within.is_empty();
                    if failed {
                        found = within;
                    }
                    failed
                });
                from_outside.set(false);
            }
            if !found.is_empty() {
                errors = found;
            }
        }
        errors
    }

    /// An expression with modifiers: what they replace has the types of the replacements, too.
    fn modified(&self, env: &Env<'_>, expr: &Expr, errors: &mut Vec<Diagnostic>) {
        self.relax((env, env), expr, &expr.with, Vec::new(), errors);
    }

    /// `outer` is what is known without the modifiers, `env` what is with those that are done.
    fn relax(
        &self,
        (outer, env): (&Env<'_>, &Env<'_>),
        expr: &Expr,
        rest: &[With],
        mut replaced: Vec<(Ref, Type)>,
        errors: &mut Vec<Diagnostic>,
    ) {
        let Some((with, rest)) = rest.split_first() else {
            if replaced.is_empty() {
                self.expr_within(env, expr, errors);
                return;
            }
            let mut tree = TypeTree::default();
            for (path, kind) in replaced {
                tree.put(&path, kind);
            }
            let layer = Env::for_expression(env, Documents::Own(tree));
            self.expr_within(&layer, expr, errors);
            return;
        };
        let TermValue::Ref(target) = &with.target.value else {
            self.relax((outer, env), expr, rest, replaced, errors);
            return;
        };
        let known = outer.reference(target);
        let is_function = matches!(known, Type::Function(_));
        if !is_function {
            let mut kind = Type::any();
            if refs_ground(target) && !known.is_unknown() {
                let value = self.type_of(outer, &with.value);
                let either = or(&known, &value);
                if !value.is_unknown() && !either.is_unknown() {
                    kind = either;
                }
            }
            replaced.push((ground_prefix(target).to_vec(), kind));
        }
        match self.relaxed(target, is_function) {
            Some(tree) => {
                let layer = Env::for_expression(env, Documents::Cached(tree));
                self.relax((outer, &layer), expr, rest, replaced, errors);
            }
            None => self.relax((outer, env), expr, rest, replaced, errors),
        }
    }

    fn relaxed(&self, target: &[Term], is_function: bool) -> Option<Rc<TypeTree>> {
        let key = format!("{is_function} {}", ref_text(target));
        if let Some(known) = self.relaxed.borrow().get(&key) {
            return known.clone();
        }
        let mut tree = TypeTree::default();
        let mut any = false;
        for path in (self.dependents)(target) {
            if !(is_function && path == target) {
                tree.put(&path, Type::any());
                any = true;
            }
        }
        let tree = any.then(|| Rc::new(tree));
        self.relaxed.borrow_mut().insert(key, tree.clone());
        tree
    }

    fn expr(&self, env: &Env<'_>, expr: &Expr) -> Result<(), Box<TypeError>> {
        for with in &expr.with {
            let target = self.type_of(env, &with.target);
            let value = self.type_of(env, &with.value);
            if let (Type::Function(wanted), Type::Function(given)) = (&target, &value)
                && !unifies(&target, &value)
                && let TermValue::Ref(name) = &with.target.value
            {
                let have: Vec<Type> = given.args.iter().map(|it| it.kind.clone()).collect();
                return Err(arguments_error(
                    with.span,
                    name,
                    "arity mismatch",
                    &have,
                    wanted,
                    false,
                ));
            }
        }
        let ExprKind::Call(terms) = &expr.kind else {
            return Ok(());
        };
        let Some((operator, operands)) = terms.split_first() else {
            return Ok(());
        };
        let TermValue::Ref(name) = &operator.value else {
            return Ok(());
        };
        match ref_text(name).as_str() {
            "eq" => return self.equation(env, expr, operands),
            "internal.member_2" => self.member(env, expr, operands, 2)?,
            "internal.member_3" => self.member(env, expr, operands, 3)?,
            _ => {}
        }
        self.call(env, expr, name, operands)
    }

    fn equation(
        &self,
        env: &Env<'_>,
        expr: &Expr,
        operands: &[Term],
    ) -> Result<(), Box<TypeError>> {
        let [a, b] = operands else {
            return Ok(());
        };
        let (type_a, type_b) = (self.type_of(env, a), self.type_of(env, b));
        if self.unify_terms(env, a, &type_a, b, &type_b) {
            Ok(())
        } else {
            Err(mismatch(expr.span, &type_a, &type_b))
        }
    }

    /// `x in xs`: what can be found depends on the collection.
    fn member(
        &self,
        env: &Env<'_>,
        expr: &Expr,
        operands: &[Term],
        arity: usize,
    ) -> Result<(), Box<TypeError>> {
        let Some(collection) = operands.get(arity - 1) else {
            return Ok(());
        };
        let collection = self.type_of(env, collection);
        let values = collection.values();
        if values.is_unknown() {
            return Ok(());
        }
        let mut wanted = vec![values];
        if arity == 3 {
            wanted.insert(0, collection.keys());
        }
        for (term, wanted) in operands.iter().zip(wanted) {
            if wanted.has_unknown() {
                continue;
            }
            let have = self.type_of(env, term);
            let impossible = !have.has_unknown() && !unifies(&have, &wanted);
            if impossible || !self.unify(env, term, &wanted, false) {
                return Err(mismatch(expr.span, &have, &wanted));
            }
        }
        Ok(())
    }

    fn call(
        &self,
        env: &Env<'_>,
        expr: &Expr,
        name: &[Term],
        operands: &[Term],
    ) -> Result<(), Box<TypeError>> {
        let function = match env.reference(name) {
            Type::Function(function) => function,
            kind if kind.is_any() => return Ok(()),
            Type::Unknown if self.allow_undefined_functions => return Ok(()),
            _ => {
                return Err(Box::new(TypeError {
                    diagnostic: Diagnostic::new(
                        Code::Type,
                        expr.span,
                        format!("undefined function {}", ref_text(name)),
                    ),
                    from_unknown: false,
                }));
            }
        };
        let mut wanted: Vec<Type> = function.args.iter().map(|it| it.kind.clone()).collect();
        wanted.extend(function.result.as_ref().map(|it| it.kind.clone()));
        let types = || -> Vec<Type> { operands.iter().map(|it| self.type_of(env, it)).collect() };
        let fail = |message: &str, have: &[Type]| {
            Err(arguments_error(
                expr.span, name, message, have, &function, true,
            ))
        };
        if operands.len() > wanted.len() && function.variadic.is_none() {
            return fail("too many arguments", &types());
        }
        if operands.len() < function.args.len() {
            return fail("too few arguments", &types());
        }
        let before = types();
        for ((operand, have), at) in operands.iter().zip(&before).zip(0..) {
            let wanted = wanted
                .get(at)
                .or(function.variadic.as_ref())
                .unwrap_or(&Type::Unknown);
            if !have.has_unknown() && !unifies(have, wanted) {
                return fail("invalid argument(s)", &before);
            }
            if !self.unify(env, operand, wanted, false) {
                return fail("invalid argument(s)", &types());
            }
        }
        Ok(())
    }

    /// Checks a rule and adds its type to the tree.
    pub(in crate::compile) fn rule(
        &self,
        tree: &mut TypeTree,
        schemas: &Schemas<'_>,
        rule: &Rule,
        path: &[Term],
    ) -> Vec<Diagnostic> {
        let mut errors = Vec::new();
        let outcome = {
            let closures = Closures::default();
            let root = Env::root(tree, self.builtins, &closures);
            let mut documents = TypeTree::default();
            errors.extend(schemas.apply(&root, &mut documents, rule));
            let layer = Env::for_expression(&root, Documents::Own(documents));
            let (env, found) = self.body(&layer, &rule.body);
            if found.is_empty() {
                Some(self.head(&env, rule, path))
            } else {
                errors.extend(found);
                None
            }
        };
        match outcome {
            None => tree.put(path, Type::any()),
            Some(Type::Unknown) => {}
            Some(kind) => {
                let path = if rule.head.args.is_empty() {
                    ground_prefix(path)
                } else {
                    path
                };
                tree.insert(path, &kind, &|part| super::kinds::of_value(&part.value));
            }
        }
        errors
    }

    /// The type that the rule contributes to the document at the ground part of its path.
    fn head(&self, env: &Env<'_>, rule: &Rule, path: &[Term]) -> Type {
        let head = &rule.head;
        if !head.args.is_empty() {
            for arg in &head.args {
                vars::each(arg, &mut |term| {
                    if let TermValue::Var(name) = &term.value
                        && env.var(name).is_unknown()
                    {
                        env.set_var(name, Type::any());
                    }
                });
            }
            let plain = |kind| Parameter {
                name: None,
                about: None,
                kind,
            };
            let mut result = head
                .value
                .as_ref()
                .map_or(Type::Unknown, |value| self.type_of(env, value));
            if result.is_unknown() && self.allow_undefined_functions {
                result = Type::any();
            }
            return Type::Function(Arc::new(FunctionType {
                args: head
                    .args
                    .iter()
                    .map(|arg| plain(self.type_of(env, arg)))
                    .collect(),
                variadic: None,
                result: (!result.is_unknown()).then(|| plain(result)),
            }));
        }
        let mut kind = match (&head.value, &head.key) {
            (None, Some(key)) if is_multi_value(head) => {
                let key = self.type_of(env, key);
                if key.is_unknown() {
                    return Type::Unknown;
                }
                Type::set(key)
            }
            (Some(value), _) => self.type_of(env, value),
            _ => Type::Unknown,
        };
        for part in path.iter().skip(ground_prefix(path).len()).rev() {
            let key = self.type_of(env, part);
            if kind.is_unknown() || key.is_unknown() {
                return Type::Unknown;
            }
            kind = Type::object(Vec::new(), Some((key, kind)));
        }
        kind
    }
}
