//! Runs a template over a value.

use super::functions::{Function, Refusal};
use super::go::{Go, entries, lookup, quoted};
use super::parse::{Templates, parse};
use super::tree::{Branch, Command, Constant, Node, Operand, Pipe, Term, template_text};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::value::Value;

/// How deep templates may call templates.
const DEEPEST: usize = 100;

/// What ends the run of a list of nodes early.
enum Stop {
    Break,
    Continue,
    Error(BuiltinError),
}

impl From<BuiltinError> for Stop {
    fn from(error: BuiltinError) -> Self {
        Self::Error(error)
    }
}

type Ran<T> = Result<T, Stop>;

/// Where the run is, for errors.
#[derive(Clone, Copy)]
enum Place<'t> {
    Operand(&'t Operand),
    /// A function with its arguments.
    Call(&'t Operand, &'t [Operand]),
    Pipe(&'t Pipe),
    Template(&'t str, Option<&'t Pipe>, usize),
}

struct Run<'t, 'c, 'a> {
    source: &'t str,
    templates: &'t Templates,
    context: &'c mut Context<'a>,
    name: &'t str,
    variables: Vec<(&'t str, Go<'a>)>,
    place: Option<Place<'t>>,
    depth: usize,
    out: String,
}

/// Renders a template; `data` is what its dot is.
pub fn render<'a>(
    context: &mut Context<'a>,
    source: &str,
    data: Value<'a>,
) -> Result<String, BuiltinError> {
    context.spend(1 + source.len() as u64 / 16)?;
    let templates = parse(source).map_err(BuiltinError::new)?;
    let dot = Go::of(context.arena(), data);
    let mut run = Run {
        source,
        templates: &templates,
        context,
        name: "template",
        variables: vec![("$", dot)],
        place: None,
        depth: 0,
        out: String::new(),
    };
    match run.list(dot, &templates.main) {
        Err(Stop::Error(error)) => Err(error),
        _ => Ok(run.out.replace("<no value>", "<undefined>")),
    }
}

