//! Trees of nodes to data: aliases, sources, and keys that are no texts.

use std::collections::{HashMap, HashSet};

use data_encoding::BASE64;

use super::depth::Depth;
use super::node::{Kind, Node, Tree};
use super::resolve::{self, Scalar, Tag};
use crate::json;

/// What a document stands for.
#[derive(Clone, Debug)]
pub(super) enum Data {
    Null,
    Bool(bool),
    Int(i64),
    /// An integer beyond 63 bits.
    Large(u64),
    Float(f64),
    /// A point in time, as RFC 3339 writes it.
    Time(String),
    Text(String),
    List(Vec<Data>),
    Map(Vec<(Data, Data)>),
}

/// The data of the first document.
///
/// # Errors
/// What the document says cannot be: a merge of what is no mapping, an alias in itself, and the like.
pub(super) fn decode(tree: &Tree, limit: Depth) -> Result<Data, String> {
    let Some(root) = tree.root else {
        return Ok(Data::Null);
    };
    let mut decoder = Decoder {
        tree,
        open: HashSet::new(),
        steps: 0,
        aliased: 0,
        depth: 0,
        limit,
        repeated: Vec::new(),
    };
    let data = decoder.node(root)?.unwrap_or(Data::Null);
    if decoder.repeated.is_empty() {
        Ok(data)
    } else {
        Err(format!(
            "yaml: unmarshal errors:\n  {}",
            decoder.repeated.join("\n  ")
        ))
    }
}

impl Data {
    /// Writes JSON.
    ///
    /// # Errors
    /// A key cannot be a text, or a number is none of JSON.
    pub(super) fn write_json(&self, out: &mut String) -> Result<(), String> {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
            Self::Int(int) => out.push_str(&int.to_string()),
            Self::Large(int) => out.push_str(&int.to_string()),
            Self::Float(float) if float.is_finite() => {
                out.push_str(&crate::number::format::json_f64(*float));
            }
            Self::Float(float) => {
                let name = match () {
                    () if float.is_nan() => "NaN",
                    () if *float > 0.0 => "+Inf",
                    () => "-Inf",
                };
                return Err(format!("json: unsupported value: {name}"));
            }
            Self::Time(text) | Self::Text(text) => quote(text, out),
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write_json(out)?;
                }
                out.push(']');
            }
            Self::Map(entries) => {
                out.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    let name = key.name().ok_or_else(|| no_key(key, value))?;
                    quote(&name, out);
                    out.push(':');
                    value.write_json(out)?;
                }
                out.push('}');
            }
        }
        Ok(())
    }

    /// The text that the data is as a key.
    fn name(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Int(int) => Some(int.to_string()),
            Self::Large(int) => Some(int.to_string()),
            Self::Bool(truth) => Some(truth.to_string()),
            Self::Float(float) => Some(match () {
                () if float.is_nan() => ".nan".to_owned(),
                () if *float == f64::INFINITY => ".inf".to_owned(),
                () if *float == f64::NEG_INFINITY => "-.inf".to_owned(),
                () => {
                    #[expect(clippy::cast_possible_truncation, reason = "keys have 32 bits")]
                    let single = *float as f32;
                    crate::number::format::general_f32(single)
                }
            }),
            Self::Null | Self::Time(_) | Self::List(_) | Self::Map(_) => None,
        }
    }

    fn go_type(&self) -> &'static str {
        match self {
            Self::Null => "%!s(<nil>)",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Large(_) => "uint64",
            Self::Float(_) => "float64",
            Self::Time(_) => "time.Time",
            Self::Text(_) => "string",
            Self::List(_) => "[]interface {}",
            Self::Map(entries) if entries.iter().all(|(key, _)| matches!(key, Self::Text(_))) => {
                "map[string]interface {}"
            }
            Self::Map(_) => "map[interface {}]interface {}",
        }
    }

    /// As Go's syntax writes the data; nothing is no value of any type.
    fn go_top(&self) -> String {
        match self {
            Self::Null => "<nil>".to_owned(),
            other => other.go(),
        }
    }

    /// The same inside other data.
    fn go(&self) -> String {
        match self {
            Self::Null => "interface {}(nil)".to_owned(),
            Self::Bool(truth) => truth.to_string(),
            Self::Int(int) => int.to_string(),
            Self::Large(int) => format!("{int:#x}"),
            Self::Float(float) => crate::number::format::general_f64(*float),
            Self::Time(text) | Self::Text(text) => {
                let mut out = String::new();
                // Writing to a string can't fail.
                let _ = json::quote_go(text, &mut out);
                out
            }
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(Self::go).collect();
                format!("{}{{{}}}", self.go_type(), items.join(", "))
            }
            Self::Map(entries) => {
                let mut entries: Vec<String> = entries
                    .iter()
                    .map(|(key, value)| format!("{}:{}", key.go(), value.go()))
                    .collect();
                entries.sort_unstable();
                format!("{}{{{}}}", self.go_type(), entries.join(", "))
            }
        }
    }
}

