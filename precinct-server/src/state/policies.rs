//! Modules, compiled.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::{Arc, OnceLock};

use precinct_bundle::Digest;
use precinct_interpreter::policy::{Failure, Place, Policy, PolicyOptions, Step};
use precinct_rego::ast::json::{JsonOptions, module_json};
use precinct_rego::ast::{Module, RegoVersion, SourceId, Term, TermValue};
use precinct_rego::lower::Watch;
use precinct_rego::source::Sources;
use precinct_rego::syntax::{self, ParseCapabilities, ParseOptions};
use precinct_runtime::compiled::Compiled;

/// A module as its author wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The name that errors show.
    pub file: Arc<str>,
    /// The text.
    pub text: Arc<str>,
    /// The version of the language, where it is not the server's.
    pub version: Option<RegoVersion>,
    /// The bundle that it came with.
    pub bundle: Option<Arc<str>>,
}

/// The modules of a server by their identifiers.
pub type Texts = BTreeMap<String, Text>;

/// Compiled modules. They do not change: a change makes other policies.
pub struct Policies {
    texts: Texts,
    options: PolicyOptions,
    policy: Policy,
    traced: OnceLock<Option<Traced>>,
    has_effects: bool,
    has_labels: bool,
    compiled_in: OnceLock<bool>,
    /// The functions, by the keys below `data` that lead to them.
    functions: HashSet<Vec<String>>,
    prints: bool,
}

/// Policies that tell what they do.
pub struct Traced {
    /// The modules, compiled with marks for a trace.
    pub policy: Policy,
    /// The labels of rules, as JSON text, by where the rules stand.
    pub labels: BTreeMap<Place, String>,
}

impl fmt::Debug for Policies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policies")
            .field("modules", &self.texts.keys())
            .finish_non_exhaustive()
    }
}

/// Builtins that wait for others, or whose calls are noticed elsewhere.
const EFFECTS: [&str; 2] = ["http.send", "net.lookup_ip_addr"];

impl Policies {
    /// Parses and compiles modules.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn compile(texts: Texts, options: PolicyOptions) -> Result<Self, Failure> {
        let (modules, sources) = parse(&texts, &options)?;
        let policy = Policy::from_modules(modules, sources, options.clone())?;
        let calls = |name: &str| {
            let mut builtins = policy.program().builtins.iter();
            builtins.any(|builtin| builtin.name.as_ref() == name)
        };
        Ok(Self {
            has_effects: EFFECTS.iter().any(|name| calls(name)),
            has_labels: policy.has_labels(),
            compiled_in: OnceLock::new(),
            functions: functions(policy.modules()),
            prints: calls("internal.print"),
            texts,
            options,
            policy,
            traced: OnceLock::new(),
        })
    }

    /// The modules as they were written.
    #[must_use]
    pub const fn texts(&self) -> &Texts {
        &self.texts
    }

    /// The compiled modules, each with its identifier and the text that it was parsed from. Names of files do not tell: each
    /// bundle may have a file of the same name.
    pub fn modules(&self) -> impl Iterator<Item = (&Module, &str, &Text)> {
        // The sources were added in the order of the texts.
        let sources = self.policy.sources().iter();
        let texts: BTreeMap<SourceId, (&String, &Text)> =
            sources.map(|(id, _)| id).zip(&self.texts).collect();
        self.policy.modules().iter().filter_map(move |module| {
            let (id, text) = texts.get(&module.package.span.source)?;
            Some((module, id.as_str(), *text))
        })
    }

    /// How they are compiled.
    #[must_use]
    pub const fn options(&self) -> &PolicyOptions {
        &self.options
    }

    /// What answers.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What answers questions about how it answers: the same modules, compiled with marks for a trace. It is made when
    /// first asked for.
    #[must_use]
    pub fn traced(&self) -> Option<&Traced> {
        let compile = || {
            let options = PolicyOptions {
                watch: Some(Watch::default()),
                ..self.options.clone()
            };
            let (modules, sources) = parse(&self.texts, &options).ok()?;
            let policy = Policy::from_modules(modules, sources, options).ok()?;
            let labels = policy.labels().into_iter();
            let labels =
                labels.map(|(at, labels)| (at, serde_json::Value::Object(labels).to_string()));
            Some(Traced {
                labels: labels.collect(),
                policy,
            })
        };
        self.traced.get_or_init(compile).as_ref()
    }

    /// Whether annotations have labels, which are told of rules that held.
    #[must_use]
    pub const fn has_labels(&self) -> bool {
        self.has_labels
    }

    /// Whether an evaluation may wait for the network.
    #[must_use]
    pub const fn has_effects(&self) -> bool {
        self.has_effects
    }

    /// Whether these are the policies that are compiled into this program: the same texts, whatever their names, in the
    /// same version of the language. A program has one set of compiled policies, so the answer is kept.
    #[must_use]
    pub fn are_compiled_in(&self, compiled: &dyn Compiled) -> bool {
        *self.compiled_in.get_or_init(|| {
            let mut theirs: Vec<&str> = compiled.sources().iter().map(|(_, text)| *text).collect();
            let mut ours: Vec<&str> = self.texts.values().map(|text| &*text.text).collect();
            theirs.sort_unstable();
            ours.sort_unstable();
            ours == theirs && self.can_be_compiled()
        })
    }

    /// Whether the texts have this digest, whatever their names, and compiled policies of the same texts can answer for them.
    #[must_use]
    pub fn are_texts_of(&self, digest: &str) -> bool {
        let texts = self.texts.values().map(|text| &*text.text);
        self.can_be_compiled() && Digest::of_texts(texts).to_string() == digest
    }

    /// Compiled policies print nothing, and are of one version of the language.
    fn can_be_compiled(&self) -> bool {
        let is_v1 = |text: &Text| text.version.unwrap_or(self.options.version) == RegoVersion::V1;
        self.texts.values().all(is_v1) && !self.prints
    }

    /// Whether keys below `data` lead to a function, which is no document.
    #[must_use]
    pub fn is_function(&self, keys: &[String]) -> bool {
        self.functions.contains(keys)
    }

    /// Whether an evaluation may print.
    #[must_use]
    pub const fn prints(&self) -> bool {
        self.prints
    }

    /// The syntax tree of a module as OPA shows it: as the compiler left it, in JSON.
    #[must_use]
    pub fn tree(&self, id: &str) -> Option<String> {
        let (module, _, _) = self.modules().find(|(_, found, _)| *found == id)?;
        let shown = JsonOptions {
            comments: true,
            ..JsonOptions::default()
        };
        Some(module_json(module, self.policy.sources(), shown))
    }
}

