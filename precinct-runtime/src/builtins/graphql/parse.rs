//! What the parsers of both kinds of documents share: a cursor over tokens, values, types and directives.

use super::ast::{Argument, ChildValue, Comments, Directive, Position, Type, Value, ValueKind};
use super::lexer::{Kind, Lexer, Token};

/// So deep may selections, values and types nest.
const MAX_DEPTH: u32 = 250;

/// Why a text is no document.
#[derive(Clone, Debug)]
pub struct SyntaxError {
    pub message: String,
    pub position: (u32, i64),
}

pub type Parsed<T> = Result<T, SyntaxError>;

/// A cursor over tokens, one ahead, with the comments in front of that one.
pub struct Parser<'t> {
    lexer: Lexer<'t>,
    ahead: Token,
    /// Comments in front of the token ahead.
    pub comment: Comments,
    depth: u32,
}

impl<'t> Parser<'t> {
    pub fn new(text: &'t str) -> Self {
        let mut lexer = Lexer::new(text);
        let ahead = lexer.next_token();
        let mut parser = Self {
            lexer,
            ahead,
            comment: Vec::new(),
            depth: 0,
        };
        parser.skip_comments();
        parser
    }

    fn skip_comments(&mut self) {
        while self.ahead.kind == Kind::Comment {
            let value = std::mem::take(&mut self.ahead.value);
            self.comment.push(value);
            self.ahead = self.lexer.next_token();
        }
    }

    pub const fn kind(&self) -> Kind {
        self.ahead.kind
    }

    pub const fn token(&self) -> &Token {
        &self.ahead
    }

    pub const fn position(&self) -> Position {
        Some(self.ahead.position)
    }

    /// The token ahead, a name or not, reads so.
    pub fn reads(&self, text: &str) -> bool {
        self.ahead.value == text
    }

    pub fn next(&mut self) -> Token {
        let next = self.lexer.next_token();
        let token = std::mem::replace(&mut self.ahead, next);
        self.comment.clear();
        self.skip_comments();
        token
    }

    pub fn error<T>(&self, message: String) -> Parsed<T> {
        Err(SyntaxError {
            message,
            position: self.ahead.position,
        })
    }

    pub fn unexpected<T>(&self) -> Parsed<T> {
        self.error(format!("Unexpected {}", self.ahead))
    }

    pub fn skip(&mut self, kind: Kind) -> bool {
        let found = self.ahead.kind == kind;
        if found {
            self.next();
        }
        found
    }

    pub fn expect(&mut self, kind: Kind) -> Parsed<Token> {
        if self.ahead.kind == kind {
            return Ok(self.next());
        }
        self.error(format!(
            "Expected {}, found {}",
            kind.text(),
            self.ahead.kind.text()
        ))
    }

    /// A keyword; the comments in front of it.
    pub fn keyword(&mut self, word: &str) -> Parsed<Comments> {
        if self.ahead.kind == Kind::Name && self.ahead.value == word {
            let comment = self.comment.clone();
            self.next();
            return Ok(comment);
        }
        self.error(format!("Expected \"{word}\", found {}", self.ahead))
    }

    pub fn name(&mut self) -> Parsed<String> {
        Ok(self.expect(Kind::Name)?.value)
    }

    /// Items between brackets, at least one if the brackets are there; also the comments before the closing one.
    pub fn some<T>(
        &mut self,
        open: Kind,
        close: Kind,
        mut item: impl FnMut(&mut Self) -> Parsed<T>,
    ) -> Parsed<(Vec<T>, Comments)> {
        let mut items = Vec::new();
        if !self.skip(open) {
            return Ok((items, Vec::new()));
        }
        while self.kind() != close {
            items.push(item(self)?);
        }
        if items.is_empty() {
            return self.error(format!(
                "expected at least one definition, found {}",
                self.ahead.kind.text()
            ));
        }
        let comment = self.comment.clone();
        self.next();
        Ok((items, comment))
    }