impl<'t, 'a> Run<'t, '_, 'a> {
    #[cold]
    fn fail<T>(&self, message: &str) -> Ran<T> {
        let (at, shown) = match self.place {
            None => {
                let text = format!("template: {}: {message}", self.name);
                return Err(Stop::Error(BuiltinError::new(text)));
            }
            Some(Place::Operand(operand)) => (operand.at, operand.to_string()),
            Some(Place::Call(operand, args)) => {
                let shown = args.iter().map(|arg| format!(" {arg}"));
                (operand.at, operand.to_string() + &shown.collect::<String>())
            }
            Some(Place::Pipe(pipe)) => (pipe.at, pipe.to_string()),
            Some(Place::Template(name, pipe, at)) => (at, template_text(name, pipe)),
        };
        let before = self.source.get(..at).unwrap_or(self.source);
        let line = before.matches('\n').count() + 1;
        let column = before.rfind('\n').map_or(at, |newline| at - newline - 1);
        Err(Stop::Error(BuiltinError::new(format!(
            "template: template:{line}:{column}: executing {} at <{shown}>: {message}",
            quoted(self.name)
        ))))
    }

    fn list(&mut self, dot: Go<'a>, nodes: &'t [Node]) -> Ran<()> {
        for node in nodes {
            self.context.spend(1).map_err(BuiltinError::from)?;
            let scope = self.variables.len();
            match node {
                Node::Text(text) => self.write(text)?,
                Node::Action(pipe) => {
                    let value = self.pipe(dot, pipe)?;
                    if pipe.variables.is_empty() {
                        let mut text = String::new();
                        match value {
                            Go::Missing => text.push_str("<no value>"),
                            value => value.print(&mut text),
                        }
                        self.write(&text)?;
                    }
                }
                Node::If(branch) => {
                    let holds = self.pipe(dot, &branch.pipe)?.holds();
                    self.list(
                        dot,
                        if holds {
                            &branch.then
                        } else {
                            &branch.otherwise
                        },
                    )?;
                    self.variables.truncate(scope);
                }
                Node::With(branch) => {
                    let value = self.pipe(dot, &branch.pipe)?;
                    if value.holds() {
                        self.list(value, &branch.then)?;
                    } else {
                        self.list(dot, &branch.otherwise)?;
                    }
                    self.variables.truncate(scope);
                }
                Node::Range(branch) => {
                    self.range(dot, branch)?;
                    self.variables.truncate(scope);
                }
                Node::Template { name, pipe, at } => self.call(dot, name, pipe.as_ref(), *at)?,
                Node::Break => return Err(Stop::Break),
                Node::Continue => return Err(Stop::Continue),
            }
        }
        Ok(())
    }

    fn write(&mut self, text: &str) -> Ran<()> {
        self.context
            .spend(text.len() as u64 / 16)
            .map_err(BuiltinError::from)?;
        self.out.push_str(text);
        Ok(())
    }

    fn call(&mut self, dot: Go<'a>, name: &'t str, pipe: Option<&'t Pipe>, at: usize) -> Ran<()> {
        self.place = Some(Place::Template(name, pipe, at));
        let templates = self.templates;
        let nodes = match templates.named.get(name) {
            Some(nodes) => nodes,
            None if name == "template" => &templates.main,
            None => return self.fail(&format!("template {} not defined", quoted(name))),
        };
        if self.depth >= DEEPEST {
            return self.fail(&format!("exceeded maximum template depth ({DEEPEST})"));
        }
        let dot = match pipe {
            Some(pipe) => self.pipe(dot, pipe)?,
            None => Go::Missing,
        };
        let variables = std::mem::replace(&mut self.variables, vec![("$", dot)]);
        let caller = std::mem::replace(&mut self.name, name);
        self.depth += 1;
        self.list(dot, nodes)?;
        self.depth -= 1;
        self.name = caller;
        self.variables = variables;
        Ok(())
    }

    fn range(&mut self, dot: Go<'a>, branch: &'t Branch) -> Ran<()> {
        let value = self.pipe(dot, &branch.pipe)?;
        let arena = self.context.arena();
        let mut any = false;
        match value {
            Go::Int(bound) => {
                if branch.pipe.variables.len() > 1 {
                    return self.fail(&format!(
                        "can't use {bound} to iterate over more than one variable"
                    ));
                }
                for number in 0..bound {
                    any = true;
                    if !self.turn(branch, Go::Missing, Go::Int(number))? {
                        break;
                    }
                }
            }
            Go::List(items) => {
                for (at, item) in (0..).zip(items) {
                    any = true;
                    if !self.turn(branch, Go::Int(at), Go::of(arena, item))? {
                        break;
                    }
                }
            }
            Go::Map(object) => {
                for (key, item) in entries(object) {
                    any = true;
                    let key = Go::Text(arena.alloc_str(&key));
                    if !self.turn(branch, key, Go::of(arena, item))? {
                        break;
                    }
                }
            }
            Go::Missing | Go::Nil => {}
            other => {
                let mut text = String::new();
                other.print(&mut text);
                return self.fail(&format!("range can't iterate over {text}"));
            }
        }
        if any {
            Ok(())
        } else {
            self.list(dot, &branch.otherwise)
        }
    }

    /// One turn of a loop; false if it was the last.
    fn turn(&mut self, branch: &'t Branch, key: Go<'a>, item: Go<'a>) -> Ran<bool> {
        self.context.spend(1).map_err(BuiltinError::from)?;
        let values: &[Go<'a>] = match branch.pipe.variables.len() {
            0 => &[],
            1 => &[item],
            _ => &[key, item],
        };
        let variables = &branch.pipe.variables;
        let scope = self.variables.len();
        let first = scope.saturating_sub(variables.len());
        for (at, (name, value)) in variables.iter().zip(values).enumerate() {
            if branch.pipe.assigns {
                self.assign(name, *value)?;
            } else if let Some(slot) = self.variables.get_mut(first + at) {
                slot.1 = *value;
            }
        }
        let result = self.list(item, &branch.then);
        self.variables.truncate(scope);
        match result {
            Ok(()) | Err(Stop::Continue) => Ok(true),
            Err(Stop::Break) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn assign(&mut self, name: &str, value: Go<'a>) -> Ran<()> {
        match self
            .variables
            .iter_mut()
            .rev()
            .find(|(other, _)| *other == name)
        {
            Some(slot) => {
                slot.1 = value;
                Ok(())
            }
            None => self.fail(&format!("undefined variable: {name}")),
        }
    }

    fn pipe(&mut self, dot: Go<'a>, pipe: &'t Pipe) -> Ran<Go<'a>> {
        self.place = Some(Place::Pipe(pipe));
        let mut value = None;
        for command in &pipe.commands {
            value = Some(match self.command(dot, command, value)? {
                Go::Nil => Go::Missing,
                other => other,
            });
        }
        let value = value.unwrap_or(Go::Missing);
        for name in &pipe.variables {
            if pipe.assigns {
                self.assign(name, value)?;
            } else {
                self.variables.push((name, value));
            }
        }
        Ok(value)
    }

    /// Runs a command; `last` is what the command before it gave.
    fn command(&mut self, dot: Go<'a>, command: &'t Command, last: Option<Go<'a>>) -> Ran<Go<'a>> {
        let Some((first, args)) = command.args.split_first() else {
            return Ok(Go::Missing);
        };
        let given = !args.is_empty() || last.is_some();
        match &first.term {
            Term::Field(_) | Term::Chain(..) | Term::Variable(_) => {
                return self.reference(dot, first, given);
            }
            Term::Function(name) => return self.function(dot, first, name, args, last),
            _ => {}
        }
        if !matches!(first.term, Term::Pipe(_)) {
            self.place = Some(Place::Operand(first));
        }
        if given {
            return self.fail(&format!("can't give argument to non-function {first}"));
        }
        match &first.term {
            Term::Nil => self.fail("nil is not a command"),
            _ => self.operand(dot, first),
        }
    }

    /// The value of an operand that is no function's name at the start of a command.
    fn operand(&mut self, dot: Go<'a>, operand: &'t Operand) -> Ran<Go<'a>> {
        match &operand.term {
            Term::Dot => Ok(dot),
            Term::Nil => Ok(Go::Nil),
            Term::Bool(value) => Ok(Go::Bool(*value)),
            Term::Number(Constant::Int(number), _) => Ok(Go::Int(*number)),
            Term::Number(Constant::Float(number), _) => Ok(Go::Float(*number)),
            Term::Number(Constant::TooLarge, text) => {
                self.place = Some(Place::Operand(operand));
                self.fail(&format!("{text} overflows int"))
            }
            Term::Text { text, .. } => Ok(Go::Text(self.context.arena().alloc_str(text))),
            Term::Field(_) | Term::Chain(..) | Term::Variable(_) => {
                self.reference(dot, operand, false)
            }
            Term::Function(name) => self.function(dot, operand, name, &[], None),
            Term::Pipe(pipe) => self.pipe(dot, pipe),
        }
    }

    /// Fields, variables and chains.
    fn reference(&mut self, dot: Go<'a>, operand: &'t Operand, given: bool) -> Ran<Go<'a>> {
        self.place = Some(Place::Operand(operand));
        let (mut value, names) = match &operand.term {
            Term::Field(names) => (dot, names.as_slice()),
            Term::Variable(names) => {
                let Some((name, names)) = names.split_first() else {
                    return Ok(Go::Missing);
                };
                let found = self.variables.iter().rev().find(|(other, _)| other == name);
                let Some((_, value)) = found else {
                    return self.fail(&format!("undefined variable: {name}"));
                };
                (*value, names)
            }
            Term::Chain(inner, names) => {
                if matches!(inner.term, Term::Nil) {
                    return self.fail(&format!("indirection through explicit nil in {operand}"));
                }
                let value = self.operand(dot, inner)?;
                self.place = Some(Place::Operand(operand));
                (value, names.as_slice())
            }
            _ => (dot, [].as_slice()),
        };
        if names.is_empty() && given {
            return self.fail(&format!("can't give argument to non-function {operand}"));
        }
        for (at, name) in names.iter().enumerate() {
            // What comes out of a map or a list has no type of its own to Go.
            let kind = if at == 0 {
                value.type_name()
            } else {
                "interface {}"
            };
            value = match value {
                Go::Missing => Go::Missing,
                Go::Nil => return self.fail(&format!("nil pointer evaluating {kind}.{name}")),
                Go::Map(_) if given && at + 1 == names.len() => {
                    return self.fail(&format!("{name} is not a method but has arguments"));
                }
                Go::Map(object) => lookup(object, name)
                    .map_or(Go::Missing, |value| Go::of(self.context.arena(), value)),
                _ => return self.fail(&format!("can't evaluate field {name} in type {kind}")),
            };
        }
        Ok(value)
    }

    fn function(
        &mut self,
        dot: Go<'a>,
        operand: &'t Operand,
        name: &str,
        args: &'t [Operand],
        last: Option<Go<'a>>,
    ) -> Ran<Go<'a>> {
        self.place = Some(Place::Operand(operand));
        let Some(function) = Function::named(name) else {
            return self.fail(&format!("{} is not a defined function", quoted(name)));
        };
        let count = args.len() + usize::from(last.is_some());
        let (fewest, more) = function.arity();
        if count < fewest || (count > fewest && !more) {
            let at_least = if more { "at least " } else { "" };
            return self.fail(&format!(
                "wrong number of args for {name}: want {at_least}{fewest} got {count}"
            ));
        }
        let mut values = Vec::with_capacity(count);
        for arg in args {
            self.place = Some(Place::Operand(arg));
            let value = self.operand(dot, arg)?;
            if matches!(function, Function::Printf) && values.is_empty() {
                self.pattern(arg, value)?;
            }
            let decided = match function {
                Function::And => !value.holds(),
                Function::Or => value.holds(),
                _ => false,
            };
            if decided {
                return Ok(value);
            }
            values.push(value);
        }
        values.extend(last);
        self.place = Some(Place::Call(operand, args));
        if let (Function::Call, Some(arg), Some(value)) = (function, args.first(), values.first())
            && !matches!(value, Go::Missing | Go::Nil)
        {
            let kind = value.type_name();
            return self.fail(&format!(
                "error calling call: non-function {arg} of type {kind}"
            ));
        }
        match function.call(self.context, &values) {
            Ok(value) => Ok(value),
            Err(Refusal::Text(text)) => self.fail(&format!("error calling {name}: {text}")),
            Err(Refusal::Builtin(error)) => Err(Stop::Error(error)),
        }
    }

    /// The first argument of `printf` has to be a text.
    fn pattern(&self, arg: &Operand, value: Go<'a>) -> Ran<()> {
        match (value, &arg.term) {
            (Go::Text(_) | Go::Missing | Go::Nil, _) => Ok(()),
            (_, Term::Number(..) | Term::Bool(_)) => {
                self.fail(&format!("expected string; found {arg}"))
            }
            (other, _) => self.fail(&format!(
                "wrong type for value; expected string; got {}",
                other.type_name()
            )),
        }
    }
}
