//! Who decides: a policy compiled into the gateway, or one that is interpreted and can be replaced while it serves.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwapOption;
use precinct_audit::Bundles;
use precinct_bundle::bundle::REGISTRY;
use precinct_bundle::load::Loaded;
use precinct_bundle::{Bundle, Digest, Files, Limits, archive};
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
    kept: Option<Bundles>,
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

    /// The same, with each policy kept beside the records of its decisions before it answers, so that these can be made
    /// again.
    pub fn keeping(bundles: Bundles) -> Self {
        Self {
            active: ArcSwapOption::empty(),
            kept: Some(bundles),
        }
    }

    /// Compiles the files of a bundle, with `capabilities` as `data.capabilities` if the registry is none of them, and serves them from the next request
    /// on; requests in flight finish on the policy that they began with. Returns the digest of the archive of these files, which decisions are recorded with.
    ///
    /// # Errors
    /// What is wrong with the files. The policy that was active goes on.
    pub fn activate(
        &self,
        files: &Files,
        capabilities: Option<&serde_json::Value>,
    ) -> Result<String, String> {
        let mut files = files.clone();
        if let Some(capabilities) = capabilities {
            let text = serde_json::json!({"capabilities": capabilities}).to_string();
            files
                .add(REGISTRY, text.into_bytes(), &Limits::default())
                .map_err(|error| error.to_string())?;
        }
        let bundle = Bundle::read(&files).map_err(|error| error.to_string())?;
        if capabilities.is_some() && bundle.registry().is_none() {
            return Err("the roots of the bundle leave no place for data.capabilities".to_owned());
        }
        Registry::of_bundle(&bundle)?;
        let loaded = precinct_bundle::load::join(vec![(String::new(), bundle)])
            .map_err(|error| error.to_string())?;
        let archive = archive::write(&files).map_err(|error| error.to_string())?;
        let digest = Digest::of_bytes(&archive).to_string();
        let active = compiled(loaded, digest.clone())?;
        if let Some(bundles) = &self.kept {
            bundles.keep(&archive).map_err(|error| error.to_string())?;
        }
        self.active.store(Some(Arc::new(active)));
        Ok(digest)
    }
}

fn compiled(loaded: Loaded, digest: String) -> Result<Active, String> {
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
    Ok(Active {
        policy,
        data: loaded.data,
        digest,
    })
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
            .with_documents(&active.data)
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
