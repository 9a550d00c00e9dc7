//! How an evaluation fails.
//!
//! Codes and messages are OPA's, because people search for them.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// OPA's codes of evaluation errors.
pub mod code {
    /// A fault of the engine.
    pub const INTERNAL: &str = "eval_internal_error";
    /// The evaluation was cancelled: by its caller, by its deadline or because a limit was reached.
    pub const CANCEL: &str = "eval_cancel_error";
    /// Rules that fit the same document want different values.
    pub const CONFLICT: &str = "eval_conflict_error";
    /// An operation got a value of a type that it does not take.
    pub const TYPE: &str = "eval_type_error";
    /// A builtin failed.
    pub const BUILTIN: &str = "eval_builtin_error";
    /// A `with` replaces a part of something that has no parts.
    pub const WITH_MERGE: &str = "eval_with_merge_error";
}

/// A place in a policy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    /// The file as it was named when the policy was loaded.
    pub file: Arc<str>,
    /// The line, from 1.
    pub row: u32,
    /// The character in the line, from 1.
    pub col: u32,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.row)
    }
}

/// The evaluation ended without a result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct EvalError {
    /// One of the codes in [`code`].
    pub code: Cow<'static, str>,
    /// What happened.
    pub message: String,
    /// The expression or rule that it happened in.
    pub location: Option<Location>,
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(location) = &self.location {
            write!(f, "{location}: ")?;
        }
        write!(f, "{}: {}", self.code, self.message)
    }
}

/// What a builtin says between its name and what it was at.
const TIMED_OUT: &str = ": timed out before ";

impl EvalError {
    /// An error of one of the codes in [`code`].
    #[must_use]
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            location: None,
        }
    }

    /// The same error with a place, unless it has one.
    #[must_use]
    pub fn at(mut self, location: impl FnOnce() -> Location) -> Self {
        if !self.is_of_builtin() {
            self.location.get_or_insert_with(location);
        }
        self
    }

    /// The same error, in the words of a builtin that was told to stop: `numbers.range`, `generating all numbers in
    /// range`.
    #[must_use]
    #[cold]
    pub fn while_builtin(mut self, name: &str, doing: &str) -> Self {
        if self == Self::cancelled() {
            self.message = format!("{name}{TIMED_OUT}{doing}");
        }
        self
    }

    /// A builtin said so itself: OPA names no place then.
    fn is_of_builtin(&self) -> bool {
        self.code == code::CANCEL && self.message.contains(TIMED_OUT)
    }

    /// The same error; one that ended an evaluation because it took too much tells what ran: a rule or function, by its
    /// path (`data.p.q`).
    #[must_use]
    #[cold]
    pub fn while_running(mut self, path: &str) -> Self {
        // Parts of a document have numbered names.
        let path = path.split('#').next().unwrap_or(path);
        if self.code == code::CANCEL && path.starts_with("data.") && !self.is_of_builtin() {
            self.message.push_str(" in ");
            self.message.push_str(path);
        }
        self
    }

    /// The evaluation has to end, whatever could be tried instead: a limit was reached, or the engine is at fault.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.code == code::CANCEL || self.code == code::INTERNAL
    }

    /// The complete rule of this path (`data.p.q`) has two values.
    #[must_use]
    pub fn complete_rule_conflict(path: &str) -> Self {
        Self::new(
            code::CONFLICT,
            format!("rule {path} produced conflicting values"),
        )
    }

    /// The function of this path (`data.p.f`) has two values for the same arguments.
    #[must_use]
    pub fn function_conflict(path: &str) -> Self {
        Self::new(
            code::CONFLICT,
            format!("function {path} produced conflicting values for the same inputs"),
        )
    }

    /// An object has two values for one key.
    #[must_use]
    pub fn object_key_conflict() -> Self {
        Self::new(code::CONFLICT, "object keys must be unique")
    }

    /// The caller gave up, or the deadline passed.
    #[must_use]
    pub fn cancelled() -> Self {
        Self::new(code::CANCEL, "caller cancelled query execution")
    }

    /// The evaluation took more steps than it may.
    #[must_use]
    pub fn out_of_fuel(limit: u64) -> Self {
        Self::new(
            code::CANCEL,
            format!("evaluation needs more than {limit} steps"),
        )
    }

    /// The evaluation made more values than it may.
    #[must_use]
    pub fn memory(limit: usize) -> Self {
        Self::new(
            code::CANCEL,
            format!("evaluation needs more than {limit} bytes for its values"),
        )
    }

    /// Calls are nested too deeply.
    #[must_use]
    pub fn too_deep(limit: u32) -> Self {
        Self::new(
            code::INTERNAL,
            format!("evaluation nests more than {limit} calls"),
        )
    }

    /// `with` cannot put a value below something that is no object.
    #[must_use]
    pub fn with_merge() -> Self {
        Self::new(
            code::WITH_MERGE,
            "real and replacement data could not be merged",
        )
    }

    /// A builtin that this build or this evaluation does not have.
    #[must_use]
    pub fn unsupported_builtin(name: &str) -> Self {
        Self::new(code::INTERNAL, format!("unsupported built-in: {name}"))
    }

    /// What a builtin's failure means for the evaluation, if it means anything.
    #[must_use]
    pub fn from_builtin(name: &str, error: BuiltinError) -> Self {
        match error.kind {
            BuiltinErrorKind::Type => Self::new(code::TYPE, format!("{name}: {}", error.message)),
            BuiltinErrorKind::Generic => {
                Self::new(code::BUILTIN, format!("{name}: {}", error.message))
            }
            BuiltinErrorKind::Halt(inner) => *inner,
        }
    }
}

/// A builtin gives no value. Unless builtin errors are strict, the expression is then undefined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BuiltinError {
    /// What happened, without the name of the builtin.
    pub message: String,
    /// What follows.
    pub kind: BuiltinErrorKind,
}

/// What follows from a builtin's failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuiltinErrorKind {
    /// An argument has a type that the builtin does not take: `eval_type_error` if builtin errors are strict.
    Type,
    /// `eval_builtin_error` if builtin errors are strict.
    Generic,
    /// The evaluation ends with this error, strict or not.
    Halt(Box<EvalError>),
}

impl BuiltinError {
    /// The builtin cannot do what it is asked.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            kind: BuiltinErrorKind::Generic,
        }
    }

    /// An argument is not what the builtin takes. The message starts with `operand N `.
    #[must_use]
    pub fn operand(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            kind: BuiltinErrorKind::Type,
        }
    }

    /// The evaluation must end.
    #[must_use]
    pub fn halt(error: EvalError) -> Self {
        Self {
            message: error.message.clone(),
            kind: BuiltinErrorKind::Halt(Box::new(error)),
        }
    }
}

impl From<EvalError> for BuiltinError {
    fn from(error: EvalError) -> Self {
        Self::halt(error)
    }
}
