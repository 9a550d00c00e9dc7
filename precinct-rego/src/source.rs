//! The texts that a compilation reads, and how its messages name them.

use std::sync::Arc;

use crate::ast::SourceId;

/// One text and the name that messages give it.
#[derive(Clone, Debug)]
pub struct Source {
    /// A path, or another name that tells the author which text is meant.
    pub name: Arc<str>,
    /// The text.
    pub text: Arc<str>,
}

/// All texts of one compilation, by [`SourceId`].
#[derive(Clone, Debug, Default)]
pub struct Sources {
    list: Vec<Source>,
}

impl Sources {
    /// Adds a text and returns the identifier that spans in it carry.
    pub fn add(&mut self, name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> SourceId {
        let id = SourceId(u32::try_from(self.list.len()).unwrap_or(u32::MAX));
        self.list.push(Source {
            name: name.into(),
            text: text.into(),
        });
        id
    }

    /// The source of this identifier, if it was added here.
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.list.get(id.0 as usize)
    }

    /// All sources in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        (0u32..).map(SourceId).zip(&self.list)
    }
}
