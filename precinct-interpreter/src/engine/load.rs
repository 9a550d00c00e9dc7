//! IR to instructions.
//!
//! Labels become positions. An exit that leaves a `with` goes to a landing pad behind the body, which takes the
//! replacement back before it goes on.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use precinct_rego::ast::Span;
use precinct_rego::ir::{
    self, CallTarget, Comparison, Function, FunctionId, Label, Local, LocalKind, Operand, Patch,
    Program, Replacement, Stmt, StmtKind, Subject, Test,
};
use precinct_runtime::matcher::Matcher;
use precinct_runtime::{Builtin, EvalError, Value, builtin, ops};

use super::code::{
    BuilderKind, Code, JoinOp, NOWHERE, Op, PatchOp, Pc, Reg, SelectTable, Src, Stretch, SubjectOp,
    SwitchTable,
};
use super::{Engine, LoadError, Options, constants, private, select};

/// A builtin that the program calls.
#[derive(Debug)]
pub(super) enum BuiltinSlot {
    /// One of the runtime's.
    Known(&'static Builtin),
    /// One of the runtime's that is told where it is called.
    Located(&'static Builtin),
    /// One that the host program has to bring.
    Host(Arc<str>),
}

pub(super) fn load(program: &Program, options: Options<'_>) -> Result<Engine, LoadError> {
    let mut paths = Paths::default();
    let constants = constants::document(&program.constants);
    let functions = program
        .functions
        .iter()
        .map(|function| {
            let values = constants::values(&constants);
            Loader::new(program, function, values, &mut paths, options.marks)
                .load()
                .map_err(|fault| match fault {
                    Fault::TooLarge => LoadError::TooLarge,
                    Fault::Malformed(fault) => LoadError::Malformed {
                        function: Arc::clone(&function.name),
                        fault,
                    },
                })
        })
        .collect::<Result<_, _>>()?;
    Ok(Engine {
        functions,
        constants,
        builtins: program
            .builtins
            .iter()
            .map(|called| match builtin::lookup(&called.name) {
                Some(known) if known.name == "internal.print" => BuiltinSlot::Located(known),
                Some(known) => BuiltinSlot::Known(known),
                None => BuiltinSlot::Host(Arc::clone(&called.name)),
            })
            .collect(),
        paths: paths.all,
        entrypoints: program.entrypoints.clone(),
        files: options.sources.map_or_else(Vec::new, |sources| {
            sources
                .iter()
                .map(|(_, source)| Arc::clone(&source.name))
                .collect()
        }),
        shared: Arc::default(),
        memo_slots: program.memo_slots as usize,
        masks: program.masks.len(),
        mocks: program.mocks.len(),
    })
}

enum Fault {
    TooLarge,
    Malformed(String),
}

type Outcome<T> = Result<T, Fault>;

fn number(size: usize) -> Outcome<u32> {
    u32::try_from(size)
        .ok()
        .filter(|number| *number < Src::CONSTANT)
        .ok_or(Fault::TooLarge)
}

/// What a `*` of a glob stops at.
fn delimiters_of(delimiters: Value<'_>) -> Option<String> {
    match delimiters {
        Value::Null => Some(String::new()),
        Value::Array(items) if items.is_empty() => Some(".".to_owned()),
        Value::Array(items) => items
            .iter()
            .map(|item| item.as_str().filter(|text| text.chars().count() == 1))
            .collect(),
        _ => None,
    }
}

/// Paths of input and data, each once.
#[derive(Default)]
struct Paths {
    all: Vec<Box<[Box<str>]>>,
    known: HashMap<Vec<Arc<str>>, u32>,
}

impl Paths {
    fn add(&mut self, path: &[Arc<str>]) -> Outcome<u32> {
        if let Some(known) = self.known.get(path) {
            return Ok(*known);
        }
        let id = number(self.all.len())?;
        self.all
            .push(path.iter().map(|name| Box::from(&**name)).collect());
        self.known.insert(path.to_vec(), id);
        Ok(id)
    }
}

/// Where a label leads.
struct Target {
    /// The position, once it is known.
    at: Option<Pc>,
    /// Instructions that wait for it.
    waiting: Vec<usize>,
    /// The number of `with` bodies around the label.
    withs: usize,
}

/// A `with` whose body is being loaded.
struct With {
    patches: u32,
    /// Instructions of the body that leave it, by label.
    leaving: Vec<(Label, Vec<usize>)>,
}

/// Where a local lives.
#[derive(Clone, Copy)]
enum Home {
    Register(Reg),
    Builder(u32),
    /// A register that the arms of selects have in common, counted from the first of those.
    Shared(Reg),
}

struct Loader<'l> {
    program: &'l Program,
    function: &'l Function,
    constants: &'l [Value<'l>],
    paths: &'l mut Paths,
    marks: bool,
    homes: Vec<Home>,
    /// Where the labels around the statement at hand lead, outermost first.
    targets: Vec<(Label, Target)>,
    withs: Vec<With>,
    /// Loops around the statement at hand.
    loops: u32,
    /// Selects around it.
    selecting: u32,
    span: Span,
    code: Code,
}

