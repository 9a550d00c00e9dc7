//! The errors of a compilation: how many, in which order, and whether later stages make sense.

use std::cmp::Ordering;

use crate::ast::Span;
use crate::error::{Code, Diagnostic};
use crate::source::Sources;

/// The order of places: by the names of sources, then rows and columns. Places in no source come last.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    ranks: Vec<usize>,
}

impl Places {
    pub(super) fn new(sources: &Sources) -> Self {
        let mut names: Vec<_> = sources
            .iter()
            .map(|(id, source)| (&source.name, id))
            .collect();
        names.sort();
        let mut ranks = vec![0; names.len()];
        for (rank, (_, id)) in names.into_iter().enumerate() {
            if let Some(slot) = ranks.get_mut(id.0 as usize) {
                *slot = rank;
            }
        }
        Self { ranks }
    }

    pub(super) fn compare(&self, a: Span, b: Span) -> Ordering {
        let key = |span: Span| {
            let rank = self.ranks.get(span.source.0 as usize).copied();
            (span.row == 0, rank, span.row, span.col)
        };
        key(a).cmp(&key(b))
    }
}

/// Collects errors.
pub(super) struct Errors {
    list: Vec<Diagnostic>,
    limit: usize,
    limit_reached: bool,
    fatal: bool,
}

impl Errors {
    /// A collection that is full after this many errors; zero means that it never is.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            list: Vec::new(),
            limit,
            limit_reached: false,
            fatal: false,
        }
    }

    /// Notes an error after which no further stage runs. The answer is whether there is room for more.
    pub(super) fn fatal(&mut self, error: Diagnostic) -> bool {
        self.fatal |= !self.limit_reached;
        self.note(error)
    }

    /// Notes errors after which no further stage runs.
    pub(super) fn all_fatal(&mut self, errors: Vec<Diagnostic>) -> bool {
        errors.into_iter().all(|error| self.fatal(error))
    }

    /// Notes an error that does not keep later stages from running. The answer is whether there is room for more.
    pub(super) fn note(&mut self, error: Diagnostic) -> bool {
        if self.limit_reached {
            return false;
        }
        self.list.push(error);
        self.limit_reached = self.limit > 0 && self.list.len() >= self.limit;
        self.fatal |= self.limit_reached;
        !self.limit_reached
    }

    /// Notes errors that do not keep later stages from running.
    pub(super) fn all(&mut self, errors: Vec<Diagnostic>) -> bool {
        errors.into_iter().all(|error| self.note(error))
    }

    /// As [`Errors::all`], in the order of their places.
    pub(super) fn all_sorted(&mut self, mut errors: Vec<Diagnostic>, places: &Places) -> bool {
        sort(&mut errors, places);
        self.all(errors)
    }

    /// Whether no further stage should run.
    pub(super) fn stop(&self) -> bool {
        self.fatal
    }

    /// The errors by place; nothing if there are none.
    pub(super) fn finish(mut self, places: &Places) -> Result<(), Vec<Diagnostic>> {
        if self.list.is_empty() {
            return Ok(());
        }
        sort(&mut self.list, places);
        if self.limit_reached {
            self.list.push(limit_reached());
        }
        Err(self.list)
    }
}

/// The errors of a query, cut at the limit.
pub(super) fn limited(mut errors: Vec<Diagnostic>, limit: usize) -> Vec<Diagnostic> {
    if limit > 0 && errors.len() > limit {
        errors.truncate(limit);
        errors.push(limit_reached());
    }
    errors
}

fn limit_reached() -> Diagnostic {
    Diagnostic::new(Code::Compile, Span::default(), "error limit reached")
}

fn sort(errors: &mut [Diagnostic], places: &Places) {
    errors.sort_by(|a, b| {
        places
            .compare(a.span, b.span)
            .then_with(|| (a.code.as_str(), &a.message).cmp(&(b.code.as_str(), &b.message)))
    });
}