fn functions(modules: &[Module]) -> HashSet<Vec<String>> {
    // The first term of a package's path is `data`, that of a head a name; all others are strings, or it is no constant.
    let keys = |terms: &[Term]| -> Option<Vec<String>> {
        let key = |term: &Term| match &term.value {
            TermValue::String(text) => Some(text.to_string()),
            _ => None,
        };
        terms.iter().map(key).collect()
    };
    let of_module = |module: &Module| {
        let package = keys(module.package.path.get(1..)?)?;
        let functions = module
            .rules
            .iter()
            .filter(|rule| !rule.head.args.is_empty());
        let paths = functions.filter_map(|rule| {
            let (first, rest) = rule.head.reference.split_first()?;
            let (TermValue::Var(name) | TermValue::String(name)) = &first.value else {
                return None;
            };
            let mut path = package.clone();
            path.push(name.to_string());
            path.extend(keys(rest)?);
            Some(path)
        });
        Some(paths.collect::<Vec<_>>())
    };
    modules.iter().filter_map(of_module).flatten().collect()
}

/// Parses one module.
///
/// # Errors
/// What is wrong with it.
pub fn parse_one(id: &str, text: &str, options: &PolicyOptions) -> Result<Module, Failure> {
    let texts = Texts::from([(
        id.to_owned(),
        Text {
            file: id.into(),
            text: text.into(),
            version: None,
            bundle: None,
        },
    )]);
    let (mut modules, sources) = parse(&texts, options)?;
    modules.pop().ok_or(Failure {
        step: Step::Parse,
        errors: Vec::new(),
        sources,
    })
}

fn parse(texts: &Texts, options: &PolicyOptions) -> Result<(Vec<Module>, Sources), Failure> {
    let mut sources = Sources::default();
    let mut modules = Vec::new();
    let mut errors = Vec::new();
    for module in texts.values() {
        let source = sources.add(Arc::clone(&module.file), Arc::clone(&module.text));
        let parsing = parsing(module.version.unwrap_or(options.version), options);
        match syntax::parse_module(&sources, source, &parsing) {
            Ok(module) => modules.push(module),
            Err(more) => errors.extend(more),
        }
    }
    if errors.is_empty() {
        Ok((modules, sources))
    } else {
        Err(Failure {
            step: Step::Parse,
            errors,
            sources,
        })
    }
}

/// How modules of a version are parsed.
fn parsing(version: RegoVersion, options: &PolicyOptions) -> ParseOptions {
    let is_old = matches!(version, RegoVersion::V0 | RegoVersion::V0CompatV1);
    let old = precinct_interpreter::capabilities_v0();
    let capabilities = if is_old { &old } else { &options.capabilities };
    ParseOptions {
        version,
        process_annotations: true,
        capabilities: Some(ParseCapabilities {
            future_keywords: capabilities.future_keywords.clone(),
            features: capabilities.features.clone(),
        }),
        ..ParseOptions::default()
    }
}
