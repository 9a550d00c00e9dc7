//! Which parts of a policy were evaluated: what `test --coverage` and `eval --coverage` report.
//!
//! The machine marks each expression that it begins, and the head of each rule whose body held. What a module holds
//! besides those marks is not covered. Declarations (`some x`) do nothing and do not count.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use precinct_rego::ast::{Child, ExprKind, Module, Rule, Span};
use precinct_rego::lower::Watch;
use precinct_rego::source::Sources;

use crate::engine::{Hooks, Place};
use crate::trace::{Event, Op, Outline, Subject};

/// Collects what was evaluated, over as many evaluations as it is given to.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    seen: HashSet<Span>,
    /// What was seen in other ways of evaluating the same.
    runs: BTreeMap<Kind, HashSet<Span>>,
}

/// Why something was not evaluated: it is in another way of evaluating the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// OPA's index leaves the rule out.
    IndexExcluded,
    /// Another rule or another turn of a loop had settled the value.
    EarlyExit,
}

impl Kind {
    /// Both, in the order in which they are told.
    pub const ALL: [Self; 2] = [Self::IndexExcluded, Self::EarlyExit];

    /// OPA's word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::IndexExcluded => "index_excluded",
            Self::EarlyExit => "early_exit",
        }
    }

    /// The same evaluation, in which this is no reason.
    #[must_use]
    pub const fn lifted(self, mut watch: Watch) -> Watch {
        match self {
            Self::IndexExcluded => watch.index = false,
            Self::EarlyExit => watch.early_exit = false,
        }
        watch
    }
}

impl Hooks<'_> for Coverage {
    #[inline]
    fn mark(&mut self, place: Place<'_, '_>) {
        // A mark without length is the end of a body.
        if place.span.end > place.span.start {
            self.seen.insert(place.span);
        }
    }
}

impl Coverage {
    /// Takes over what another collector has seen of the same policy.
    pub fn merge(&mut self, other: &Coverage) {
        self.seen.extend(&other.seen);
        for (kind, seen) in &other.runs {
            self.runs.entry(*kind).or_default().extend(seen);
        }
    }

    /// Takes over what a trace says was evaluated.
    pub fn record(&mut self, events: &[Event], outline: &Outline) {
        self.seen.extend(evaluated(events, outline));
    }

    /// Takes over what a trace says was evaluated that was not watched as OPA evaluates, but [so](Kind::lifted).
    pub fn record_run(&mut self, kind: Kind, events: &[Event], outline: &Outline) {
        let seen = self.runs.entry(kind).or_default();
        seen.extend(evaluated(events, outline));
    }

    /// What was covered of these modules, as they were parsed, and what was not.
    #[must_use]
    pub fn report(&self, modules: &[Module], sources: &Sources) -> Report {
        let mut files: BTreeMap<Arc<str>, FileReport> = BTreeMap::new();
        for (file, ranges) in by_file(&self.seen, sources) {
            files.entry(file).or_default().covered = ranges.into_iter().collect();
        }
        for module in modules {
            let mut spans = Vec::new();
            for rule in &module.rules {
                rule_spans(rule, &mut spans);
            }
            let mut missing: BTreeMap<Arc<str>, BTreeSet<Range>> = BTreeMap::new();
            if let Some(source) = sources.get(module.package.span.source) {
                missing.entry(Arc::clone(&source.name)).or_default();
            }
            for (file, range) in spans.iter().filter_map(|span| range(*span, sources)) {
                let known = files.get(&file).is_some_and(|report| report.covers(range));
                if !known {
                    missing.entry(file).or_default().insert(range);
                }
            }
            for (file, ranges) in missing {
                files.entry(file).or_default().not_covered = ranges.into_iter().collect();
            }
        }
        for (kind, seen) in &self.runs {
            let ranges = by_file(seen, sources);
            for (file, report) in &mut files {
                let Some(covered) = ranges.get(file) else {
                    continue;
                };
                for gap in &report.not_covered {
                    if covered.iter().any(|covered| covered.contains(gap)) {
                        report.kinds.entry(*gap).or_default().push(*kind);
                    }
                }
            }
        }
        Report { files }
    }
}

/// The expressions that a trace begins, and the heads of the rules whose bodies held.
fn evaluated<'e>(
    events: &'e [Event],
    outline: &'e Outline,
) -> impl Iterator<Item = Span> + use<'e> {
    events
        .iter()
        .filter_map(|event| match (event.op, event.subject) {
            // The author of a test did not write what tells its cases.
            (Op::Eval, Subject::Expr(_)) => {
                (!event.text.starts_with("internal.test_case(")).then_some(event.span)
            }
            (Op::Exit, Subject::Rule) => Some(outline.head(event.span).unwrap_or(event.span)),
            _ => None,
        })
}