/// The key cannot be the name of a member.
fn no_key(key: &Data, value: &Data) -> String {
    format!(
        "unsupported map key of type: {}, key: {}, value: {}",
        key.go_type(),
        key.go_top(),
        value.go_top()
    )
}

fn quote(text: &str, out: &mut String) {
    // Writing to a string can't fail.
    let _ = json::quote(text, false, out);
}

/// A key that can be looked up.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Null,
    Bool(bool),
    Int(i64),
    Large(u64),
    Float(u64),
    Time(String),
    Text(String),
}

impl Key {
    /// Nothing for a collection.
    fn of(data: &Data) -> Option<Self> {
        Some(match data {
            Data::Null => Self::Null,
            Data::Bool(truth) => Self::Bool(*truth),
            Data::Int(int) => Self::Int(*int),
            Data::Large(int) => Self::Large(*int),
            Data::Float(float) => Self::Float(float.to_bits()),
            Data::Time(text) => Self::Time(text.clone()),
            Data::Text(text) => Self::Text(text.clone()),
            Data::List(_) | Data::Map(_) => return None,
        })
    }
}

/// A mapping that is being filled.
struct Target {
    /// All keys are texts.
    texts: bool,
    entries: Vec<(Data, Data)>,
    places: HashMap<Key, usize>,
}

impl Target {
    fn insert(&mut self, key: Data, value: Data) {
        let Some(look) = Key::of(&key) else { return };
        match self.places.get(&look).copied() {
            Some(place) => {
                if let Some(entry) = self.entries.get_mut(place) {
                    entry.1 = value;
                }
            }
            None => {
                self.places.insert(look, self.entries.len());
                self.entries.push((key, value));
            }
        }
    }
}

struct Decoder<'t> {
    tree: &'t Tree,
    /// Aliases that are being followed.
    open: HashSet<usize>,
    steps: u64,
    aliased: u64,
    /// Collections and aliases around the node.
    depth: usize,
    limit: Depth,
    /// Keys that come twice.
    repeated: Vec<String>,
}

