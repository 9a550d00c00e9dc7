//! Errors of the front end: OPA's codes and messages, with the place they speak of.

use std::fmt;

use crate::ast::Span;

/// One error found in a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// OPA's code for the kind of error.
    pub code: Code,
    /// OPA's message, without code and location.
    pub message: String,
    /// Where the error is.
    pub span: Span,
    /// Further lines that OPA prints below the message (the types of a call's arguments, for example).
    pub details: Vec<String>,
    /// The `details` member of the error in JSON reports (`have`, `want`; `line`, `idx`).
    pub data: Option<serde_json::Value>,
    /// What the author can do, in precinct's words.
    pub help: Option<String>,
}

/// Kinds of errors, named as OPA names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// `rego_parse_error`: the text is not Rego.
    Parse,
    /// `rego_compile_error`: the modules do not go together.
    Compile,
    /// `rego_type_error`: an expression can never be right, whatever the input.
    Type,
    /// `rego_unsafe_var_error`: a variable gets no value.
    UnsafeVar,
    /// `rego_recursion_error`: a rule depends on itself.
    Recursion,
    /// `rego_format_error`: a module can't be formatted.
    Format,
    /// Without a code: the text is not of the kind that was asked for.
    Plain,
}

impl Code {
    /// OPA's name of the code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parse => "rego_parse_error",
            Self::Compile => "rego_compile_error",
            Self::Type => "rego_type_error",
            Self::UnsafeVar => "rego_unsafe_var_error",
            Self::Recursion => "rego_recursion_error",
            Self::Format => "rego_format_error",
            Self::Plain => "",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Diagnostic {
    /// An error without details or help.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            span,
            details: Vec::new(),
            data: None,
            help: None,
        }
    }
}
