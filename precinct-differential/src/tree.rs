//! Texts that know which of their parts can go.

use std::fmt;

/// A text in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Stays as it is.
    Text(String),
    /// Parts one after the other.
    Sequence(Vec<Node>),
    /// Items of which at least so many must stay.
    Many {
        /// What can go, one by one.
        items: Vec<Node>,
        /// What stands between them.
        separator: &'static str,
        /// How many must stay.
        least: usize,
    },
    /// A term, which a part of it or a constant can stand for.
    Term(Box<Node>),
}

/// The place of a part in a template.
const HOLE: char = '§';

impl Node {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A term that is written like this.
    pub fn term(text: impl Into<String>) -> Self {
        Self::Term(Box::new(Self::text(text)))
    }

    /// The template with the parts in place of each `§`.
    pub fn fill(template: &str, parts: impl IntoIterator<Item = Self>) -> Self {
        let mut nodes = Vec::new();
        let mut parts = parts.into_iter();
        for (index, text) in template.split(HOLE).enumerate() {
            if index > 0 {
                nodes.extend(parts.next());
            }
            if !text.is_empty() {
                nodes.push(Self::text(text));
            }
        }
        Self::Sequence(nodes)
    }

    /// The same as [`Node::fill`], as a term.
    pub fn filled(template: &str, parts: impl IntoIterator<Item = Self>) -> Self {
        Self::Term(Box::new(Self::fill(template, parts)))
    }

    /// Items between separators.
    pub fn many(items: Vec<Self>, separator: &'static str, least: usize) -> Self {
        Self::Many {
            items,
            separator,
            least,
        }
    }

    /// Every tree that is one step smaller, the largest steps first.
    pub fn smaller(&self) -> Vec<Self> {
        let mut found = Vec::new();
        match self {
            Self::Text(_) => {}
            Self::Sequence(parts) => {
                for (index, part) in parts.iter().enumerate() {
                    for smaller in part.smaller() {
                        let mut parts = parts.clone();
                        parts[index] = smaller;
                        found.push(Self::Sequence(parts));
                    }
                }
            }
            Self::Many {
                items,
                separator,
                least,
            } => {
                let half = items.len() / 2;
                if half >= (*least).max(1) && items.len() > 2 {
                    found.push(Self::many(items[half..].to_vec(), separator, *least));
                    found.push(Self::many(items[..half].to_vec(), separator, *least));
                }
                if items.len() > *least {
                    for index in 0..items.len() {
                        let mut items = items.clone();
                        items.remove(index);
                        found.push(Self::many(items, separator, *least));
                    }
                }
                for (index, item) in items.iter().enumerate() {
                    for smaller in item.smaller() {
                        let mut items = items.clone();
                        items[index] = smaller;
                        found.push(Self::many(items, separator, *least));
                    }
                }
            }
            Self::Term(inner) => {
                let size = self.to_string().len();
                for constant in ["1", "\"a\"", "[]", "input.n"] {
                    if constant.len() < size {
                        found.push(Self::text(constant));
                    }
                }
                inner.terms(&mut found);
                for smaller in inner.smaller() {
                    found.push(Self::Term(Box::new(smaller)));
                }
            }
        }
        found
    }

    /// The nearest terms below.
    fn terms(&self, found: &mut Vec<Self>) {
        match self {
            Self::Text(_) => {}
            Self::Sequence(parts) => parts.iter().for_each(|part| part.terms(found)),
            Self::Many { items, .. } => items.iter().for_each(|item| item.terms(found)),
            Self::Term(_) => found.push(self.clone()),
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Sequence(parts) => parts.iter().try_for_each(|part| part.fmt(f)),
            Self::Many {
                items, separator, ..
            } => items.iter().enumerate().try_for_each(|(index, item)| {
                if index > 0 {
                    f.write_str(separator)?;
                }
                item.fmt(f)
            }),
            Self::Term(inner) => inner.fmt(f),
        }
    }
}
