//! What an index over rules is made of.
//!
//! ```text
//! select input["path"], input["role"]
//!   when #0 starts "/api/"     …
//!   when #1 is "admin"         …
//!   always                     …
//! ```
//!
//! A key only says when an arm can be left out: the arm's statements test for themselves whatever they need. An engine
//! may run more arms than those whose keys hold, for instance because two texts have the same hash, and nothing but
//! time is lost.

use std::sync::Arc;

use super::{ConstantId, Local, Stmt};

/// What the keys of a [`super::StmtKind::Select`] are about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A local.
    Local(Local),
    /// A path of the input.
    Input(Vec<Arc<str>>),
    /// A path of the base documents.
    Data(Vec<Arc<str>>),
    /// What another subject has at a constant key.
    Get(Box<Subject>, ConstantId),
    /// A constant, which is what a loop can look for.
    Constant(ConstantId),
}

impl Subject {
    /// The local that it is about.
    #[must_use]
    pub fn local(&self) -> Option<Local> {
        match self.root() {
            Self::Local(local) => Some(*local),
            _ => None,
        }
    }

    /// What it is a part of.
    #[must_use]
    pub fn root(&self) -> &Self {
        match self {
            Self::Get(source, _) => source.root(),
            root => root,
        }
    }
}

/// One of the alternatives of a select.
#[derive(Clone, Debug)]
pub struct Arm {
    /// When it can be left out.
    pub when: When,
    /// What runs otherwise.
    pub body: Vec<Stmt>,
}

/// When an arm can do anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// Nothing is known.
    Always,
    /// Only if there is the subject of this number, and it is no string or one of the keys holds for it. (If it is no
    /// string, and no key is about texts, one of them must hold, too.)
    Keys {
        /// Index into the subjects of the select.
        subject: u32,
        /// Alternatives; at least one.
        keys: Vec<Key>,
    },
}

/// What must be true of a subject.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// It equals a constant.
    Is(ConstantId),
    /// It is this text.
    Text(Arc<str>),
    /// It starts with this text.
    Starts(Arc<str>),
    /// It ends with this text.
    Ends(Arc<str>),
    /// Taken apart at the separator, it has this text at this place.
    Segment {
        /// Between the segments.
        separator: char,
        /// Counted from 0.
        at: u32,
        /// The whole segment.
        text: Arc<str>,
    },
    /// It is a collection, and one of its elements, members or values has this constant at this path of object keys, or is
    /// it where the path is empty.
    Holds {
        /// From the element.
        path: Vec<Arc<str>>,
        /// What is there.
        value: ConstantId,
    },
    /// In the order of all values it lies between these numbers, or is one of them; there is at least one.
    Between {
        /// Nothing below.
        from: Option<ConstantId>,
        /// Nothing above.
        to: Option<ConstantId>,
    },
}