impl<'t> Decoder<'t> {
    fn at(&self, number: usize) -> Result<&'t Node, String> {
        self.tree
            .nodes
            .get(number)
            .ok_or_else(|| "yaml: unknown node".to_owned())
    }

    /// Counts a step: a short text must not stand for very much through aliases.
    fn step(&mut self) -> Result<(), String> {
        /// Up to so many steps nearly all of them may come from aliases.
        const FEW: f64 = 400_000.0;
        /// From so many on a tenth of them.
        const MANY: f64 = 4_000_000.0;
        self.steps += 1;
        if !self.open.is_empty() {
            self.aliased += 1;
        }
        #[expect(clippy::cast_precision_loss, reason = "no more than some millions")]
        let (steps, aliased) = (self.steps as f64, self.aliased as f64);
        let allowed = 0.89f64.mul_add(-((steps - FEW) / (MANY - FEW)).clamp(0.0, 1.0), 0.99);
        if self.aliased > 100 && self.steps > 1_000 && aliased / steps > allowed {
            return Err("yaml: document contains excessive aliasing".to_owned());
        }
        Ok(())
    }

    /// The data of a node; nothing where keys come twice. Small, since it calls itself for all that is nested.
    fn node(&mut self, number: usize) -> Result<Option<Data>, String> {
        self.step()?;
        self.deeper()?;
        let node = self.at(number)?;
        let data = match &node.kind {
            Kind::Scalar { text, plain } => Some(scalar(node, text, *plain)?),
            Kind::Alias { target, .. } => {
                self.follow(number)?;
                let data = self.node(*target)?;
                self.open.remove(&number);
                data
            }
            Kind::Sequence(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    list.extend(self.node(*item)?);
                }
                Some(Data::List(list))
            }
            Kind::Mapping(_) => {
                let mut target = self.target(number)?;
                self.mapping(number, &mut target, &mut None)?
                    .then_some(Data::Map(target.entries))
            }
        };
        self.depth -= 1;
        Ok(data)
    }

    fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        self.limit.check(self.depth)
    }

    /// Begins to follow an alias.
    fn follow(&mut self, number: usize) -> Result<(), String> {
        if self.open.insert(number) {
            return Ok(());
        }
        let name = match &self.at(number)?.kind {
            Kind::Alias { name, .. } => name,
            _ => "",
        };
        Err(format!("yaml: anchor '{name}' value contains itself"))
    }

    /// An empty target for a mapping.
    fn target(&self, number: usize) -> Result<Target, String> {
        let mut texts = true;
        for key in self.keys(number)? {
            let node = self.at(key)?;
            texts &= matches!(node.kind, Kind::Scalar { .. })
                && matches!(Tag::of(&node.tag), Some(Tag::Str | Tag::Merge));
        }
        Ok(Target {
            texts,
            entries: Vec::new(),
            places: HashMap::new(),
        })
    }

    /// The keys of a mapping.
    fn keys(&self, number: usize) -> Result<Vec<usize>, String> {
        match &self.at(number)?.kind {
            Kind::Mapping(content) => Ok(content.iter().step_by(2).copied().collect()),
            _ => Ok(Vec::new()),
        }
    }

    /// The entries of a mapping, equal keys once with the value that comes last.
    fn entries(&mut self, number: usize) -> Result<Vec<(usize, usize)>, String> {
        let Kind::Mapping(content) = &self.at(number)?.kind else {
            return Ok(Vec::new());
        };
        let mut entries: Vec<(usize, usize)> = Vec::with_capacity(content.len() / 2);
        let mut seen: HashMap<String, usize> = HashMap::new();
        for pair in content.chunks_exact(2) {
            let &[key, value] = pair else { continue };
            let node = self.at(key)?;
            let name = match &node.kind {
                Kind::Scalar { text, plain } if Tag::of(&node.tag) != Some(Tag::Merge) => {
                    scalar(node, text, *plain).ok().and_then(|data| data.name())
                }
                _ => None,
            };
            match name {
                Some(name) => match seen.get(&name).copied() {
                    Some(place) => {
                        if let Some(entry) = entries.get_mut(place) {
                            entry.1 = value;
                        }
                    }
                    None => {
                        seen.insert(name, entries.len());
                        entries.push((key, value));
                    }
                },
                None => entries.push((key, value)),
            }
        }
        Ok(entries)
    }

    /// Notes keys that still come twice: what is no text, or a merge.
    fn check_unique(&mut self, entries: &[(usize, usize)]) -> Result<bool, String> {
        let mut places: HashMap<(u8, &str), Vec<usize>> = HashMap::new();
        let mut order = Vec::new();
        for (key, _) in entries {
            let node = self.at(*key)?;
            let look = match &node.kind {
                // Merges may come several times.
                Kind::Scalar { .. } if Tag::of(&node.tag) == Some(Tag::Merge) => continue,
                Kind::Scalar { text, .. } => (0, text.as_str()),
                Kind::Alias { name, .. } => (1, name.as_str()),
                Kind::Sequence(_) => (2, ""),
                Kind::Mapping(_) => (3, ""),
            };
            let lines = places.entry(look).or_default();
            if lines.is_empty() {
                order.push(look);
            }
            lines.push(node.line);
        }
        let before = self.repeated.len();
        for look in order {
            let lines = places.get(&look).map_or(&[][..], Vec::as_slice);
            for (index, first) in lines.iter().enumerate() {
                for later in lines.iter().skip(index + 1).take(100) {
                    let mut name = String::new();
                    // Writing to a string can't fail.
                    let _ = json::quote_go(look.1, &mut name);
                    self.repeated.push(format!(
                        "line {later}: mapping key {name} already defined at line {first}"
                    ));
                }
                if self.repeated.len() > before + 100 {
                    return Ok(false);
                }
            }
        }
        Ok(self.repeated.len() == before)
    }

    fn is_merge(&self, key: usize) -> Result<bool, String> {
        let node = self.at(key)?;
        Ok(Tag::of(&node.tag) == Some(Tag::Merge)
            && matches!(&node.kind, Kind::Scalar { text, .. } if text == "<<"))
    }

    /// The name of an entry, where all are texts as it is written.
    fn key(&mut self, key: usize, texts: bool) -> Result<Option<(Data, Key)>, String> {
        let node = self.at(key)?;
        let name = match &node.kind {
            Kind::Scalar { text, .. } if texts => match Tag::of(&node.tag) {
                Some(Tag::Null) => None,
                _ => Some(Data::Text(text.clone())),
            },
            _ => self.node(key)?,
        };
        let Some(name) = name else { return Ok(None) };
        match Key::of(&name) {
            Some(look) => Ok(Some((name, look))),
            None => Err(format!("yaml: invalid map key: {}", name.go())),
        }
    }

    /// Fills in the entries of a mapping but for those that `merged` has already.
    fn mapping(
        &mut self,
        number: usize,
        target: &mut Target,
        merged: &mut Option<HashSet<Key>>,
    ) -> Result<bool, String> {
        let entries = self.entries(number)?;
        if !self.check_unique(&entries)? {
            return Ok(false);
        }
        let mut sources = Vec::new();
        for (key, value) in &entries {
            if self.is_merge(*key)? {
                sources.push(*value);
                continue;
            }
            let Some((name, look)) = self.key(*key, target.texts)? else {
                continue;
            };
            if let Some(merged) = merged
                && !merged.insert(look)
            {
                continue;
            }
            if let Some(data) = self.node(*value)? {
                target.insert(name, data);
            }
        }
        if sources.is_empty() {
            return Ok(true);
        }
        if merged.is_none() {
            let mut own = HashSet::new();
            for (key, _) in &entries {
                own.extend(self.node(*key)?.as_ref().and_then(Key::of));
            }
            *merged = Some(own);
        }
        for merge in sources {
            match &self.at(merge)?.kind {
                Kind::Sequence(items) => {
                    for item in items {
                        self.merge(*item, target, merged)?;
                    }
                }
                _ => self.merge(merge, target, merged)?,
            }
        }
        Ok(true)
    }

    /// Merges a mapping, or an alias of one.
    fn merge(
        &mut self,
        number: usize,
        target: &mut Target,
        merged: &mut Option<HashSet<Key>>,
    ) -> Result<(), String> {
        const NO_MAP: &str = "yaml: map merge requires map or sequence of maps as the value";
        self.step()?;
        self.deeper()?;
        match &self.at(number)?.kind {
            Kind::Mapping(_) => {
                self.mapping(number, target, merged)?;
            }
            Kind::Alias { target: to, .. } if matches!(self.at(*to)?.kind, Kind::Mapping(_)) => {
                self.follow(number)?;
                self.step()?;
                self.mapping(*to, target, merged)?;
                self.open.remove(&number);
            }
            _ => return Err(NO_MAP.to_owned()),
        }
        self.depth -= 1;
        Ok(())
    }
}

/// What a scalar stands for under its tag.
fn scalar(node: &Node, text: &str, plain: bool) -> Result<Data, String> {
    let scalar = if plain {
        match resolve::plain(text) {
            // Dates stay as they were written.
            Scalar::Time(_) => Scalar::Text(text.to_owned()),
            scalar => scalar,
        }
    } else if Tag::of(&node.tag) == Some(Tag::Binary) {
        let bytes = BASE64
            .decode(text.replace(['\n', '\r'], "").as_bytes())
            .map_err(|_| "yaml: !!binary value contains invalid base64 data".to_owned())?;
        return Ok(Data::Text(json::decode::repair(&bytes)));
    } else {
        resolve::tagged(&node.tag, text)?
    };
    Ok(match scalar {
        Scalar::Null => Data::Null,
        Scalar::Bool(truth) => Data::Bool(truth),
        Scalar::Int(int) => Data::Int(int),
        Scalar::Large(int) => Data::Large(int),
        Scalar::Float(float) => Data::Float(float),
        Scalar::Time(text) => Data::Time(text),
        Scalar::Text(text) => Data::Text(text),
    })
}