impl<'l> Loader<'l> {
    fn new(
        program: &'l Program,
        function: &'l Function,
        constants: &'l [Value<'l>],
        paths: &'l mut Paths,
        marks: bool,
    ) -> Self {
        Self {
            program,
            function,
            constants,
            paths,
            marks,
            homes: Vec::new(),
            targets: Vec::new(),
            withs: Vec::new(),
            loops: 0,
            selecting: 0,
            span: function.span,
            code: Code {
                name: Arc::clone(&function.name),
                ops: Vec::new(),
                spans: Vec::new(),
                params: function.params,
                registers: 0,
                homes: Vec::new(),
                builders: Vec::new(),
                iters: 0,
                selecting: 0,
                memo: function.memo.map(|slot| slot.0),
                span: function.span,
                operands: Vec::new(),
                masks: Vec::new(),
                patches: Vec::new(),
                switches: Vec::new(),
                selects: Vec::new(),
                joins: Vec::new(),
                subjects: Vec::new(),
                matchers: Vec::new(),
                errors: Vec::new(),
            },
        }
    }

    fn load(mut self) -> Outcome<Code> {
        let mut shared = 0;
        // Who watches sees all locals at all times.
        let arms = if self.marks {
            vec![None; self.function.locals.len()]
        } else {
            private::registers(self.function)
        };
        for (info, arm) in self.function.locals.iter().zip(arms) {
            let builder = match info.kind {
                LocalKind::Value | LocalKind::Optional => {
                    self.homes.push(match arm {
                        // Where the shared registers begin is known when all others are counted.
                        Some(register) => Home::Shared(register),
                        None => Home::Register(self.code.registers),
                    });
                    match arm {
                        Some(register) => shared = shared.max(register + 1),
                        None => self.code.registers += 1,
                    }
                    continue;
                }
                LocalKind::ArrayBuilder => BuilderKind::Array,
                LocalKind::SetBuilder => BuilderKind::Set,
                LocalKind::ObjectBuilder => BuilderKind::Object,
                LocalKind::DocumentBuilder => BuilderKind::Document,
            };
            let id = number(self.code.builders.len())?;
            self.homes.push(Home::Builder(id));
            self.code.builders.push(builder);
        }
        let seen = |home: &Home| match home {
            Home::Register(register) => Some(*register),
            Home::Builder(_) | Home::Shared(_) => None,
        };
        self.code.homes = self.homes.iter().map(seen).collect();
        for home in &mut self.homes {
            if let Home::Shared(register) = home {
                *home = Home::Register(self.code.registers + *register);
            }
        }
        self.code.registers += shared;
        if self.code.params > self.code.registers {
            return Err(malformed("a parameter has no register"));
        }
        self.stmts(&self.function.body)?;
        self.span = self.function.span;
        self.emit(Op::Undefined);
        Ok(self.code)
    }

    fn emit(&mut self, op: Op) -> usize {
        self.code.ops.push(op);
        self.code.spans.push(self.span);
        self.code.ops.len() - 1
    }

    fn here(&self) -> Outcome<Pc> {
        number(self.code.ops.len())
    }

    fn register(&self, local: Local) -> Outcome<Reg> {
        match self.homes.get(local.0 as usize) {
            Some(Home::Register(register)) => Ok(*register),
            _ => Err(malformed("a builder stands where a value belongs")),
        }
    }

    fn builder(&self, local: Local) -> Outcome<u32> {
        match self.homes.get(local.0 as usize) {
            Some(Home::Builder(builder)) => Ok(*builder),
            _ => Err(malformed("a value stands where a builder belongs")),
        }
    }

    fn source(&self, operand: Operand) -> Outcome<Src> {
        match operand {
            Operand::Local(local) => Ok(Src(self.register(local)?)),
            Operand::Constant(id) if id.index() < self.constants.len() => {
                Ok(Src(number(id.index())? | Src::CONSTANT))
            }
            Operand::Constant(_) => Err(malformed("there is no such constant")),
        }
    }

    fn sources(&mut self, operands: &[Operand]) -> Outcome<Stretch> {
        let start = number(self.code.operands.len())?;
        for operand in operands {
            let source = self.source(*operand)?;
            self.code.operands.push(source);
        }
        Ok(Stretch {
            start,
            len: number(operands.len())?,
        })
    }

    fn open(&mut self, label: Label, at: Option<Pc>) {
        let target = Target {
            at,
            waiting: Vec::new(),
            withs: self.withs.len(),
        };
        self.targets.push((label, target));
    }

    /// Takes out a label that nothing can leave through any more.
    fn forget(&mut self, label: Label) -> Option<Target> {
        let at = self
            .targets
            .iter()
            .rposition(|(known, _)| *known == label)?;
        Some(self.targets.remove(at).1)
    }

    fn close(&mut self, label: Label) -> Outcome<()> {
        let here = self.here()?;
        if let Some(target) = self.forget(label) {
            for op in target.waiting {
                self.code.ops[op].set_exit(here);
            }
        }
        Ok(())
    }

    /// Emits an instruction that leaves through a label.
    fn emit_to(&mut self, op: Op, label: Label) -> Outcome<()> {
        let at = self.emit(op);
        self.leave(at, label)
    }

    fn leave(&mut self, op: usize, label: Label) -> Outcome<()> {
        let target = self
            .targets
            .iter_mut()
            .rfind(|(known, _)| *known == label)
            .map(|(_, target)| target)
            .ok_or_else(|| malformed("an exit names no enclosing block or loop"))?;
        if target.withs < self.withs.len() {
            if let Some(with) = self.withs.last_mut() {
                match with.leaving.iter_mut().find(|(known, _)| *known == label) {
                    Some((_, ops)) => ops.push(op),
                    None => with.leaving.push((label, vec![op])),
                }
            }
        } else if let Some(at) = target.at {
            self.code.ops[op].set_exit(at);
        } else {
            target.waiting.push(op);
        }
        Ok(())
    }

    fn stmts(&mut self, stmts: &[Stmt]) -> Outcome<()> {
        for stmt in stmts {
            self.span = stmt.span;
            self.stmt(&stmt.kind)?;
        }
        Ok(())
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each kind of statement")]
    fn stmt(&mut self, stmt: &StmtKind) -> Outcome<()> {
        match stmt {
            StmtKind::Block { label, body } => {
                self.open(*label, None);
                self.stmts(body)?;
                self.close(*label)?;
            }
            StmtKind::Break { label } => self.emit_to(Op::Jump { exit: 0 }, *label)?,
            StmtKind::Scan {
                label,
                source,
                key,
                value,
                join,
                body,
            } => self.scan(*label, *source, (*key, *value), join.as_deref(), body)?,
            StmtKind::Switch { on, cases, default } => self.switch(*on, cases, default)?,
            StmtKind::Select { subjects, arms } => self.select(subjects, arms)?,
            StmtKind::Assign { target, source } => {
                let (target, source) = (self.register(*target)?, self.source(*source)?);
                self.emit(Op::Assign { target, source });
            }
            StmtKind::Clear { target } => {
                let target = self.register(*target)?;
                self.emit(Op::Clear { target });
            }
            StmtKind::Input {
                target,
                path,
                otherwise,
            } => {
                let (target, path) = (self.register(*target)?, self.paths.add(path)?);
                let exit = 0;
                self.emit_to(Op::Input { target, path, exit }, *otherwise)?;
            }
            StmtKind::Data {
                target,
                path,
                otherwise,
            } => {
                let (target, path) = (self.register(*target)?, self.paths.add(path)?);
                let exit = 0;
                self.emit_to(Op::Data { target, path, exit }, *otherwise)?;
            }
            StmtKind::Get {
                target,
                source,
                key,
                otherwise,
            } => {
                let op = Op::Get {
                    target: self.register(*target)?,
                    source: self.source(*source)?,
                    key: self.source(*key)?,
                    exit: 0,
                };
                self.emit_to(op, *otherwise)?;
            }
            StmtKind::Call {
                target,
                function,
                args,
                otherwise,
            } => self.call(*target, *function, args, *otherwise)?,
            StmtKind::Lookup {
                target,
                whole,
                keyed,
                keys,
                keys_first,
                otherwise,
            } => {
                let keys = self.sources(keys)?;
                self.callable(*whole, 0)?;
                self.callable(*keyed, keys.len)?;
                let op = Op::Lookup {
                    target: self.register(*target)?,
                    whole: *whole,
                    keyed: *keyed,
                    keys,
                    keys_first: *keys_first,
                    exit: 0,
                };
                self.emit_to(op, *otherwise)?;
            }
            StmtKind::CallReplacement {
                target,
                mock,
                candidates: _,
                args,
                otherwise,
            } => {
                let op = Op::CallReplacement {
                    target: self.register(*target)?,
                    mock: mock.0,
                    args: self.sources(args)?,
                    exit: 0,
                };
                self.emit_to(op, *otherwise)?;
            }
            StmtKind::Test { test, otherwise } => {
                let op = self.test(test, false)?;
                self.emit_to(op, *otherwise)?;
            }
            StmtKind::Array { target, items } => {
                let (target, items) = (self.register(*target)?, self.sources(items)?);
                self.emit(Op::Array { target, items });
            }
            StmtKind::Object { target, entries } => {
                let flat: Vec<Operand> = entries.iter().flat_map(|(k, v)| [*k, *v]).collect();
                let (target, entries) = (self.register(*target)?, self.sources(&flat)?);
                self.emit(Op::Object { target, entries });
            }
            StmtKind::Set { target, items } => {
                let (target, items) = (self.register(*target)?, self.sources(items)?);
                self.emit(Op::Set { target, items });
            }
            StmtKind::Begin { builder } => {
                let builder = self.builder(*builder)?;
                self.emit(Op::Begin { builder });
            }
            StmtKind::Push { builder, value } => {
                let (builder, value) = (self.builder(*builder)?, self.source(*value)?);
                self.emit(Op::Push { builder, value });
            }
            StmtKind::Group {
                builder,
                key,
                value,
                is_set,
            } => {
                let op = Op::Group {
                    builder: self.builder(*builder)?,
                    key: self.source(*key)?,
                    value: self.source(*value)?,
                    is_set: *is_set,
                };
                self.emit(op);
            }
            StmtKind::Insert {
                builder,
                key,
                value,
                conflict,
            } => {
                let op = Op::Insert {
                    builder: self.builder(*builder)?,
                    key: self.source(*key)?,
                    value: self.source(*value)?,
                    conflict: on_conflict(*conflict),
                };
                self.emit(op);
            }
            StmtKind::Extend { builder, source } => {
                let (builder, source) = (self.builder(*builder)?, self.source(*source)?);
                self.emit(Op::Extend { builder, source });
            }
            StmtKind::PutAt {
                builder,
                path,
                value,
            } => {
                let op = Op::PutAt {
                    builder: self.builder(*builder)?,
                    path: self.sources(path)?,
                    value: self.source(*value)?,
                };
                self.emit(op);
            }
            StmtKind::AddAt {
                builder,
                path,
                value,
            } => {
                let op = Op::AddAt {
                    builder: self.builder(*builder)?,
                    path: self.sources(path)?,
                    value: value.map(|value| self.source(value)).transpose()?,
                };
                self.emit(op);
            }
            StmtKind::Finish { target, builder } => {
                let (target, builder) = (self.register(*target)?, self.builder(*builder)?);
                self.emit(Op::Finish { target, builder });
            }
            StmtKind::AssignOnce {
                target,
                source,
                conflict,
            } => {
                let op = Op::AssignOnce {
                    target: self.register(*target)?,
                    source: self.source(*source)?,
                    conflict: on_conflict(*conflict),
                };
                self.emit(op);
            }
            StmtKind::Return { value } => {
                let value = self.source(*value)?;
                for with in (0..self.withs.len()).rev() {
                    let patches = self.withs[with].patches;
                    self.emit(Op::WithEnd { patches });
                }
                self.emit(Op::Return { value });
            }
            StmtKind::With { patches, body } => self.with(patches, body)?,
            StmtKind::Enter { rule } => {
                self.emit(Op::Enter { rule: rule.0 });
            }
            StmtKind::Indexed { rule } => {
                if self.marks {
                    self.emit(Op::Indexed { rule: rule.0 });
                }
            }
            StmtKind::Mark => {
                if self.marks {
                    self.emit(Op::Mark);
                }
            }
            StmtKind::Fail { code, message } => {
                let error = number(self.code.errors.len())?;
                self.code
                    .errors
                    .push(EvalError::new(code.to_string(), &**message));
                self.emit(Op::Fail { error });
            }
        }
        Ok(())
    }

    fn select(&mut self, subjects: &[Subject], arms: &[ir::Arm]) -> Outcome<()> {
        let select = number(self.code.selects.len())?;
        let subjects = subjects
            .iter()
            .map(|subject| self.subject(subject))
            .collect::<Outcome<Vec<_>>>()?;
        self.code.selects.push(SelectTable {
            subjects,
            index: select::index(arms, self.constants)
                .ok_or_else(|| malformed("no such constant"))?,
            arms: Vec::with_capacity(arms.len()),
        });
        let iter = self.selecting;
        self.selecting += 1;
        self.code.selecting = self.code.selecting.max(self.selecting);
        self.emit(Op::SelectBegin { select, iter });
        let head = self.here()?;
        let exit = 0;
        let next = self.emit(Op::SelectNext { select, iter, exit });
        for arm in arms {
            let here = self.here()?;
            if let Some(table) = self.code.selects.get_mut(select as usize) {
                table.arms.push(here);
            }
            self.stmts(&arm.body)?;
            self.emit(Op::Jump { exit: head });
        }
        let end = self.here()?;
        self.code.ops[next].set_exit(end);
        self.selecting -= 1;
        Ok(())
    }

    fn subject(&mut self, subject: &Subject) -> Outcome<SubjectOp> {
        Ok(match subject {
            Subject::Local(local) => SubjectOp::Value(self.source(Operand::Local(*local))?),
            Subject::Constant(constant) => {
                SubjectOp::Value(self.source(Operand::Constant(*constant))?)
            }
            Subject::Input(path) => SubjectOp::Input(self.paths.add(path)?),
            Subject::Data(path) => SubjectOp::Data(self.paths.add(path)?),
            Subject::Get(source, key) => {
                let source = self.subject(source)?;
                let number = number(self.code.subjects.len())?;
                self.code.subjects.push(source);
                SubjectOp::Get {
                    source: number,
                    key: self.source(Operand::Constant(*key))?,
                }
            }
        })
    }

    fn join(&mut self, join: &ir::Join) -> Outcome<u32> {
        let loaded = JoinOp {
            list: join
                .list
                .as_ref()
                .map(|list| self.paths.add(list))
                .transpose()?,
            path: self.paths.add(&join.path)?,
            wanted: self.subject(&join.wanted)?,
        };
        let number = number(self.code.joins.len())?;
        self.code.joins.push(loaded);
        Ok(number)
    }

    fn scan(
        &mut self,
        label: Label,
        source: Operand,
        (key, value): (Option<Local>, Option<Local>),
        join: Option<&ir::Join>,
        body: &[Stmt],
    ) -> Outcome<()> {
        let iter = self.loops;
        self.loops += 1;
        self.code.iters = self.code.iters.max(self.loops);
        let register = |local: Option<Local>| local.map_or(Ok(NOWHERE), |l| self.register(l));
        let (key, value) = (register(key)?, register(value)?);
        let source = self.source(source)?;
        let exit = 0;
        let begin = match join {
            None => Op::ScanBegin { iter, source, exit },
            Some(join) => Op::JoinBegin {
                iter,
                source,
                join: self.join(join)?,
                exit,
            },
        };
        let begin = self.emit(begin);
        let head = self.here()?;
        let next = self.emit(Op::ScanNext {
            iter,
            key,
            value,
            exit: 0,
        });
        self.open(label, Some(head));
        self.stmts(body)?;
        self.forget(label);
        self.emit(Op::Jump { exit: head });
        let end = self.here()?;
        self.code.ops[begin].set_exit(end);
        self.code.ops[next].set_exit(end);
        self.loops -= 1;
        Ok(())
    }

    fn switch(&mut self, on: Operand, cases: &[ir::Case], default: &[Stmt]) -> Outcome<()> {
        let on = self.source(on)?;
        let table = number(self.code.switches.len())?;
        self.code.switches.push(SwitchTable::default());
        self.emit(Op::Switch { on, table });
        let mut loaded = Vec::with_capacity(cases.len());
        let mut ends = Vec::with_capacity(cases.len());
        for case in cases {
            let constant = self
                .constants
                .get(case.constant.index())
                .ok_or_else(|| malformed("there is no such constant"))?;
            loaded.push((constant.hash64(), case.constant.0, self.here()?));
            self.stmts(&case.body)?;
            ends.push(self.emit(Op::Jump { exit: 0 }));
        }
        loaded.sort_unstable();
        self.code.switches[table as usize] = SwitchTable {
            cases: loaded,
            default: self.here()?,
        };
        self.stmts(default)?;
        let end = self.here()?;
        for op in ends {
            self.code.ops[op].set_exit(end);
        }
        Ok(())
    }

    /// The matcher for a call that matches a constant pattern.
    fn matcher(&mut self, function: CallTarget, args: &[Operand]) -> Outcome<Option<u32>> {
        let CallTarget::Builtin(builtin) = function else {
            return Ok(None);
        };
        let name = self.program.builtins.get(builtin.index()).map(|b| &*b.name);
        let constants: Vec<Option<Value<'_>>> = args
            .iter()
            .map(|arg| match arg {
                Operand::Constant(id) => self.constants.get(id.index()).copied(),
                Operand::Local(_) => None,
            })
            .collect();
        let matcher = match (name, constants.as_slice()) {
            (Some("regex.match"), [Some(Value::String(pattern)), _]) => {
                Matcher::new(Cow::Owned((*pattern).to_owned()), None)
            }
            (Some("glob.match"), [Some(Value::String(pattern)), Some(delimiters), _]) => {
                let Some(delimiters) = delimiters_of(*delimiters) else {
                    return Ok(None);
                };
                Matcher::new(
                    Cow::Owned((*pattern).to_owned()),
                    Some(Cow::Owned(delimiters)),
                )
            }
            _ => return Ok(None),
        };
        let id = number(self.code.matchers.len())?;
        self.code.matchers.push(matcher);
        Ok(Some(id))
    }

    /// There is such a function, and it takes so many arguments.
    fn callable(&self, function: FunctionId, args: u32) -> Outcome<()> {
        match self.program.functions.get(function.index()) {
            None => Err(malformed("there is no such function")),
            Some(callee) if callee.params != args => {
                Err(malformed("a call has the wrong number of arguments"))
            }
            Some(_) => Ok(()),
        }
    }

    fn call(
        &mut self,
        target: Local,
        function: CallTarget,
        args: &[Operand],
        otherwise: Label,
    ) -> Outcome<()> {
        let (target, exit) = (self.register(target)?, 0);
        let matcher = self.matcher(function, args)?;
        let args = self.sources(args)?;
        let op = match function {
            CallTarget::Function(function) => {
                self.callable(function, args.len)?;
                Op::Call {
                    target,
                    function,
                    args,
                    exit,
                }
            }
            CallTarget::Builtin(builtin) if builtin.index() < self.program.builtins.len() => {
                let builtin = builtin.0;
                match matcher {
                    Some(matcher) => Op::Match {
                        target,
                        matcher,
                        builtin,
                        args,
                        exit,
                    },
                    None => Op::CallBuiltin {
                        target,
                        builtin,
                        args,
                        exit,
                    },
                }
            }
            CallTarget::Builtin(_) => return Err(malformed("there is no such builtin")),
        };
        self.emit_to(op, otherwise)
    }

    /// The instruction for a test; it leaves when the outcome is `when`.
    #[expect(clippy::too_many_lines, reason = "one arm for each kind of test")]
    fn test(&mut self, test: &Test, when: bool) -> Outcome<Op> {
        let exit = 0;
        Ok(match test {
            Test::Truthy(value) => Op::Truthy {
                value: self.source(*value)?,
                when,
                exit,
            },
            Test::Compare {
                comparison,
                left,
                right,
            } => {
                let (left, right) = (self.source(*left)?, self.source(*right)?);
                match comparison {
                    Comparison::Equal => Op::Equal {
                        left,
                        right,
                        when,
                        exit,
                    },
                    Comparison::NotEqual => Op::Equal {
                        left,
                        right,
                        when: !when,
                        exit,
                    },
                    Comparison::Less => Op::Less {
                        left,
                        right,
                        when,
                        exit,
                    },
                    Comparison::GreaterOrEqual => Op::Less {
                        left,
                        right,
                        when: !when,
                        exit,
                    },
                    Comparison::Greater => Op::Less {
                        left: right,
                        right: left,
                        when,
                        exit,
                    },
                    Comparison::LessOrEqual => Op::Less {
                        left: right,
                        right: left,
                        when: !when,
                        exit,
                    },
                }
            }
            Test::ArrayOf { value, length } => Op::ArrayOf {
                value: self.source(*value)?,
                length: *length,
                when,
                exit,
            },
            Test::ObjectOf { value, length } => Op::ObjectOf {
                value: self.source(*value)?,
                length: *length,
                when,
                exit,
            },
            Test::Collection(value) => Op::Collection {
                value: self.source(*value)?,
                when,
                exit,
            },
            Test::Member { value, collection } => Op::Member {
                value: self.source(*value)?,
                collection: self.source(*collection)?,
                when,
                exit,
            },
            Test::Set(local) => Op::IsSet {
                local: self.register(*local)?,
                when,
                exit,
            },
            Test::Holds { builder, least } => Op::Holds {
                builder: self.builder(*builder)?,
                least: *least,
                when,
                exit,
            },
            Test::Lenient => Op::Lenient { when, exit },
            Test::Unmasked(masks) => {
                let start = number(self.code.masks.len())?;
                self.code.masks.extend(masks.iter().map(|mask| mask.0));
                Op::Unmasked {
                    masks: Stretch {
                        start,
                        len: number(masks.len())?,
                    },
                    when,
                    exit,
                }
            }
            Test::Mocked(mock) => Op::Mocked {
                mock: mock.0,
                when,
                exit,
            },
            Test::Not(inner) => self.test(inner, !when)?,
        })
    }

    fn with(&mut self, patches: &[Patch], body: &[Stmt]) -> Outcome<()> {
        let mut loaded = Vec::with_capacity(patches.len());
        for patch in patches {
            loaded.push(self.patch(patch)?);
        }
        let start = number(self.code.patches.len())?;
        let count = number(loaded.len())?;
        self.code.patches.extend(loaded);
        let stretch = Stretch { start, len: count };
        self.emit(Op::WithBegin { patches: stretch });
        self.withs.push(With {
            patches: count,
            leaving: Vec::new(),
        });
        let span = self.span;
        self.stmts(body)?;
        self.span = span;
        let with = self.withs.pop();
        self.emit(Op::WithEnd { patches: count });
        let leaving = with.map(|with| with.leaving).unwrap_or_default();
        if leaving.is_empty() {
            return Ok(());
        }
        let over = self.emit(Op::Jump { exit: 0 });
        for (label, ops) in leaving {
            let pad = self.here()?;
            for op in ops {
                self.code.ops[op].set_exit(pad);
            }
            self.emit(Op::WithEnd { patches: count });
            self.emit_to(Op::Jump { exit: 0 }, label)?;
        }
        let end = self.here()?;
        self.code.ops[over].set_exit(end);
        Ok(())
    }

    fn patch(&mut self, patch: &Patch) -> Outcome<PatchOp> {
        Ok(match patch {
            Patch::Input { path, value } => PatchOp::Input {
                path: self.paths.add(path)?,
                value: self.source(*value)?,
            },
            Patch::Data { path, value, mask } => PatchOp::Data {
                path: self.paths.add(path)?,
                value: self.source(*value)?,
                mask: mask.0,
            },
            Patch::Function { mock, by } => match by {
                Replacement::Value(value) => PatchOp::MockValue {
                    mock: mock.0,
                    value: self.source(*value)?,
                },
                Replacement::Call(CallTarget::Function(function)) => PatchOp::MockFunction {
                    mock: mock.0,
                    function: *function,
                },
                Replacement::Call(CallTarget::Builtin(builtin)) => PatchOp::MockBuiltin {
                    mock: mock.0,
                    builtin: builtin.0,
                },
            },
        })
    }
}

fn malformed(fault: &str) -> Fault {
    Fault::Malformed(fault.to_owned())
}

const fn on_conflict(conflict: ir::Conflict) -> ops::Conflict {
    match conflict {
        ir::Conflict::CompleteRule => ops::Conflict::CompleteRule,
        ir::Conflict::Function => ops::Conflict::Function,
        ir::Conflict::ObjectKey => ops::Conflict::ObjectKey,
        ir::Conflict::Replace => ops::Conflict::Replace,
    }
}