fn by_file(spans: &HashSet<Span>, sources: &Sources) -> BTreeMap<Arc<str>, BTreeSet<Range>> {
    let mut files: BTreeMap<Arc<str>, BTreeSet<Range>> = BTreeMap::new();
    for (file, range) in spans.iter().filter_map(|span| range(*span, sources)) {
        files.entry(file).or_default().insert(range);
    }
    files
}

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The row, from 1.
    pub row: u32,
    /// The column in characters, from 1.
    pub col: u32,
}

/// A stretch of a text; `end` is behind its last character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Range {
    /// The first character.
    pub start: Position,
    /// The character behind the last one.
    pub end: Position,
}

impl Range {
    fn contains(&self, other: &Range) -> bool {
        self.start <= other.start && self.end >= other.end
    }
}

/// What was covered of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileReport {
    /// In the order of the text.
    pub covered: Vec<Range>,
    /// In the order of the text.
    pub not_covered: Vec<Range>,
    /// Why some of those were not evaluated.
    pub kinds: BTreeMap<Range, Vec<Kind>>,
}

impl FileReport {
    fn covers(&self, range: Range) -> bool {
        self.covered.iter().any(|covered| covered.contains(&range))
    }

    /// The number of rows that a covered range touches.
    #[must_use]
    pub fn covered_lines(&self) -> usize {
        lines(&self.covered)
    }

    /// The number of rows that a range touches which is not covered.
    #[must_use]
    pub fn not_covered_lines(&self) -> usize {
        lines(&self.not_covered)
    }

    /// Covered rows out of all rows that count, in percent.
    #[must_use]
    pub fn percentage(&self) -> f64 {
        percentage(self.covered_lines(), self.not_covered_lines())
    }
}

/// What was covered of a policy, by file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The files, by the name that their sources have.
    pub files: BTreeMap<Arc<str>, FileReport>,
}

impl Report {
    /// The number of covered rows of all files.
    #[must_use]
    pub fn covered_lines(&self) -> usize {
        self.files.values().map(FileReport::covered_lines).sum()
    }

    /// The number of rows of all files that are not covered.
    #[must_use]
    pub fn not_covered_lines(&self) -> usize {
        self.files.values().map(FileReport::not_covered_lines).sum()
    }

    /// Covered rows out of all rows that count, in percent.
    #[must_use]
    pub fn percentage(&self) -> f64 {
        percentage(self.covered_lines(), self.not_covered_lines())
    }
}

fn lines(ranges: &[Range]) -> usize {
    ranges
        .iter()
        .flat_map(|range| range.start.row..=range.end.row)
        .collect::<HashSet<_>>()
        .len()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no policy has as many lines as would lose precision"
)]
fn percentage(covered: usize, not_covered: usize) -> f64 {
    match covered + not_covered {
        0 => 0.0,
        all => 100.0 * covered as f64 / all as f64,
    }
}

fn range(span: Span, sources: &Sources) -> Option<(Arc<str>, Range)> {
    let source = sources.get(span.source)?;
    let text = source.text.get(span.start as usize..span.end as usize)?;
    let start = Position {
        row: span.row,
        col: span.col,
    };
    let length = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    let end = match text.rsplit_once('\n') {
        None => Position {
            row: start.row,
            col: start.col.saturating_add(length(text)),
        },
        Some((before, last)) => {
            let breaks = before.bytes().filter(|b| *b == b'\n').count();
            let breaks = u32::try_from(breaks).unwrap_or(u32::MAX);
            Position {
                row: start.row.saturating_add(breaks).saturating_add(1),
                col: length(last).saturating_add(1),
            }
        }
    };
    Some((Arc::clone(&source.name), Range { start, end }))
}

/// The heads and expressions of a rule. The parser bounds how deeply they nest.
fn rule_spans(rule: &Rule, spans: &mut Vec<Span>) {
    for branch in rule.branches() {
        spans.push(branch.head.span);
        branch.each_child(|child| child_spans(child, spans));
    }
}

fn child_spans(child: Child<'_>, spans: &mut Vec<Span>) {
    match child {
        Child::Term(term) => term.each_child(|child| child_spans(child, spans)),
        Child::Body(body) => body
            .iter()
            .for_each(|expr| child_spans(Child::Expr(expr), spans)),
        Child::Expr(expr) => {
            if !matches!(expr.kind, ExprKind::Some(_)) {
                spans.push(expr.span);
            }
            expr.each_child(|child| child_spans(child, spans));
        }
    }
}
