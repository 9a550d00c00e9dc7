//! Who decides: a policy compiled into the gateway, or one that is interpreted and can be replaced while it serves.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwapOption;
use precinct_bundle::Files;
use precinct_bundle::load::Loaded;
use precinct_interpreter::{Policy, PolicyOptions, Text};
use precinct_rego::ast::RegoVersion;
use precinct_runtime::json::{Decoder, Encoding};
use precinct_runtime::{Arena, Document};

use crate::registry::Registry;

/// What a policy answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decided {
    /// The value; `None` is undefined.
    pub value: Option<serde_json::Value>,
    /// The policy that answered: `sha256:` and 64 hexadecimal digits.
    pub bundle_digest: String,
    /// How many rule bodies were entered.
    pub rules_evaluated: u64,
}

/// A policy that can be asked.
pub trait Decider: Send + Sync {
    /// The document at a path (`precinct/gateway/decision`) for an input in JSON.
    ///
    /// # Errors
    /// Why there is no answer. The request must then be denied.
    fn decide(&self, path: &str, input: &[u8]) -> Result<Decided, String>;
}

/// Policies compiled into the gateway: the `evaluate` of a generated crate and its digest.
///
/// ```
/// use precinct_gateway::decider::{Compiled, Decider};
/// # mod policies {
/// #     pub const DIGEST: &str = "00";
/// #     pub fn evaluate(_: &str, _: &[u8]) -> Result<Option<precinct_runtime::Document>, String> {
/// #         Ok(Some(precinct_runtime::Document::from_json(b"true").map_err(|e| e.to_string())?))
/// #     }
/// # }
///
/// let decider = Compiled::new(policies::DIGEST, policies::evaluate);
/// let decided = decider.decide("precinct/authz/allow", b"{}")?;
/// assert_eq!(decided.value, Some(true.into()));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug)]
pub struct Compiled<F> {
    digest: String,
    evaluate: F,
}

impl<F> Compiled<F> {
    /// `digest` is hexadecimal, as generated crates have it.
    pub fn new(digest: &str, evaluate: F) -> Self {
        Self {
            digest: format!("sha256:{digest}"),
            evaluate,
        }
    }
}

impl<F, E> Decider for Compiled<F>
where
    F: Fn(&str, &[u8]) -> Result<Option<Document>, E> + Send + Sync,
    E: std::fmt::Display,
{
    fn decide(&self, path: &str, input: &[u8]) -> Result<Decided, String> {
        let answer = (self.evaluate)(path, input).map_err(|error| error.to_string())?;
        let value = answer.map(|document| json(document.value())).transpose()?;
        Ok(Decided {
            value,
            bundle_digest: self.digest.clone(),
            // Generated code does not count; a record says so with 0.
            rules_evaluated: 0,
        })
    }
}

fn json(value: precinct_runtime::Value<'_>) -> Result<serde_json::Value, String> {
    serde_json::from_str(&Encoding::PLAIN.encode(value)).map_err(|error| error.to_string())
}

/// A policy that is interpreted, and replaced as a whole.
#[derive(Default)]
pub struct Reloadable {
    active: ArcSwapOption<Active>,
}

struct Active {
    policy: Policy,
    data: Arc<Document>,
    digest: String,
}

impl Reloadable {
    /// Without a policy: everything is denied until one is activated.
    pub fn new() -> Self {
        Self::default()
    }

    /// Compiles the files of a bundle, with `capabilities` as `data.capabilities` if the registry is none of them, and serves them from the next request
    /// on; requests in flight finish on the policy that they began with. Returns the digest of the files.
    ///
    /// # Errors
    /// What is wrong with the files. The policy that was active goes on.
    pub fn activate(
        &self,
        files: &Files,
        capabilities: Option<&serde_json::Value>,
    ) -> Result<String, String> {
        let bundle = precinct_bundle::Bundle::read(files).map_err(|error| error.to_string())?;
        Registry::of_bundle(&bundle)?;
        let loaded = precinct_bundle::load::join(vec![(String::new(), bundle)])
            .map_err(|error| error.to_string())?;
        let digest = precinct_bundle::Digest::of_files(files).to_string();
        let active = compiled(loaded, capabilities, digest.clone())?;
        self.active.store(Some(Arc::new(active)));
        Ok(digest)
    }
}

fn compiled(
    loaded: Loaded,
    capabilities: Option<&serde_json::Value>,
    digest: String,
) -> Result<Active, String> {
    let texts = loaded
        .modules
        .into_iter()
        .map(|module| Text {
            name: module.name,
            text: module.text,
            version: match module.version {
                Some(0) => Some(RegoVersion::V0),
                Some(1) => Some(RegoVersion::V1),
                _ => None,
            },
        })
        .collect();
    let policy =
        Policy::compile(texts, PolicyOptions::default()).map_err(|failure| failure.to_string())?;
    let data = match capabilities {
        Some(capabilities) => Arc::new(with_capabilities(&loaded.data, capabilities)?),
        None => loaded.data,
    };
    Ok(Active {
        policy,
        data,
        digest,
    })
}

fn with_capabilities(
    data: &Document,
    capabilities: &serde_json::Value,
) -> Result<Document, String> {
    let mut root = json(data.value())?;
    let members = root
        .as_object_mut()
        .ok_or("expected the base document to be an object")?;
    if members.contains_key("capabilities") {
        return Err("data.capabilities is given by the bundle and by the registry".to_owned());
    }
    members.insert("capabilities".to_owned(), capabilities.clone());
    Document::from_json(root.to_string().as_bytes()).map_err(|error| error.to_string())
}

impl Decider for Reloadable {
    fn decide(&self, path: &str, input: &[u8]) -> Result<Decided, String> {
        let active = self.active.load_full().ok_or("no policy is active")?;
        let arena = Arena::new();
        let input = Decoder::new(&arena)
            .decode(input)
            .map_err(|error| error.to_string())?;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_nanos();
        let seed = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), now);
        let mut context = active
            .policy
            .context(&arena)
            .with_input(Some(input))
            .with_data(active.data.value())
            .with_seed(seed);
        context.time_ns = i64::try_from(now).unwrap_or(i64::MAX);
        context.strict_builtin_errors = true;
        let answer = active
            .policy
            .document(path, &mut context)
            .map_err(|error| error.to_string())?;
        Ok(Decided {
            value: answer.map(json).transpose()?,
            bundle_digest: active.digest.clone(),
            rules_evaluated: context.rules_evaluated(),
        })
    }
}
