//! A bundle takes the place of the one before it.

use std::sync::Arc;

use precinct_bundle::{Bundle, roots};
use precinct_gateway::registry::Registry;
use precinct_interpreter::policy::Failure;
use precinct_rego::ast::{Module, RegoVersion, TermValue};
use precinct_runtime::value::{Object, ObjectBuilder};
use precinct_runtime::{Arena, Document, Value};

use super::Snapshot;
use super::document::{self, Change, WriteError};
use super::ownership::{ActiveBundle, Bundles};
use super::policies::{Policies, Text, Texts};
use crate::native::Carried;

/// A bundle that has been verified and read.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its name among the server's bundles.
    pub name: Arc<str>,
    /// What is in it.
    pub bundle: Bundle,
    /// What its files' names begin with in errors: the folder that they were read from, or nothing.
    pub folder: String,
    /// The version that the server that it came from names it by.
    pub etag: String,
    /// The digest of its bytes, `sha256:…`.
    pub digest: String,
    /// Its bytes, where it came as an archive.
    pub archive: Option<Arc<[u8]>>,
    /// The libraries that it carries are covered by a signature that was verified.
    pub verified_libraries: bool,
}

/// Why bundles can't become active.
#[derive(Debug, thiserror::Error)]
pub enum ActivationError {
    /// Two bundles claim the same, or the state can't be prepared.
    #[error("{0}")]
    Roots(String),
    /// The data does not fit what is there.
    #[error(transparent)]
    Data(#[from] WriteError),
    /// The changes of a delta bundle do not fit.
    #[error(transparent)]
    Patch(#[from] precinct_bundle::Error),
    /// The Capability Registry is wrong.
    #[error("{0}")]
    Registry(String),
    /// The modules do not parse or compile.
    #[error("{0}")]
    Modules(Box<Failure>),
}

impl From<String> for ActivationError {
    fn from(message: String) -> Self {
        Self::Roots(message)
    }
}

impl From<Failure> for ActivationError {
    fn from(failure: Failure) -> Self {
        Self::Modules(Box::new(failure))
    }
}

/// The state in which these bundles are active, beside all others of the given state.
///
/// # Errors
/// The first reason why that can't be.
pub fn activate(now: &Snapshot, candidates: &[Candidate]) -> Result<Snapshot, ActivationError> {
    let mut bundles = (*now.bundles).clone();
    let mut texts = now.policies.texts().clone();
    let mut data = Arc::clone(&now.data);
    let mut is_changed = false;
    for candidate in candidates {
        Registry::of_bundle(&candidate.bundle).map_err(ActivationError::Registry)?;
        is_changed |= candidate.bundle.patch.is_none();
        data = Arc::new(enter(candidate, &mut bundles, &mut texts, &data, &[])?);
    }
    check_overlaps(&bundles)?;
    let policies = if is_changed {
        Arc::new(Policies::compile(texts, now.policies.options().clone())?)
    } else {
        Arc::clone(&now.policies)
    };
    whole(candidates, policies, data, bundles)
}

/// The state without these bundles, their modules and their documents.
///
/// # Errors
/// When the modules of others do not compile without theirs.
pub fn deactivate(now: &Snapshot, names: &[&str]) -> Result<Snapshot, ActivationError> {
    let mut bundles = (*now.bundles).clone();
    let mut texts = now.policies.texts().clone();
    let arena = Arena::new();
    let mut data = now.data.value();
    for name in names {
        let Some(gone) = bundles.remove(*name) else {
            continue;
        };
        texts.retain(|_, text| text.bundle.as_deref() != Some(*name));
        let described = ["system", "bundles", name].map(str::to_owned).to_vec();
        let paths = gone.roots.iter().map(|root| keys(root));
        data = paths
            .chain([described])
            .fold(data, |data, path| without(data, &path, &arena));
    }
    let data = Arc::new(Document::copy_of(data));
    let policies = Arc::new(Policies::compile(texts, now.policies.options().clone())?);
    Ok(Snapshot::new(policies, data, Arc::new(bundles)))
}

/// What was read again, with the bundles that came by other ways: those of `now` that are not among what was read.
///
/// # Errors
/// The first reason why they can't be together.
pub fn carry(next: Snapshot, now: &Snapshot) -> Result<Snapshot, ActivationError> {
    let mut bundles = (*next.bundles).clone();
    let kept = now.bundles.iter();
    let kept: Bundles = kept
        .filter(|(name, _)| !bundles.contains_key(*name))
        .map(|(name, bundle)| (Arc::clone(name), bundle.clone()))
        .collect();
    if kept.is_empty() {
        return Ok(next);
    }
    let is_kept = |text: &Text| {
        let bundle = text.bundle.as_ref();
        bundle.is_some_and(|name| kept.contains_key(name))
    };
    let mut texts = next.policies.texts().clone();
    let modules = now.policies.texts().iter();
    let modules = modules.filter(|(_, text)| is_kept(text));
    texts.extend(modules.map(|(id, text)| (id.clone(), text.clone())));
    let arena = Arena::new();
    let mut data = next.data.value();
    for (name, bundle) in &kept {
        for root in &bundle.roots {
            data = without(data, &keys(root), &arena);
            data = with(data, root, now.data.value(), &arena)?;
        }
        let place = ["system", "bundles", name].map(str::to_owned);
        if let Some(described) = now.data.value().path(&place) {
            data = document::make_way(data, &place, &arena)?;
            data = document::write(data, &place, Change::Add(described), &arena)?;
        }
    }
    let data = Arc::new(Document::copy_of(data));
    bundles.extend(kept);
    check_overlaps(&bundles)?;
    let policies = Arc::new(Policies::compile(texts, next.policies.options().clone())?);
    whole(&[], policies, data, bundles)
}

/// The state of these parts, if they go together.
pub(super) fn whole(
    candidates: &[Candidate],
    policies: Arc<Policies>,
    data: Arc<Document>,
    bundles: Bundles,
) -> Result<Snapshot, ActivationError> {
    let has_modules = |candidate: &&Candidate| candidate.bundle.patch.is_none();
    for candidate in candidates.iter().filter(has_modules) {
        check_packages(candidate, &policies)?;
    }
    super::document::check_rules(&policies, &data).map_err(ActivationError::Roots)?;
    Ok(Snapshot::new(policies, data, Arc::new(bundles)))
}

/// Enters one bundle; its documents take the place of everything at its roots, and of everything at the paths that are
/// gone.
pub(super) fn enter(
    candidate: &Candidate,
    bundles: &mut Bundles,
    texts: &mut Texts,
    data: &Document,
    gone: &[Vec<String>],
) -> Result<Document, ActivationError> {
    let bundle = &candidate.bundle;
    let roots: Vec<String> = bundle
        .manifest
        .roots()
        .iter()
        .map(|root| root.trim_matches('/').to_owned())
        .collect();
    let old = bundles.get(&candidate.name).cloned();
    let active = ActiveBundle {
        revision: bundle.manifest.revision.clone(),
        roots: match (&bundle.patch, &old) {
            (Some(_), Some(old)) => old.roots.clone(),
            _ => roots.clone(),
        },
        metadata: bundle.manifest.metadata.clone(),
        etag: candidate.etag.clone(),
        digest: candidate.digest.clone(),
        // A delta is not the whole of what decides.
        archive: candidate.archive.clone().filter(|_| bundle.patch.is_none()),
        library: match (&bundle.patch, &old) {
            (Some(_), Some(old)) => old.library.clone(),
            _ => Carried::find(bundle, candidate.verified_libraries),
        },
    };
    let described = active.document().to_string();
    bundles.insert(Arc::clone(&candidate.name), active);
    // The bundle's own documents are not copied; what stays of the others is, so that nothing keeps what went.
    let rest = if let Some(patch) = &bundle.patch {
        patch.apply(data)?
    } else {
        exchange_modules(candidate, texts);
        let arena = Arena::new();
        let replaced = old.iter().flat_map(|old| &old.roots).chain(&roots);
        let rest = replaced
            .map(|root| keys(root))
            .chain(gone.iter().cloned())
            .fold(data.value(), |rest, path| without(rest, &path, &arena));
        Document::copy_of(rest)
    };
    let parts = vec![Arc::new(rest), Arc::clone(&bundle.data)];
    Document::over(parts, |parts, arena| {
        let mut parts = parts.iter().copied();
        let mut whole = parts.next().unwrap_or(Value::EMPTY_OBJECT);
        let documents = parts.next().unwrap_or(Value::EMPTY_OBJECT);
        if bundle.patch.is_none() {
            whole = roots
                .iter()
                .try_fold(whole, |whole, root| with(whole, root, documents, arena))?;
        }
        let place = ["system", "bundles", &candidate.name].map(str::to_owned);
        let described = precinct_runtime::json::Decoder::new(arena)
            .decode_copied(described.as_bytes())
            .unwrap_or(Value::EMPTY_OBJECT);
        let whole = document::make_way(whole, &place, arena)?;
        Ok(document::write(
            whole,
            &place,
            Change::Add(described),
            arena,
        )?)
    })
}

fn exchange_modules(candidate: &Candidate, texts: &mut Texts) {
    texts.retain(|_, text| text.bundle.as_ref() != Some(&candidate.name));
    for module in &candidate.bundle.modules {
        let inside = module.path.trim_start_matches('/');
        let file = if candidate.folder.is_empty() {
            inside.to_owned()
        } else {
            format!("{}/{inside}", candidate.folder)
        };
        let version = match candidate.bundle.rego_version(&module.path) {
            Some(0) => Some(RegoVersion::V0),
            Some(1) => Some(RegoVersion::V1),
            _ => None,
        };
        let text = Text {
            file: file.as_str().into(),
            text: module.text.as_str().into(),
            version,
            bundle: Some(Arc::clone(&candidate.name)),
        };
        texts.insert(format!("{}/{file}", candidate.name), text);
    }
}

pub(super) fn keys(root: &str) -> Vec<String> {
    root.split('/')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The data with nothing at a path; `data.system` is not part of what a bundle owns.
fn without<'a>(data: Value<'a>, path: &[String], arena: &'a Arena) -> Value<'a> {
    if path.is_empty() {
        return match data.field("system") {
            Some(system) => Value::object(arena, [(Value::string(arena, "system"), system)]),
            None => Value::EMPTY_OBJECT,
        };
    }
    document::write(data, path, Change::Remove, arena).unwrap_or(data)
}

/// The data with a bundle's documents at a root.
fn with<'a>(
    data: Value<'a>,
    root: &str,
    documents: Value<'a>,
    arena: &'a Arena,
) -> Result<Value<'a>, WriteError> {
    let path = keys(root);
    if path.is_empty() {
        let Some(documents) = documents.as_object() else {
            return Ok(data);
        };
        let mut whole = ObjectBuilder::new(arena);
        let rest = data.as_object().into_iter().flat_map(Object::entries);
        for (key, value) in rest.chain(documents.entries()) {
            whole.replace(key, value);
        }
        return Ok(whole.finish());
    }
    let Some(value) = documents.path(&path) else {
        return Ok(data);
    };
    let data = document::make_way(data, &path, arena)?;
    document::write(data, &path, Change::Add(value), arena)
}

pub(super) fn check_overlaps(bundles: &Bundles) -> Result<(), ActivationError> {
    let claims: Vec<(&str, Vec<&str>)> = bundles
        .iter()
        .map(|(name, bundle)| (&**name, bundle.roots.iter().map(String::as_str).collect()))
        .collect();
    roots::conflict(&claims).map_or(Ok(()), |message| Err(ActivationError::Roots(message)))
}

/// The packages of a bundle's modules must belong to its roots.
fn check_packages(candidate: &Candidate, policies: &Policies) -> Result<(), ActivationError> {
    for (module, _, text) in policies.modules() {
        let is_own = text.bundle.as_ref() == Some(&candidate.name);
        if is_own && !candidate.bundle.manifest.owns(&package(module)) {
            return Err(ActivationError::Roots(format!(
                "manifest roots [{}] do not permit '{}' in module '{}'",
                candidate.bundle.manifest.roots().join(" "),
                module.package,
                text.file
            )));
        }
    }
    Ok(())
}

/// `a/b` of `package a.b`.
pub fn package(module: &Module) -> String {
    let parts: Vec<String> = module
        .package
        .path
        .iter()
        .skip(1)
        .map(|part| match &part.value {
            TermValue::String(text) => text.to_string(),
            _ => part.to_string(),
        })
        .collect();
    parts.join("/")
}
