//! What policies could use in each version of OPA since 0.17.0, the first that says so.
//!
//! The builtins are those of today, less what came later; the few whose declaration changed are named with what they
//! were before. What OPA says of a version has no documentation.

use std::sync::Arc;

use precinct_rego::capabilities::Capabilities;

use super::{Types, capabilities};

/// The versions, oldest first.
const VERSIONS: &str = "\
    v0.17.0 v0.17.1 v0.17.2 v0.17.3 v0.18.0 v0.19.0-rc1 v0.19.0 v0.19.1 v0.19.2 v0.20.0 v0.20.1 v0.20.2 v0.20.3 \
    v0.20.4 v0.20.5 v0.21.0 v0.21.1 v0.22.0 v0.23.0 v0.23.1 v0.23.2 v0.24.0 v0.25.0-rc1 v0.25.0-rc2 v0.25.0-rc3 \
    v0.25.0-rc4 v0.25.0 v0.25.1 v0.25.2 v0.26.0 v0.27.0 v0.27.1 v0.28.0 v0.29.0 v0.29.1 v0.29.2 v0.29.3 v0.29.4 \
    v0.30.0 v0.30.1 v0.30.2 v0.31.0 v0.32.0 v0.32.1 v0.33.0 v0.33.1 v0.34.0 v0.34.1 v0.34.2 v0.35.0 v0.36.0 \
    v0.36.1 v0.37.0 v0.37.1 v0.37.2 v0.38.0 v0.38.1 v0.39.0 v0.40.0 v0.41.0 v0.42.0 v0.42.1 v0.42.2 v0.43.0 \
    v0.43.1 v0.44.0 v0.45.0 v0.46.0 v0.46.1 v0.46.2 v0.46.3 v0.47.0 v0.47.1 v0.47.2 v0.47.3 v0.47.4 v0.48.0 \
    v0.49.0 v0.49.1 v0.49.2 v0.50.0 v0.50.1 v0.50.2 v0.51.0 v0.52.0 v0.53.0 v0.53.1 v0.54.0 v0.55.0 v0.56.0 \
    v0.57.0 v0.57.1 v0.58.0 v0.59.0 v0.60.0 v0.61.0 v0.62.0 v0.62.1 v0.63.0 v0.64.0 v0.64.1 v0.65.0 v0.66.0 \
    v0.67.0 v0.67.1 v0.68.0 v0.69.0 v0.70.0 v1.0.0 v1.0.1 v1.1.0 v1.2.0 v1.3.0 v1.4.0 v1.4.1 v1.4.2 v1.5.0 v1.5.1 \
    v1.6.0 v1.7.0 v1.8.0 v1.9.0 v1.10.0 v1.11.0 v1.11.1 v1.12.0 v1.12.1 v1.12.2 v1.12.3 v1.13.0 v1.13.1 v1.13.2 \
    v1.14.0 v1.14.1 v1.15.0 v1.15.1 v1.16.0 v1.16.1 v1.16.2 v1.17.0 v1.17.1 v1.18.0 v1.18.1 v1.18.2 v1.19.0 \
    v1.19.1 v1.20.0 v1.20.1 v1.20.2 v1.21.0 v1.21.1 v1.21.2 v1.21.3 v1.21.4 v1.22.0 v1.22.1 v1.22.2";

