//! The state as it would be with other bundles, which are tried out beside the active ones.
//!
//! A candidate takes the place of everything that it claims: of the bundles whose roots meet its own, and of modules and
//! documents at its roots that came with no bundle. What it does not claim is as it is in the newest state.

use std::collections::BTreeSet;
use std::sync::Arc;

use precinct_bundle::roots::overlap;

use super::Snapshot;
use super::activation::{self, ActivationError, Candidate};
use super::policies::{Policies, Texts};

/// The state in which candidates have the place of what they claim. `known` are policies that are taken if they are of the
/// same modules, so that a change of documents compiles nothing.
///
/// # Errors
/// Why there is no such state.
pub fn beside(
    now: &Snapshot,
    candidates: &[Candidate],
    known: Option<&Arc<Policies>>,
) -> Result<Snapshot, ActivationError> {
    if let Some(delta) = candidates.iter().find(|it| it.bundle.patch.is_some()) {
        return Err(ActivationError::Roots(format!(
            "expected a whole bundle, found the changes of a delta in {:?}",
            delta.name
        )));
    }
    let mut bundles = (*now.bundles).clone();
    let mut texts = loose(now, candidates);
    let mut gone = Vec::new();
    bundles.retain(|name, bundle| {
        let is_claimed = candidates.iter().any(|candidate| {
            let roots = candidate.bundle.manifest.roots();
            let meets = |root: &String| roots.iter().any(|claimed| overlap(root, claimed));
            *name == candidate.name || bundle.roots.iter().any(meets)
        });
        if is_claimed {
            texts.retain(|_, text| text.bundle.as_ref() != Some(name));
            gone.extend(bundle.roots.iter().map(|root| activation::keys(root)));
            gone.push(["system", "bundles", name].map(str::to_owned).to_vec());
        }
        !is_claimed
    });
    let mut data = Arc::clone(&now.data);
    for (number, candidate) in candidates.iter().enumerate() {
        // What was entered first must not go with what it displaced.
        let gone = if number == 0 { &gone[..] } else { &[] };
        let entered = activation::enter(candidate, &mut bundles, &mut texts, &data, gone)?;
        data = Arc::new(entered);
    }
    activation::check_overlaps(&bundles)?;
    let policies = match known.filter(|known| *known.texts() == texts) {
        Some(known) => Arc::clone(known),
        None => Arc::new(Policies::compile(texts, now.policies.options().clone())?),
    };
    activation::whole(candidates, policies, data, bundles)
}

/// The modules of the state without those that came with no bundle and have a package that a candidate claims.
fn loose(now: &Snapshot, candidates: &[Candidate]) -> Texts {
    let claimed: BTreeSet<&str> = now
        .policies
        .modules()
        .filter(|(module, _, _)| {
            let package = activation::package(module);
            let owns = |candidate: &Candidate| candidate.bundle.manifest.owns(&package);
            candidates.iter().any(owns)
        })
        .map(|(_, id, _)| id)
        .collect();
    let mut texts = now.policies.texts().clone();
    texts.retain(|id, text| text.bundle.is_some() || !claimed.contains(id.as_str()));
    texts
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use precinct_bundle::{Bundle, Files, Limits};
    use precinct_interpreter::policy::PolicyOptions;
    use precinct_runtime::Document;
    use precinct_runtime::json::to_string;

    use super::*;
    use crate::state::policies::Text;

    fn candidate(name: &str, files: &[(&str, &str)]) -> Candidate {
        let mut all = Files::default();
        for (path, text) in files {
            let bytes = text.as_bytes().to_vec();
            all.add(path, bytes, &Limits::default()).unwrap();
        }
        Candidate {
            name: name.into(),
            bundle: Bundle::read(&all).unwrap(),
            folder: String::new(),
            etag: String::new(),
            digest: String::new(),
            archive: None,
            verified_libraries: false,
        }
    }

    /// A state with one module and one document that came with no bundle.
    fn state() -> Snapshot {
        let text = Text {
            file: "loose.rego".into(),
            text: "package a.loose\n\none := 1\n".into(),
            version: None,
            bundle: None,
        };
        let texts = Texts::from([("loose.rego".to_owned(), text)]);
        let policies = Policies::compile(texts, PolicyOptions::default()).unwrap();
        let data = Document::from_json(br#"{"a": {"x": 1}, "b": 2}"#).unwrap();
        Snapshot::new(
            Arc::new(policies),
            Arc::new(data),
            Arc::new(BTreeMap::new()),
        )
    }

    fn modules(state: &Snapshot) -> Vec<&str> {
        let texts = state.policies.texts();
        texts.values().map(|text| &*text.file).collect()
    }

    #[test]
    fn a_candidate_takes_the_place_of_what_it_claims_and_of_nothing_else() {
        let manifest = (".manifest", r#"{"roots": ["a"]}"#);
        let first = candidate("one", &[manifest, ("a/one.rego", "package a.one\n")]);
        let now = activation::activate(&state(), &[first]).unwrap();
        assert_eq!(modules(&now), ["loose.rego", "a/one.rego"]);
        let other = candidate(
            "two",
            &[
                (".manifest", r#"{"roots": ["a"]}"#),
                ("a/two.rego", "package a.two\n"),
                ("a/data.json", r#"{"y": 3}"#),
            ],
        );
        let tried = beside(&now, &[other], None).unwrap();
        assert_eq!(modules(&tried), ["a/two.rego"]);
        let data = to_string(tried.data.value());
        assert!(data.starts_with(r#"{"a":{"y":3},"b":2,"#), "{data}");
        assert!(!data.contains("\"one\""), "{data}");
        // What is active has not changed.
        assert_eq!(modules(&now), ["loose.rego", "a/one.rego"]);
    }

    #[test]
    fn policies_that_are_known_are_not_compiled_again() {
        let files = [("p.rego", "package p\n\none := 1\n")];
        let first = beside(&state(), &[candidate("c", &files)], None).unwrap();
        let again = beside(&state(), &[candidate("c", &files)], Some(&first.policies)).unwrap();
        assert!(Arc::ptr_eq(&first.policies, &again.policies));
        let files = [("p.rego", "package p\n\none := 2\n")];
        let other = beside(&state(), &[candidate("c", &files)], Some(&first.policies)).unwrap();
        assert!(!Arc::ptr_eq(&first.policies, &other.policies));
    }

    #[test]
    fn a_delta_is_no_candidate() {
        let patch = r#"{"data": [{"op": "upsert", "path": "/a", "value": 1}]}"#;
        let delta = candidate("d", &[("patch.json", patch)]);
        let error = beside(&state(), &[delta], None).unwrap_err().to_string();
        assert!(error.contains("found the changes of a delta"), "{error}");
    }
}
