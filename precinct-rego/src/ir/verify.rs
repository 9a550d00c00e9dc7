//! Checks what every later stage relies on: exits name an enclosing block or loop, locals are bound on every path
//! before they are read, and every local is used as its kind allows.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{
    Arm, CallTarget, Function, Key, Label, Local, LocalKind, Operand, Patch, Program, Replacement,
    Stmt, StmtKind, Subject, Test, When,
};

/// What is wrong with a program; empty when nothing is.
pub fn verify(program: &Program) -> Vec<String> {
    let mut faults = Vec::new();
    for function in &program.functions {
        let mut checker = Checker {
            program,
            function,
            labels: HashMap::new(),
            seen: HashSet::new(),
            faults: Vec::new(),
        };
        let mut bound: Bound = Some((0..function.params).map(Local).collect());
        checker.stmts(&function.body, &mut bound);
        faults.extend(
            checker
                .faults
                .into_iter()
                .map(|fault| format!("{}: {fault}", function.name)),
        );
    }
    faults
}

/// The locals that hold something; `None` where control never comes.
type Bound = Option<BTreeSet<Local>>;

struct Checker<'a> {
    program: &'a Program,
    function: &'a Function,
    /// The enclosing blocks and loops, with what is bound on every exit to them so far.
    labels: HashMap<Label, Bound>,
    /// All labels of the function.
    seen: HashSet<Label>,
    faults: Vec<String>,
}