/// Which builtins a version brought; the others are as old as the list.
const ADDED: &[(&str, &str)] = &[
    ("v0.17.2", "object.filter object.remove object.union"),
    (
        "v0.18.0",
        "bits.and bits.lsh bits.negate bits.or bits.rsh bits.xor json.remove",
    ),
    ("v0.19.0-rc1", "net.cidr_contains_matches"),
    ("v0.19.0", "time.add_date"),
    (
        "v0.20.0",
        "graph.reachable io.jwt.verify_es384 io.jwt.verify_es512 io.jwt.verify_hs384 io.jwt.verify_hs512 \
         io.jwt.verify_ps384 io.jwt.verify_ps512 io.jwt.verify_rs384 io.jwt.verify_rs512 uuid.rfc4122",
    ),
    ("v0.21.0", "crypto.x509.parse_certificate_request"),
    ("v0.22.0", "numbers.range semver.compare semver.is_valid"),
    ("v0.23.0", "regex.is_valid regex.match"),
    (
        "v0.24.0",
        "base64.is_valid net.cidr_merge urlquery.decode_object",
    ),
    ("v0.25.0-rc1", "json.is_valid yaml.is_valid"),
    (
        "v0.25.0-rc2",
        "base64url.encode_no_pad hex.decode hex.encode",
    ),
    ("v0.25.0", "json.patch"),
    ("v0.26.0", "ceil floor"),
    ("v0.28.0", "time.diff"),
    (
        "v0.31.0",
        "crypto.x509.parse_and_verify_certificates rand.intn",
    ),
    ("v0.33.0", "crypto.x509.parse_rsa_private_key"),
    (
        "v0.34.0",
        "internal.member_2 internal.member_3 internal.print print",
    ),
    ("v0.35.0", "net.lookup_ip_addr"),
    (
        "v0.36.0",
        "array.reverse crypto.hmac.md5 crypto.hmac.sha1 crypto.hmac.sha256 crypto.hmac.sha512 strings.reverse",
    ),
    ("v0.37.0", "graph.reachable_paths indexof_n object.union_n"),
    ("v0.40.0", "rego.metadata.chain rego.metadata.rule"),
    (
        "v0.41.0",
        "graphql.is_valid graphql.parse graphql.parse_and_verify graphql.parse_query graphql.parse_schema \
         units.parse",
    ),
    ("v0.42.0", "object.subset"),
    (
        "v0.44.0",
        "strings.any_prefix_match strings.any_suffix_match",
    ),
    ("v0.45.0", "regex.replace"),
    ("v0.46.0", "graphql.schema_is_valid net.cidr_is_valid"),
    ("v0.47.0", "object.keys providers.aws.sign_req"),
    ("v0.48.0", "time.format"),
    ("v0.50.0", "json.match_schema json.verify_schema"),
    ("v0.52.0", "crypto.hmac.equal"),
    ("v0.53.0", "crypto.x509.parse_keypair"),
    ("v0.55.0", "crypto.parse_private_keys"),
    ("v0.56.0", "numbers.range_step"),
    ("v0.57.0", "uuid.parse"),
    ("v0.59.0", "strings.render_template"),
    (
        "v0.63.0",
        "crypto.x509.parse_and_verify_certificates_with_options",
    ),
    ("v0.64.0", "json.marshal_with_options"),
    ("v0.67.0", "strings.count"),
    ("v1.2.0", "internal.test_case"),
    ("v1.8.0", "io.jwt.verify_eddsa"),
    ("v1.12.0", "internal.template_string"),
    ("v1.13.0", "array.flatten"),
    ("v1.16.0", "uri.is_valid uri.parse"),
    ("v1.19.0", "strings.split_n"),
];

/// Declarations that were others before a version.
const CHANGED: &[(&str, &str, &str)] = &[
    (
        "v0.43.0",
        "glob.match",
        "(string, array[string], string) => boolean",
    ),
    ("v0.43.0", "type_name", "(any<any>) => string"),
    ("v0.45.0", "graphql.is_valid", "(string, string) => boolean"),
    (
        "v0.45.0",
        "graphql.parse",
        "(string, string) => array<object[any: any], object[any: any]>",
    ),
    (
        "v0.45.0",
        "graphql.parse_and_verify",
        "(string, string) => array<boolean, object[any: any], object[any: any]>",
    ),
];

/// Builtins whose result was of any type before a version.
const NARROWED: (&str, &str) = (
    "v1.19.0",
    "json.filter json.remove object.filter object.remove object.subset object.union object.union_n",
);

/// Builtins that were not said to be nondeterministic before a version.
const NONDETERMINISTIC: &[(&str, &str)] = &[
    (
        "v0.44.0",
        "http.send io.jwt.decode_verify io.jwt.encode_sign io.jwt.encode_sign_raw net.lookup_ip_addr opa.runtime \
         rand.intn time.now_ns uuid.rfc4122",
    ),
    ("v1.21.0", "json.match_schema json.verify_schema"),
];

/// The version that says which builtins are deprecated.
const DEPRECATED: &str = "v1.11.0";

/// Keywords that could be imported from a version on, until the next.
const KEYWORDS: &[(&str, &str)] = &[
    ("v0.34.0", "in"),
    ("v0.38.0", "every in"),
    ("v0.42.0", "contains every if in"),
    ("v1.0.0", ""),
    ("v1.17.0", "not"),
    ("v1.20.0", "and not or"),
];

