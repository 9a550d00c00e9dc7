//! Tokens to the tree, with the messages of Go's parser.

use std::collections::HashMap;

use super::functions::Function;
use super::go::{quoted, unquote, unquote_char};
use super::lex::{Kind, Token, tokens};
use super::tree::{Branch, Command, Constant, Node, Operand, Pipe, Term};

/// How deep actions and parentheses may nest.
const DEEPEST: usize = 128;

/// The main template under an empty name, and those that it defines.
pub struct Templates {
    pub main: Vec<Node>,
    pub named: HashMap<String, Vec<Node>>,
}

/// What ended a list of nodes.
#[derive(PartialEq, Eq)]
enum Ending {
    End,
    Else,
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
    variables: Vec<String>,
    ranges: usize,
    depth: usize,
    named: HashMap<String, Vec<Node>>,
}

type Parsed<T> = Result<T, String>;

/// Parses a template named `template`.
pub fn parse(source: &str) -> Parsed<Templates> {
    let mut parser = Parser {
        tokens: tokens(source),
        next: 0,
        variables: vec!["$".to_owned()],
        ranges: 0,
        depth: 0,
        named: HashMap::new(),
    };
    let main = parser.main()?;
    let mut named = parser.named;
    // The template can call itself; one that it defines under its own name is of no use unless it is empty.
    let main = if is_empty(&main) {
        named.remove("template").unwrap_or(main)
    } else if named.get("template").is_some_and(|other| !is_empty(other)) {
        return Err("template: multiple definition of template \"template\"".to_owned());
    } else {
        main
    };
    Ok(Templates { main, named })
}

fn is_empty(nodes: &[Node]) -> bool {
    nodes
        .iter()
        .all(|node| matches!(node, Node::Text(text) if text.trim().is_empty()))
}

impl Parser {
    fn peek(&self) -> Token {
        match self.tokens.get(self.next).or(self.tokens.last()) {
            Some(token) => token.clone(),
            None => Token {
                kind: Kind::End,
                at: 0,
                line: 1,
                text: String::new(),
            },
        }
    }

    fn kind(&self) -> Kind {
        self.tokens
            .get(self.next)
            .or(self.tokens.last())
            .map_or(Kind::End, |token| token.kind)
    }

    fn take(&mut self) -> Token {
        let token = self.peek();
        self.next = (self.next + 1).min(self.tokens.len());
        token
    }

    fn skip_space(&mut self) {
        while self.kind() == Kind::Space {
            self.next += 1;
        }
    }

    fn peek_solid(&mut self) -> Token {
        self.skip_space();
        self.peek()
    }

    fn take_solid(&mut self) -> Token {
        self.skip_space();
        self.take()
    }

    fn keyword(&mut self, word: &str) -> bool {
        let token = self.peek_solid();
        token.kind == Kind::Keyword && token.text == word
    }

    fn fail<T>(&self, message: &str) -> Parsed<T> {
        let last = self
            .next
            .saturating_sub(1)
            .min(self.tokens.len().saturating_sub(1));
        let line = self.tokens.get(last).map_or(1, |token| token.line);
        Err(format!("template: template:{line}: {message}"))
    }