impl Checker<'_> {
    fn fault(&mut self, text: String) {
        self.faults.push(text);
    }

    fn stmts(&mut self, stmts: &[Stmt], bound: &mut Bound) {
        for stmt in stmts {
            self.stmt(&stmt.kind, bound);
        }
    }

    /// Writes down that control may leave through the label with these locals bound.
    fn exit(&mut self, label: Label, bound: &Bound) {
        let Some(known) = self.labels.get_mut(&label) else {
            self.fault(format!("'{} encloses nothing here", label.0));
            return;
        };
        *known = meet(known.take(), bound.clone());
    }

    fn enter(&mut self, label: Label) {
        if !self.seen.insert(label) {
            self.fault(format!("'{} is given twice", label.0));
        }
        self.labels.insert(label, None);
    }

    fn kind(&mut self, local: Local) -> Option<LocalKind> {
        let kind = self.function.locals.get(local.0 as usize).map(|l| l.kind);
        if kind.is_none() {
            self.fault(format!("l{} does not exist", local.0));
        }
        kind
    }

    fn expect(&mut self, local: Local, kinds: &[LocalKind]) {
        if let Some(kind) = self.kind(local)
            && !kinds.contains(&kind)
        {
            self.fault(format!("l{} is {kind:?}, not {kinds:?}", local.0));
        }
    }

    fn read(&mut self, operand: Operand, bound: &Bound) {
        match operand {
            Operand::Local(local) => {
                self.expect(local, &[LocalKind::Value, LocalKind::Optional]);
                self.needs(local, bound);
            }
            Operand::Constant(id) => {
                if self.program.constants.get(id.index()).is_none() {
                    self.fault(format!("constant {} does not exist", id.0));
                }
            }
        }
    }

    fn read_all(&mut self, operands: &[Operand], bound: &Bound) {
        for operand in operands {
            self.read(*operand, bound);
        }
    }

    fn needs(&mut self, local: Local, bound: &Bound) {
        if bound.as_ref().is_some_and(|bound| !bound.contains(&local)) {
            self.fault(format!("l{} is read before it is bound", local.0));
        }
    }

    fn write(&mut self, local: Local, bound: &mut Bound) {
        self.expect(local, &[LocalKind::Value, LocalKind::Optional]);
        if let Some(bound) = bound {
            bound.insert(local);
        }
    }

    fn builder(&mut self, local: Local, kinds: &[LocalKind], bound: &Bound) {
        self.expect(local, kinds);
        self.needs(local, bound);
    }

    fn subject(&mut self, subject: &Subject, bound: &Bound) {
        match subject {
            Subject::Local(local) => self.read(Operand::Local(*local), bound),
            Subject::Get(source, key) => {
                self.subject(source, bound);
                self.read(Operand::Constant(*key), bound);
            }
            Subject::Constant(constant) => self.read(Operand::Constant(*constant), bound),
            Subject::Input(_) | Subject::Data(_) => {}
        }
    }

    fn when(&mut self, when: &When, subjects: usize, bound: &Bound) {
        let When::Keys { subject, keys } = when else {
            return;
        };
        if *subject as usize >= subjects || keys.is_empty() {
            self.fault("an arm has no subject or no key".to_owned());
        }
        for key in keys {
            let constants = match key {
                Key::Is(constant)
                | Key::Holds {
                    value: constant, ..
                } => [Some(*constant), None],
                Key::Between { from, to } => [*from, *to],
                Key::Text(_) | Key::Starts(_) | Key::Ends(_) | Key::Segment { .. } => [None, None],
            };
            for constant in constants.into_iter().flatten() {
                self.read(Operand::Constant(constant), bound);
            }
        }
    }

    fn select(&mut self, subjects: &[Subject], arms: &[Arm], bound: &mut Bound) {
        for subject in subjects {
            self.subject(subject, bound);
        }
        for arm in arms {
            self.when(&arm.when, subjects.len(), bound);
            // The next arm runs whether or not this one did.
            let before = bound.clone();
            let mut inside = bound.clone();
            self.stmts(&arm.body, &mut inside);
            *bound = meet(before, inside);
        }
    }

    fn stmt(&mut self, kind: &StmtKind, bound: &mut Bound) {
        match kind {
            StmtKind::Block { label, body } => {
                self.enter(*label);
                self.stmts(body, bound);
                let exits = self.labels.remove(label).flatten();
                *bound = meet(bound.take(), exits);
            }
            StmtKind::Break { label } => {
                self.exit(*label, bound);
                *bound = None;
            }
            StmtKind::Scan {
                label,
                source,
                key,
                value,
                join,
                body,
            } => {
                self.read(*source, bound);
                if let Some(join) = join {
                    self.subject(&join.wanted, bound);
                }
                self.enter(*label);
                let mut inside = bound.clone();
                for local in key.iter().chain(value) {
                    self.write(*local, &mut inside);
                }
                self.stmts(body, &mut inside);
                self.labels.remove(label);
            }
            StmtKind::Switch { on, cases, default } => {
                self.read(*on, bound);
                let before = bound.clone();
                self.stmts(default, bound);
                let mut constants = HashSet::new();
                for case in cases {
                    if !constants.insert(case.constant) {
                        self.fault("a switch has a case twice".to_owned());
                    }
                    self.read(Operand::Constant(case.constant), bound);
                    let mut inside = before.clone();
                    self.stmts(&case.body, &mut inside);
                    *bound = meet(bound.take(), inside);
                }
            }
            StmtKind::Select { subjects, arms } => self.select(subjects, arms, bound),
            StmtKind::With { patches, body } => {
                for patch in patches {
                    self.patch(patch, bound);
                }
                self.stmts(body, bound);
            }
            StmtKind::Return { value } => {
                self.read(*value, bound);
                *bound = None;
            }
            StmtKind::Fail { .. } => *bound = None,
            StmtKind::Enter { rule } | StmtKind::Indexed { rule } => {
                if self.program.rules.get(rule.index()).is_none() {
                    self.fault(format!("rule {} does not exist", rule.0));
                }
            }
            StmtKind::Mark => {}
            StmtKind::Assign { .. }
            | StmtKind::Clear { .. }
            | StmtKind::Input { .. }
            | StmtKind::Data { .. }
            | StmtKind::Get { .. }
            | StmtKind::Call { .. }
            | StmtKind::Lookup { .. }
            | StmtKind::CallReplacement { .. }
            | StmtKind::Test { .. }
            | StmtKind::Array { .. }
            | StmtKind::Object { .. }
            | StmtKind::Set { .. }
            | StmtKind::AssignOnce { .. } => self.value_stmt(kind, bound),
            StmtKind::Begin { .. }
            | StmtKind::Push { .. }
            | StmtKind::Group { .. }
            | StmtKind::Insert { .. }
            | StmtKind::Extend { .. }
            | StmtKind::PutAt { .. }
            | StmtKind::AddAt { .. }
            | StmtKind::Finish { .. } => self.builder_stmt(kind, bound),
        }
    }

    /// Statements that read and make values.
    fn value_stmt(&mut self, kind: &StmtKind, bound: &mut Bound) {
        match kind {
            StmtKind::Assign { target, source } => {
                self.read(*source, bound);
                self.write(*target, bound);
            }
            StmtKind::Clear { target } => {
                self.expect(*target, &[LocalKind::Optional]);
                if let Some(bound) = bound {
                    bound.remove(target);
                }
            }
            StmtKind::Input {
                target, otherwise, ..
            }
            | StmtKind::Data {
                target, otherwise, ..
            } => {
                self.exit(*otherwise, bound);
                self.write(*target, bound);
            }
            StmtKind::Get {
                target,
                source,
                key,
                otherwise,
            } => {
                self.read_all(&[*source, *key], bound);
                self.exit(*otherwise, bound);
                self.write(*target, bound);
            }
            StmtKind::Call {
                target,
                function,
                args,
                otherwise,
            } => {
                self.call(*function, Some(args.len()));
                self.read_all(args, bound);
                self.exit(*otherwise, bound);
                self.write(*target, bound);
            }
            StmtKind::Lookup {
                target,
                whole,
                keyed,
                keys,
                keys_first: _,
                otherwise,
            } => {
                self.call(CallTarget::Function(*whole), Some(0));
                self.call(CallTarget::Function(*keyed), Some(keys.len()));
                self.read_all(keys, bound);
                self.exit(*otherwise, bound);
                self.write(*target, bound);
            }
            StmtKind::CallReplacement {
                target,
                candidates,
                args,
                otherwise,
                ..
            } => {
                for candidate in candidates {
                    self.call(*candidate, None);
                }
                self.read_all(args, bound);
                self.exit(*otherwise, bound);
                self.write(*target, bound);
            }
            StmtKind::Test { test, otherwise } => {
                self.test(test, bound);
                self.exit(*otherwise, bound);
                if let (Test::Set(local), Some(bound)) = (test, bound) {
                    bound.insert(*local);
                }
            }
            StmtKind::Array { target, items } | StmtKind::Set { target, items } => {
                self.read_all(items, bound);
                self.write(*target, bound);
            }
            StmtKind::Object { target, entries } => {
                for (key, value) in entries {
                    self.read_all(&[*key, *value], bound);
                }
                self.write(*target, bound);
            }
            StmtKind::AssignOnce { target, source, .. } => {
                self.expect(*target, &[LocalKind::Optional]);
                self.read(*source, bound);
                self.write(*target, bound);
            }
            _ => {}
        }
    }

    /// Statements that work on builders.
    fn builder_stmt(&mut self, kind: &StmtKind, bound: &mut Bound) {
        use LocalKind::{ArrayBuilder, DocumentBuilder, ObjectBuilder, SetBuilder};
        match kind {
            StmtKind::Begin { builder } => {
                self.expect(
                    *builder,
                    &[ArrayBuilder, SetBuilder, ObjectBuilder, DocumentBuilder],
                );
                if let Some(bound) = bound {
                    bound.insert(*builder);
                }
            }
            StmtKind::Push { builder, value } => {
                self.builder(*builder, &[ArrayBuilder, SetBuilder], bound);
                self.read(*value, bound);
            }
            StmtKind::Group {
                builder,
                key,
                value,
                ..
            } => {
                self.builder(*builder, &[DocumentBuilder], bound);
                self.read_all(&[*key, *value], bound);
            }
            StmtKind::Insert {
                builder,
                key,
                value,
                ..
            } => {
                self.builder(*builder, &[ObjectBuilder], bound);
                self.read_all(&[*key, *value], bound);
            }
            StmtKind::Extend { builder, source } => {
                self.builder(*builder, &[ObjectBuilder], bound);
                self.read(*source, bound);
            }
            StmtKind::PutAt {
                builder,
                path,
                value,
            } => {
                self.builder(*builder, &[DocumentBuilder], bound);
                self.read_all(path, bound);
                self.read(*value, bound);
                if path.is_empty() {
                    self.fault("put has no path".to_owned());
                }
            }
            StmtKind::AddAt {
                builder,
                path,
                value,
            } => {
                self.builder(*builder, &[DocumentBuilder], bound);
                self.read_all(path, bound);
                if let Some(value) = value {
                    self.read(*value, bound);
                }
            }
            StmtKind::Finish { target, builder } => {
                self.builder(
                    *builder,
                    &[ArrayBuilder, SetBuilder, ObjectBuilder, DocumentBuilder],
                    bound,
                );
                if let Some(bound) = bound {
                    bound.remove(builder);
                }
                self.write(*target, bound);
            }
            _ => {}
        }
    }

    fn call(&mut self, target: CallTarget, args: Option<usize>) {
        let takes = match target {
            CallTarget::Function(id) => self.program.functions.get(id.index()).map(|f| f.params),
            CallTarget::Builtin(id) => self.program.builtins.get(id.index()).map(|b| b.arity),
        };
        match (takes, args) {
            (None, _) => self.fault(format!("{target:?} does not exist")),
            (Some(takes), Some(args)) if takes as usize != args => {
                self.fault(format!("{target:?} takes {takes} arguments, not {args}"));
            }
            (Some(_), _) => {}
        }
    }

    fn patch(&mut self, patch: &Patch, bound: &Bound) {
        match patch {
            Patch::Input { value, .. } | Patch::Data { value, .. } => self.read(*value, bound),
            Patch::Function { by, .. } => match by {
                Replacement::Value(value) => self.read(*value, bound),
                Replacement::Call(target) => self.call(*target, None),
            },
        }
    }

    fn test(&mut self, test: &Test, bound: &Bound) {
        match test {
            Test::Truthy(value)
            | Test::Collection(value)
            | Test::ArrayOf { value, .. }
            | Test::ObjectOf { value, .. } => self.read(*value, bound),
            Test::Compare { left, right, .. } => self.read_all(&[*left, *right], bound),
            Test::Member { value, collection } => self.read_all(&[*value, *collection], bound),
            Test::Set(local) => self.expect(*local, &[LocalKind::Optional]),
            Test::Holds { builder, .. } => self.builder(
                *builder,
                &[LocalKind::ArrayBuilder, LocalKind::SetBuilder],
                bound,
            ),
            Test::Lenient | Test::Unmasked(_) | Test::Mocked(_) => {}
            Test::Not(test) => self.test(test, bound),
        }
    }
}

/// What is bound where two ways come together.
fn meet(a: Bound, b: Bound) -> Bound {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.intersection(&b).copied().collect()),
        (a, None) => a,
        (None, b) => b,
    }
}