    /// Runs a parser that may come back to itself.
    pub fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            return self.error(format!("document nests more than {MAX_DEPTH} levels"));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    pub fn variable(&mut self) -> Parsed<String> {
        self.expect(Kind::Dollar)?;
        self.name()
    }

    pub fn arguments(&mut self, is_const: bool) -> Parsed<Vec<Argument>> {
        let argument = |parser: &mut Self| {
            let (position, comment) = (parser.position(), parser.comment.clone());
            let name = parser.name()?;
            parser.expect(Kind::Colon)?;
            Ok(Argument {
                name,
                value: parser.value(is_const)?,
                position,
                comment,
            })
        };
        Ok(self.some(Kind::ParenL, Kind::ParenR, argument)?.0)
    }

    pub fn directives(&mut self, is_const: bool) -> Parsed<Vec<Directive>> {
        let mut directives = Vec::new();
        while self.skip(Kind::At) {
            let position = self.position();
            directives.push(Directive {
                name: self.name()?,
                arguments: self.arguments(is_const)?,
                position,
            });
        }
        Ok(directives)
    }

    pub fn type_reference(&mut self) -> Parsed<Type> {
        let mut reference = if self.skip(Kind::BracketL) {
            let position = self.position();
            let element = self.nested(Self::type_reference)?;
            self.expect(Kind::BracketR)?;
            Type {
                named: String::new(),
                element: Some(Box::new(element)),
                non_null: false,
                position,
            }
        } else {
            let position = self.position();
            Type {
                named: self.name()?,
                element: None,
                non_null: false,
                position,
            }
        };
        reference.non_null = self.skip(Kind::Bang);
        Ok(reference)
    }

    pub fn value(&mut self, is_const: bool) -> Parsed<Value> {
        let position = self.position();
        let kind = match self.kind() {
            Kind::BracketL | Kind::BraceL => {
                return self.nested(|parser| parser.collection(is_const));
            }
            Kind::Dollar if !is_const => {
                let comment = self.comment.clone();
                let raw = self.variable()?;
                return Ok(Value {
                    raw,
                    children: Vec::new(),
                    kind: ValueKind::Variable,
                    position,
                    comment,
                });
            }
            Kind::Int => ValueKind::Int,
            Kind::Float => ValueKind::Float,
            Kind::String => ValueKind::String,
            Kind::BlockString => ValueKind::Block,
            Kind::Name => match self.ahead.value.as_str() {
                "true" | "false" => ValueKind::Boolean,
                "null" => ValueKind::Null,
                _ => ValueKind::Enum,
            },
            _ => return self.unexpected(),
        };
        // OPA's parser forgets the comment in front of a plain value.
        let raw = self.next().value;
        Ok(Value {
            raw,
            children: Vec::new(),
            kind,
            position,
            comment: Vec::new(),
        })
    }

    fn collection(&mut self, is_const: bool) -> Parsed<Value> {
        let (position, comment) = (self.position(), self.comment.clone());
        let is_list = self.kind() == Kind::BracketL;
        let (close, kind) = if is_list {
            (Kind::BracketR, ValueKind::List)
        } else {
            (Kind::BraceR, ValueKind::Object)
        };
        self.next();
        let mut children = Vec::new();
        while self.kind() != close {
            children.push(if is_list {
                ChildValue {
                    name: String::new(),
                    value: self.value(is_const)?,
                    position: None,
                    comment: Vec::new(),
                }
            } else {
                let (position, comment) = (self.position(), self.comment.clone());
                let name = self.name()?;
                self.expect(Kind::Colon)?;
                ChildValue {
                    name,
                    value: self.value(is_const)?,
                    position,
                    comment,
                }
            });
        }
        self.next();
        Ok(Value {
            raw: String::new(),
            children,
            kind,
            position,
            comment,
        })
    }
}