/// Features of the language from a version on, until the next.
const FEATURES: &[(&str, &str)] = &[
    ("v0.46.0", "rule_head_ref_string_prefixes"),
    (
        "v0.59.0",
        "rule_head_ref_string_prefixes rule_head_refs rego_v1_import",
    ),
    ("v1.0.0", "rego_v1"),
    ("v1.6.0", "keywords_in_refs rego_v1"),
    ("v1.12.0", "keywords_in_refs rego_v1 template_strings"),
    (
        "v1.22.0",
        "keywords_in_refs rego_v1 rego_v2 rego_v2_import template_strings",
    ),
];

/// Versions of the interface to WebAssembly modules from a version of OPA on.
const WASM: &[(&str, &[(u32, u32)])] = &[("v0.27.0", &[(1, 1)]), ("v0.31.0", &[(1, 1), (1, 2)])];

/// The versions whose capabilities are known, oldest first.
pub fn versions() -> impl Iterator<Item = &'static str> {
    VERSIONS.split_whitespace()
}

/// What policies could use in a version of OPA, such as `v0.55.0`; nothing when the version is unknown.
#[must_use]
pub fn capabilities_of(version: &str) -> Option<Arc<Capabilities>> {
    let place = |name: &str| versions().position(|known| known == name);
    let asked = place(version)?;
    let is_before = |other: &str| place(other).is_some_and(|other| asked < other);
    let lists = |names: &str, name: &str| names.split_whitespace().any(|listed| listed == name);
    let latest = |rows: &[(&str, &'static str)]| {
        let row = rows.iter().rev().find(|(since, _)| !is_before(since));
        words(row.map_or("", |(_, words)| words))
    };

    let mut all = Capabilities::default();
    for builtin in capabilities().builtins() {
        let name = builtin.name.as_str();
        if ADDED
            .iter()
            .any(|(since, names)| is_before(since) && lists(names, name))
        {
            continue;
        }
        let mut builtin = builtin.without_documentation();
        let changed = CHANGED
            .iter()
            .find(|(since, changed, _)| *changed == name && is_before(since));
        if let Some((_, _, signature)) = changed {
            builtin.decl = Types::new(signature).declaration();
        }
        if is_before(NARROWED.0) && lists(NARROWED.1, name) {
            builtin.decl.result = Some(serde_json::json!({ "type": "any" }));
        }
        builtin.nondeterministic &= !NONDETERMINISTIC
            .iter()
            .any(|(since, names)| is_before(since) && lists(names, name));
        builtin.deprecated &= !is_before(DEPRECATED);
        all.add(builtin);
    }
    all.future_keywords = latest(KEYWORDS);
    all.features = latest(FEATURES);
    let wasm = WASM.iter().rev().find(|(since, _)| !is_before(since));
    all.wasm_versions = wasm.map_or_else(Vec::new, |(_, versions)| versions.to_vec());
    Some(Arc::new(all))
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn each_row_names_a_version_and_builtins_that_exist() {
        let known: Vec<&str> = versions().collect();
        let today = capabilities();
        for (since, names) in ADDED.iter().chain(NONDETERMINISTIC).chain([&NARROWED]) {
            assert!(known.contains(since), "{since}");
            for name in names.split_whitespace() {
                assert!(today.builtin(name).is_some(), "{name}");
            }
        }
        for (since, name, _) in CHANGED {
            assert!(
                known.contains(since) && today.builtin(name).is_some(),
                "{name}"
            );
        }
    }

    #[test]
    fn a_version_lacks_what_came_later() {
        let old = capabilities_of("v0.17.1").unwrap();
        assert!(old.builtin("object.union").is_none() && old.features.is_empty());
        let next = capabilities_of("v0.17.2").unwrap();
        let union = next.builtin("object.union").unwrap();
        assert_eq!(
            union.decl.result,
            Some(serde_json::json!({ "type": "any" }))
        );
        assert!(!next.builtin("http.send").unwrap().nondeterministic);
        assert_eq!(capabilities_of("v1.0.0").unwrap().features, ["rego_v1"]);
        assert!(capabilities_of("v0.1.0").is_none());
    }

    #[test]
    fn the_last_version_is_what_policies_can_use_today() {
        let last = capabilities_of(versions().last().unwrap()).unwrap();
        assert_eq!(last.builtins().count(), capabilities().builtins().count());
        assert_eq!(last.features, capabilities().features);
        assert_eq!(last.future_keywords, capabilities().future_keywords);
    }
}
