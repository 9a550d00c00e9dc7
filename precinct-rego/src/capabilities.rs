//! Which builtins and features of the language a policy can use, in OPA's `capabilities.json` form.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::Value;

use crate::compile::types::TypeTree;

/// One builtin function.
#[derive(Clone, Debug, Deserialize)]
pub struct Builtin {
    /// The name, with dots: `json.marshal`.
    pub name: String,
    /// What it does.
    #[serde(default)]
    pub description: String,
    /// The groups of the documentation that it belongs to.
    #[serde(default)]
    pub categories: Vec<String>,
    /// The types of arguments and result.
    #[serde(default)]
    pub decl: Declaration,
    /// The sign between its operands, for operators.
    #[serde(default)]
    pub infix: Option<String>,
    /// The result is a set of answers, each of which holds (`walk`).
    #[serde(default)]
    pub relation: bool,
    /// Asking twice may give two answers.
    #[serde(default)]
    pub nondeterministic: bool,
    /// OPA advises against its use; strict mode refuses it.
    #[serde(default)]
    pub deprecated: bool,
}

/// The types of a builtin, in the JSON form of OPA's types.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Declaration {
    /// The types of the arguments.
    #[serde(default)]
    pub args: Vec<Value>,
    /// The type of any further arguments.
    #[serde(default)]
    pub variadic: Option<Value>,
    /// The type of the result; functions without one are void.
    #[serde(default)]
    pub result: Option<Value>,
}

impl Builtin {
    /// A builtin of which nothing is known but its name.
    fn unknown(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            description: String::new(),
            categories: Vec::new(),
            decl: Declaration::default(),
            infix: None,
            relation: false,
            nondeterministic: false,
            deprecated: false,
        }
    }

    /// The number of arguments, the result not counted.
    #[must_use]
    pub fn arity(&self) -> usize {
        self.decl.args.len()
    }

    /// The same without what is written about it: descriptions, names of arguments, groups.
    ///
    /// OPA shows no names for what it knows from a file.
    #[must_use]
    pub fn without_documentation(&self) -> Self {
        let mut bare = self.clone();
        bare.description.clear();
        bare.categories.clear();
        bare.decl.forget_names();
        bare
    }

    /// There is no result (`print`).
    #[must_use]
    pub fn is_void(&self) -> bool {
        self.decl.result.is_none()
    }
}

impl Declaration {
    /// The type in the JSON form of OPA's types.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = serde_json::Map::new();
        if !self.args.is_empty() {
            members.insert("args".to_owned(), Value::Array(self.args.clone()));
        }
        if let Some(result) = &self.result {
            members.insert("result".to_owned(), result.clone());
        }
        if let Some(variadic) = &self.variadic {
            members.insert("variadic".to_owned(), variadic.clone());
        }
        members.insert("type".to_owned(), Value::from("function"));
        Value::Object(members)
    }

    fn forget_names(&mut self) {
        for kind in self.args.iter_mut().chain(&mut self.result) {
            if let Value::Object(kind) = kind {
                kind.remove("name");
                kind.remove("description");
            }
        }
    }
}

/// What a policy can use.
#[derive(Clone, Debug, Default)]
pub struct Capabilities {
    builtins: HashMap<Cow<'static, str>, Declared>,
    /// The names of builtins by their first part.
    heads: HashMap<Cow<'static, str>, Head>,
    /// Keywords that can be imported.
    pub future_keywords: Vec<String>,
    /// Features of the language: `rego_v1`, `template_strings`, …
    pub features: Vec<String>,
    /// Hosts that builtins may talk to; `None` is all.
    pub allow_net: Option<Vec<String>>,
    /// Versions, major and minor, of the interface to WebAssembly modules that OPA has with these: only shown.
    pub wasm_versions: Vec<(u32, u32)>,
}

/// A builtin, or how it comes to be: a policy uses few of all that there are.
#[derive(Clone, Debug)]
struct Declared {
    name: Cow<'static, str>,
    builtin: OnceLock<Builtin>,
    make: fn(&str) -> Builtin,
}

impl Declared {
    fn builtin(&self) -> &Builtin {
        self.builtin.get_or_init(|| (self.make)(&self.name))
    }
}

/// The builtins whose names begin with one part.
#[derive(Clone, Debug, Default)]
struct Head {
    names: Vec<Cow<'static, str>>,
    types: OnceLock<TypeTree>,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    builtins: Vec<Builtin>,
    #[serde(default)]
    future_keywords: Vec<String>,
    #[serde(default)]
    features: Vec<String>,
    #[serde(default)]
    allow_net: Option<Vec<String>>,
}

impl Capabilities {
    /// Reads the text of a `capabilities.json`.
    ///
    /// # Errors
    /// The text is no JSON, or not of that form.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        let file: File = serde_json::from_str(text)?;
        let unnamed = |mut builtin: Builtin| {
            builtin.decl.forget_names();
            builtin
        };
        let mut all = Self {
            future_keywords: file.future_keywords,
            features: file.features,
            allow_net: file.allow_net,
            ..Self::default()
        };
        for builtin in file.builtins {
            all.add(unnamed(builtin));
        }
        Ok(all)
    }

    /// The builtin of this name.
    #[must_use]
    pub fn builtin(&self, name: &str) -> Option<&Builtin> {
        self.builtins.get(name).map(Declared::builtin)
    }

    /// Whether there is a builtin of this name.
    #[must_use]
    pub fn has_builtin(&self, name: &str) -> bool {
        self.builtins.contains_key(name)
    }

    /// All builtins, in no order.
    pub fn builtins(&self) -> impl Iterator<Item = &Builtin> {
        self.builtins.values().map(Declared::builtin)
    }

    /// Adds a builtin, or puts it in the place of one of its name.
    pub fn add(&mut self, builtin: Builtin) {
        let name = Cow::Owned(builtin.name.clone());
        let declared = Declared {
            name: Cow::clone(&name),
            builtin: OnceLock::from(builtin),
            make: Builtin::unknown,
        };
        self.insert(name, declared);
    }

    /// Adds a builtin that is made when it is asked for, or puts it in the place of one of its name.
    pub fn declare(&mut self, name: &'static str, make: fn(&str) -> Builtin) {
        let declared = Declared {
            name: Cow::Borrowed(name),
            builtin: OnceLock::new(),
            make,
        };
        self.insert(Cow::Borrowed(name), declared);
    }

    fn insert(&mut self, name: Cow<'static, str>, declared: Declared) {
        let first = match &name {
            Cow::Borrowed(name) => Cow::Borrowed(first_part(name)),
            Cow::Owned(name) => Cow::Owned(first_part(name).to_owned()),
        };
        let head = self.heads.entry(first).or_default();
        head.types = OnceLock::new();
        if self.builtins.insert(Cow::clone(&name), declared).is_none() {
            head.names.push(name);
        }
    }

    /// Whether names of builtins begin with this part, or are this.
    pub(crate) fn is_head(&self, first: &str) -> bool {
        self.heads.contains_key(first)
    }

    /// The types of the builtins whose names begin with this part.
    pub(crate) fn types(&self, first: &str) -> Option<&TypeTree> {
        let head = self.heads.get(first)?;
        Some(head.types.get_or_init(|| {
            TypeTree::of_builtins(head.names.iter().filter_map(|name| self.builtin(name)))
        }))
    }

    /// Whether the language has this feature.
    #[must_use]
    pub fn has_feature(&self, name: &str) -> bool {
        self.features.iter().any(|feature| feature == name)
    }
}

fn first_part(name: &str) -> &str {
    name.split_once('.').map_or(name, |(first, _)| first)
}