    fn expect(&mut self, kind: Kind, place: &str) -> Parsed<Token> {
        let token = self.take_solid();
        if token.kind == kind {
            Ok(token)
        } else {
            unexpected(&token, place)
        }
    }

    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= DEEPEST {
            return self.fail("max expression depth exceeded");
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn main(&mut self) -> Parsed<Vec<Node>> {
        let mut nodes = Vec::new();
        loop {
            let token = self.take();
            match token.kind {
                Kind::End => return Ok(nodes),
                Kind::Text => nodes.push(Node::Text(token.text)),
                Kind::Left if self.keyword("define") => {
                    self.take();
                    self.definition()?;
                }
                Kind::Left => match self.action()? {
                    Ok(node) => nodes.push(node),
                    Err(Ending::End) => return self.fail("unexpected {{end}}"),
                    Err(Ending::Else) => return self.fail("unexpected {{else}}"),
                },
                _ => return unexpected(&token, "input"),
            }
        }
    }

    /// Nodes up to `{{end}}` or `{{else}}`.
    fn list(&mut self) -> Parsed<(Vec<Node>, Ending)> {
        self.deeper(|parser| {
            let mut nodes = Vec::new();
            loop {
                let token = parser.take();
                match token.kind {
                    Kind::Text => nodes.push(Node::Text(token.text)),
                    Kind::Left => match parser.action()? {
                        Ok(node) => nodes.push(node),
                        Err(ending) => return Ok((nodes, ending)),
                    },
                    Kind::End => return parser.fail("unexpected EOF"),
                    _ => return unexpected(&token, "input"),
                }
            }
        })
    }

    fn name(&mut self, place: &str) -> Parsed<String> {
        let token = self.take_solid();
        match token.kind {
            Kind::String | Kind::RawString => self.unquoted(&token),
            _ => unexpected(&token, place),
        }
    }

    fn unquoted(&self, token: &Token) -> Parsed<String> {
        match unquote(&token.text) {
            Some(text) => Ok(text),
            None => self.fail("invalid syntax"),
        }
    }

    /// Parses what has variables and an end of its own.
    fn scoped(&mut self, place: &str) -> Parsed<Vec<Node>> {
        let outside = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
        let ranges = std::mem::take(&mut self.ranges);
        let (nodes, ending) = self.list()?;
        self.variables = outside;
        self.ranges = ranges;
        if ending == Ending::Else {
            return self.fail(&format!("unexpected {{{{else}}}} in {place}"));
        }
        Ok(nodes)
    }

    fn define(&mut self, name: String, nodes: Vec<Node>) -> Parsed<()> {
        match self.named.get(&name) {
            Some(other) if !is_empty(other) => {
                if is_empty(&nodes) {
                    return Ok(());
                }
                self.fail(&format!(
                    "template: multiple definition of template {}",
                    quoted(&name)
                ))
            }
            _ => {
                self.named.insert(name, nodes);
                Ok(())
            }
        }
    }

    fn definition(&mut self) -> Parsed<()> {
        let name = self.name("define clause")?;
        self.expect(Kind::Right, "define clause")?;
        let nodes = self.scoped("define clause")?;
        self.define(name, nodes)
    }

    fn action(&mut self) -> Parsed<Result<Node, Ending>> {
        let token = self.peek_solid();
        if token.kind != Kind::Keyword {
            return Ok(Ok(Node::Action(self.pipeline("command", Kind::Right)?)));
        }
        self.take();
        match token.text.as_str() {
            "end" => {
                self.expect(Kind::Right, "end")?;
                return Ok(Err(Ending::End));
            }
            "else" => {
                let next = self.peek_solid();
                if !(next.kind == Kind::Keyword && matches!(next.text.as_str(), "if" | "with")) {
                    self.expect(Kind::Right, "else")?;
                }
                return Ok(Err(Ending::Else));
            }
            "if" => self.branch("if").map(Node::If),
            "with" => self.branch("with").map(Node::With),
            "range" => self.branch("range").map(Node::Range),
            "block" => self.block(),
            "template" => {
                let at = self.peek_solid().at;
                let name = self.name("template clause")?;
                let pipe = if self.peek_solid().kind == Kind::Right {
                    self.take();
                    None
                } else {
                    Some(self.pipeline("template clause", Kind::Right)?)
                };
                Ok(Node::Template { name, pipe, at })
            }
            word @ ("break" | "continue") => {
                let next = self.take_solid();
                if next.kind != Kind::Right {
                    return unexpected(&next, &format!("{{{{{word}}}}}"));
                }
                if self.ranges == 0 {
                    return self.fail(&format!("{{{{{word}}}}} outside {{{{range}}}}"));
                }
                Ok(if word == "break" {
                    Node::Break
                } else {
                    Node::Continue
                })
            }
            _ => return unexpected(&token, "command"),
        }
        .map(Ok)
    }

    fn block(&mut self) -> Parsed<Node> {
        let at = self.peek_solid().at;
        let name = self.name("block clause")?;
        let pipe = self.pipeline("block clause", Kind::Right)?;
        let nodes = self.scoped("block clause")?;
        self.define(name.clone(), nodes)?;
        Ok(Node::Template {
            name,
            pipe: Some(pipe),
            at,
        })
    }

    /// `if`, `with` and `range`, up to their end.
    fn branch(&mut self, word: &str) -> Parsed<Branch> {
        let scope = self.variables.len();
        let pipe = self.pipeline(word, Kind::Right)?;
        let looped = usize::from(word == "range");
        self.ranges += looped;
        let (then, ending) = self.list()?;
        self.ranges -= looped;
        let mut otherwise = Vec::new();
        if ending == Ending::Else {
            if word != "range" && self.keyword(word) {
                // `{{else if}}` shares its end with the whole.
                self.take();
                let inner = self.deeper(|parser| parser.branch(word))?;
                otherwise.push(if word == "if" {
                    Node::If(inner)
                } else {
                    Node::With(inner)
                });
            } else {
                let token = self.peek_solid();
                if token.kind == Kind::Keyword && self.next > 0 && !self.after_right() {
                    return unexpected(&token, "input");
                }
                let (nodes, ending) = self.list()?;
                if ending == Ending::Else {
                    return self.fail("expected end; found {{else}}");
                }
                otherwise = nodes;
            }
        }
        self.variables.truncate(scope);
        Ok(Branch {
            pipe,
            then,
            otherwise,
        })
    }

    /// The last token closed an action.
    fn after_right(&self) -> bool {
        self.tokens
            .get(self.next - 1)
            .is_some_and(|token| token.kind == Kind::Right)
    }

    fn pipeline(&mut self, place: &str, end: Kind) -> Parsed<Pipe> {
        self.deeper(|parser| parser.flat_pipeline(place, end))
    }

    fn flat_pipeline(&mut self, place: &str, end: Kind) -> Parsed<Pipe> {
        let at = self.peek_solid().at;
        let (variables, assigns) = self.declarations(place)?;
        let mut commands = Vec::new();
        loop {
            let token = self.peek_solid();
            match token.kind {
                kind if kind == end => {
                    self.take();
                    if commands.is_empty() {
                        return self.fail(&format!("missing value for {place}"));
                    }
                    self.executable(&commands)?;
                    return Ok(Pipe {
                        variables,
                        assigns,
                        commands,
                        at,
                    });
                }
                Kind::Bool
                | Kind::CharConstant
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::RawString
                | Kind::String
                | Kind::Variable
                | Kind::Open => commands.push(self.command()?),
                _ => return unexpected(&token, place),
            }
        }
    }

    fn executable(&self, commands: &[Command]) -> Parsed<()> {
        for (at, command) in commands.iter().enumerate().skip(1) {
            if let Some(
                Term::Bool(_) | Term::Dot | Term::Nil | Term::Number(..) | Term::Text { .. },
            ) = command.args.first().map(|operand| &operand.term)
            {
                return self.fail(&format!(
                    "non executable command in pipeline stage {}",
                    at + 1
                ));
            }
        }
        Ok(())
    }

    /// `$x :=`, `$x =`, and `$i, $x :=` in a range.
    fn declarations(&mut self, place: &str) -> Parsed<(Vec<String>, bool)> {
        let mut variables = Vec::new();
        loop {
            let token = self.peek_solid();
            if token.kind != Kind::Variable {
                return Ok((variables, false));
            }
            let before = self.next;
            self.take();
            let next = self.peek_solid();
            match next.kind {
                Kind::Assign | Kind::Declare => {
                    self.take();
                    variables.push(token.text.clone());
                    self.variables.push(token.text);
                    return Ok((variables, next.kind == Kind::Assign));
                }
                Kind::Char if next.text == "," => {
                    self.take();
                    variables.push(token.text.clone());
                    self.variables.push(token.text);
                    if place != "range" || variables.len() >= 2 {
                        return self.fail(&format!("too many declarations in {place}"));
                    }
                    if !matches!(
                        self.peek_solid().kind,
                        Kind::Variable | Kind::Right | Kind::Close
                    ) {
                        return self.fail("range can only initialize variables");
                    }
                }
                _ => {
                    self.next = before;
                    return Ok((variables, false));
                }
            }
        }
    }

    fn command(&mut self) -> Parsed<Command> {
        let mut args = Vec::new();
        loop {
            self.skip_space();
            if let Some(operand) = self.operand()? {
                args.push(operand);
            }
            let token = self.peek();
            match token.kind {
                Kind::Space => {
                    self.take();
                    continue;
                }
                Kind::Right | Kind::Close => {}
                Kind::Bar => {
                    self.take();
                }
                _ => return unexpected(&token, "operand"),
            }
            if args.is_empty() {
                return self.fail("empty command");
            }
            return Ok(Command { args });
        }
    }

    fn operand(&mut self) -> Parsed<Option<Operand>> {
        let Some(operand) = self.term()? else {
            return Ok(None);
        };
        if self.kind() != Kind::Field {
            return Ok(Some(operand));
        }
        let mut names = Vec::new();
        // Go gives a chain the place of its second name.
        let at = self.peek().at;
        while self.kind() == Kind::Field {
            names.push(self.take().text[1..].to_owned());
        }
        let term = match operand.term {
            Term::Field(mut first) => {
                first.append(&mut names);
                Term::Field(first)
            }
            Term::Variable(mut first) => {
                first.append(&mut names);
                Term::Variable(first)
            }
            Term::Bool(_) | Term::Text { .. } | Term::Number(..) | Term::Nil | Term::Dot => {
                let shown = quoted(&operand.to_string());
                return self.fail(&format!("unexpected . after term {shown}"));
            }
            _ => Term::Chain(Box::new(operand), names),
        };
        Ok(Some(Operand { term, at }))
    }

    fn term(&mut self) -> Parsed<Option<Operand>> {
        let token = self.peek_solid();
        let at = token.at;
        self.take();
        let term = match token.kind {
            Kind::Identifier if Function::named(&token.text).is_some() => {
                Term::Function(token.text)
            }
            Kind::Identifier => {
                return self.fail(&format!("function {} not defined", quoted(&token.text)));
            }
            Kind::Dot => Term::Dot,
            Kind::Nil => Term::Nil,
            Kind::Bool => Term::Bool(token.text == "true"),
            Kind::Variable if self.variables.contains(&token.text) => {
                Term::Variable(vec![token.text])
            }
            Kind::Variable => {
                return self.fail(&format!("undefined variable {}", quoted(&token.text)));
            }
            Kind::Field => Term::Field(vec![token.text[1..].to_owned()]),
            Kind::Number => Term::Number(self.number(&token.text)?, token.text),
            Kind::CharConstant => match unquote_char(&token.text) {
                Some(letter) => {
                    Term::Number(Constant::Int(i64::from(u32::from(letter))), token.text)
                }
                None => {
                    return self.fail(&format!("malformed character constant: {}", token.text));
                }
            },
            Kind::String | Kind::RawString => Term::Text {
                text: self.unquoted(&token)?,
                quoted: token.text,
            },
            Kind::Open => Term::Pipe(Box::new(
                self.pipeline("parenthesized pipeline", Kind::Close)?,
            )),
            _ => {
                self.next -= 1;
                return Ok(None);
            }
        };
        Ok(Some(Operand { term, at }))
    }

    fn number(&self, text: &str) -> Parsed<Constant> {
        match super::go::constant(text) {
            Some(constant) => Ok(constant),
            None => self.fail(&format!("illegal number syntax: {}", quoted(text))),
        }
    }
}

/// A token that has no place here.
fn unexpected<T>(token: &Token, place: &str) -> Parsed<T> {
    let line = token.line;
    let shown = match token.kind {
        Kind::Error => return Err(format!("template: template:{line}: {}", token.text)),
        Kind::End => "EOF".to_owned(),
        Kind::Keyword => format!("<{}>", token.text),
        _ if token.text.len() > 10 => {
            let start: String = token.text.chars().take(10).collect();
            format!("{}...", quoted(&start))
        }
        _ => quoted(&token.text),
    };
    Err(format!(
        "template: template:{line}: unexpected {shown} in {place}"
    ))
}
