//! The ways into the parser.

use crate::ast::{Body, Comment, ExprKind, Module, Ref, SourceId, Span, Term, TermValue};
use crate::error::{Code, Diagnostic};
use crate::source::Sources;

use super::lexer::{self, Tokens};
use super::metadata;
use super::module;
use super::options::{Language, ParseOptions};
use super::parser::Parser;
use super::token::Tok;
use super::tree::Statement;

/// Reads a module.
///
/// # Errors
/// All syntax errors that were found, in the order of the text; also those that the version's rules ask for
/// (a missing `if`, a second package) and, if annotations are read, what is wrong with them.
pub fn parse_module(
    sources: &Sources,
    id: SourceId,
    options: &ParseOptions,
) -> Result<Module, Vec<Diagnostic>> {
    let (text, language) = prepare(sources, id, options)?;
    let tokens = lexer::tokens(text);
    let mut parser = Parser::new(id, text, &tokens, &language);
    let statements = parser.statements(options.skip_rules);
    let comments = comments(&parser);
    let mut errors = parser.errors();
    let mut annotations = Vec::new();
    if options.process_annotations {
        annotations = metadata::read(text, &comments, &mut errors);
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    module::assemble(&mut parser, statements, comments, annotations)
}

/// Reads a query: expressions that are separated by semicolons or line breaks.
///
/// # Errors
/// All syntax errors that were found.
pub fn parse_query(
    sources: &Sources,
    id: SourceId,
    options: &ParseOptions,
) -> Result<Body, Vec<Diagnostic>> {
    let (text, language) = prepare(sources, id, options)?;
    let tokens = lexer::tokens(text);
    let mut parser = Parser::new(id, text, &tokens, &language);
    let statements = parser.statements(true);
    let errors = parser.errors();
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut query = Body::new();
    for statement in statements {
        let what = match statement {
            Statement::Body(body) => {
                query.extend(parser.tree.build_body(&body));
                continue;
            }
            Statement::Package(_) => "*ast.Package",
            Statement::Import(_) => "*ast.Import",
            Statement::Rule(_) => "*ast.Rule",
        };
        let message = format!("expected body but got {what}");
        return Err(vec![Diagnostic::new(Code::Plain, Span::default(), message)]);
    }
    Ok(query)
}

/// What is wrong with a text that is read as statements, of which some could be rules.
///
/// # Errors
/// All syntax errors that were found.
pub fn check_statements(
    sources: &Sources,
    id: SourceId,
    options: &ParseOptions,
) -> Result<(), Vec<Diagnostic>> {
    let (text, language) = prepare(sources, id, options)?;
    let tokens = lexer::tokens(text);
    let mut parser = Parser::new(id, text, &tokens, &language);
    parser.statements(false);
    let errors = parser.errors();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

/// Reads a term.
///
/// # Errors
/// Syntax errors, or that the text is something other than one term.
pub fn parse_term(
    sources: &Sources,
    id: SourceId,
    options: &ParseOptions,
) -> Result<Term, Vec<Diagnostic>> {
    let body = parse_query(sources, id, options)?;
    let fail = |message| Err(vec![Diagnostic::new(Code::Parse, whole(id), message)]);
    match <[_; 1]>::try_from(body) {
        Ok([expr]) => match expr.kind {
            ExprKind::Term(term) => Ok(term),
            // A call is an expression of its own at the top; as a term it keeps its place.
            ExprKind::Call(terms) if !expr.negated => Ok(Term {
                span: expr.span,
                value: TermValue::Call(terms),
            }),
            _ => fail("expected term"),
        },
        Err(_) => fail("expected exactly one term"),
    }
}

/// Reads a reference (`data.a.b`, `input`).
///
/// # Errors
/// Syntax errors, or that the text is something other than one reference.
pub fn parse_ref(
    sources: &Sources,
    id: SourceId,
    options: &ParseOptions,
) -> Result<Ref, Vec<Diagnostic>> {
    match parse_term(sources, id, options)? {
        Term {
            value: TermValue::Ref(parts),
            ..
        } => Ok(parts),
        term => Err(vec![Diagnostic::new(
            Code::Parse,
            term.span,
            format!("expected ref but got {term}"),
        )]),
    }
}

fn whole(source: SourceId) -> Span {
    Span {
        source,
        start: 0,
        end: 0,
        row: 1,
        col: 1,
    }
}

fn prepare<'a>(
    sources: &'a Sources,
    id: SourceId,
    options: &ParseOptions,
) -> Result<(&'a str, Language), Vec<Diagnostic>> {
    let fail = |message: String| vec![Diagnostic::new(Code::Parse, whole(id), message)];
    let source = sources
        .get(id)
        .ok_or_else(|| fail("no such source".to_owned()))?;
    if u32::try_from(source.text.len()).is_err() {
        return Err(fail("text of more than 4 GiB".to_owned()));
    }
    // Capabilities that do not go together are no fault of the text.
    let language = Language::new(options)
        .map_err(|message| vec![Diagnostic::new(Code::Parse, Span::default(), message)])?;
    Ok((&source.text, language))
}

/// The comments that were passed.
fn comments(parser: &Parser<'_>) -> Vec<Comment> {
    let Tokens { list, errors: _ } = parser.tokens;
    list.iter()
        .take(parser.index() as usize)
        .filter(|token| token.tok == Tok::Comment)
        .map(|token| {
            let text = parser.slice(token.start + 1, token.end);
            Comment {
                span: parser.span_of(token),
                text: text.trim_end_matches('\r').to_owned(),
            }
        })
        .collect()
}
