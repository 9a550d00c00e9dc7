//! Builtins and features in the form of `capabilities.json`.

use precinct_rego::capabilities::{Builtin, Capabilities};

use serde_json::Value;

use super::json::Json;

/// A builtin: its name and its types, with the names of arguments and result or without them.
pub fn builtin(builtin: &Builtin, named: bool) -> Json {
    let decl = &builtin.decl;
    let kind = |kind: &Value| match kind {
        Value::Object(members) if !named => {
            let mut members = members.clone();
            members.remove("name");
            members.remove("description");
            Json::from(&Value::Object(members))
        }
        _ => Json::from(kind),
    };
    let args: Vec<Json> = decl.args.iter().map(kind).collect();
    let flag = |truth: bool| truth.then_some(Json::Bool(true));
    Json::object([
        ("name", Some(builtin.name.as_str().into())),
        (
            "description",
            (named && !builtin.description.is_empty()).then(|| builtin.description.as_str().into()),
        ),
        (
            "categories",
            words(builtin.categories.iter().map(String::as_str)).filter(|_| named),
        ),
        (
            "decl",
            Some(Json::object([
                ("args", (!args.is_empty()).then_some(Json::Array(args))),
                ("result", decl.result.as_ref().map(kind)),
                ("type", Some("function".into())),
                ("variadic", decl.variadic.as_ref().map(kind)),
            ])),
        ),
        ("infix", builtin.infix.as_deref().map(Json::from)),
        ("relation", flag(builtin.relation)),
        ("deprecated", flag(builtin.deprecated)),
        ("nondeterministic", flag(builtin.nondeterministic)),
    ])
}

/// Words as a list; nothing when there are none.
pub fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Option<Json> {
    let list: Vec<Json> = words.into_iter().map(Json::from).collect();
    (!list.is_empty()).then_some(Json::Array(list))
}

/// All that can be used.
pub fn all(capabilities: &Capabilities) -> Json {
    let mut builtins: Vec<&Builtin> = capabilities.builtins().collect();
    builtins.sort_by(|one, other| one.name.cmp(&other.name));
    Json::object([
        (
            "builtins",
            (!builtins.is_empty())
                .then(|| Json::Array(builtins.into_iter().map(|it| builtin(it, true)).collect())),
        ),
        (
            "future_keywords",
            words(capabilities.future_keywords.iter().map(String::as_str)),
        ),
        (
            "wasm_abi_versions",
            (!capabilities.wasm_versions.is_empty()).then(|| {
                let version = |(major, minor): &(u32, u32)| {
                    Json::object([
                        ("version", Some(u64::from(*major).into())),
                        ("minor_version", Some(u64::from(*minor).into())),
                    ])
                };
                Json::Array(capabilities.wasm_versions.iter().map(version).collect())
            }),
        ),
        (
            "features",
            words(capabilities.features.iter().map(String::as_str)),
        ),
        (
            "allow_net",
            capabilities
                .allow_net
                .as_ref()
                .and_then(|hosts| words(hosts.iter().map(String::as_str))),
        ),
    ])
}
