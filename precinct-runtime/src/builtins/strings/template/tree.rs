//! The tree of a template, and its pieces as Go writes them in errors.

use std::fmt;

use super::go::quoted;

/// A number in a template.
#[derive(Clone, Copy, Debug)]
pub enum Constant {
    Int(i64),
    Float(f64),
    /// An integer that Go's `int` cannot hold.
    TooLarge,
}

/// What a command is made of.
#[derive(Debug)]
pub enum Term {
    Dot,
    Nil,
    Bool(bool),
    Number(Constant, String),
    Text {
        quoted: String,
        text: String,
    },
    /// `.a.b`
    Field(Vec<String>),
    /// `$x.a.b`, the variable first
    Variable(Vec<String>),
    Function(String),
    /// `(pipeline).a.b`, `function.a`
    Chain(Box<Operand>, Vec<String>),
    Pipe(Box<Pipe>),
}

/// A term and where it stands.
#[derive(Debug)]
pub struct Operand {
    pub term: Term,
    /// Bytes before it.
    pub at: usize,
}

/// A function with its arguments, or a value.
#[derive(Debug)]
pub struct Command {
    pub args: Vec<Operand>,
}

/// `$a, $b := command | command`
#[derive(Debug)]
pub struct Pipe {
    pub variables: Vec<String>,
    /// `=` instead of `:=`
    pub assigns: bool,
    pub commands: Vec<Command>,
    /// Bytes before it.
    pub at: usize,
}

/// A pipeline with what follows when it holds and when it does not.
#[derive(Debug)]
pub struct Branch {
    pub pipe: Pipe,
    pub then: Vec<Node>,
    pub otherwise: Vec<Node>,
}

/// A piece of a template.
#[derive(Debug)]
pub enum Node {
    Text(String),
    Action(Pipe),
    If(Branch),
    With(Branch),
    Range(Branch),
    Template {
        name: String,
        pipe: Option<Pipe>,
        at: usize,
    },
    Break,
    Continue,
}

fn joined<T: fmt::Display>(f: &mut fmt::Formatter<'_>, items: &[T], between: &str) -> fmt::Result {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            f.write_str(between)?;
        }
        item.fmt(f)?;
    }
    Ok(())
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.term {
            Term::Dot => f.write_str("."),
            Term::Nil => f.write_str("nil"),
            Term::Bool(value) => value.fmt(f),
            Term::Number(_, text) | Term::Function(text) => f.write_str(text),
            Term::Text { quoted, .. } => f.write_str(quoted),
            Term::Field(names) => names.iter().try_for_each(|name| write!(f, ".{name}")),
            Term::Variable(names) => f.write_str(&names.join(".")),
            Term::Chain(operand, names) => {
                operand.fmt(f)?;
                names.iter().try_for_each(|name| write!(f, ".{name}"))
            }
            Term::Pipe(pipe) => write!(f, "({pipe})"),
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        joined(f, &self.args, " ")
    }
}

impl fmt::Display for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.variables.is_empty() {
            joined(f, &self.variables, ", ")?;
            f.write_str(if self.assigns { " = " } else { " := " })?;
        }
        joined(f, &self.commands, " | ")
    }
}

/// `{{template "name" pipeline}}`
pub fn template_text(name: &str, pipe: Option<&Pipe>) -> String {
    let argument = pipe.map(|pipe| format!(" {pipe}")).unwrap_or_default();
    format!("{{{{template {}{argument}}}}}", quoted(name))
}
