//! Rust names for the functions of a program.
//!
//! The rule `data.precinct.authz.allow` becomes the function `allow` in the module `precinct::authz`. A Rego name can
//! be anything, so names are escaped: characters that Rust does not take become `_`, keywords become raw identifiers,
//! and of two names that clash the later one (in the order of the program) gets a number.
//!
//! ```text
//! data.precinct.authz.allow        precinct::authz::allow
//! data.shop["price-list"].type     shop::price_list::r#type
//! data.p.self                      p::self_
//! ```

use std::collections::{BTreeMap, BTreeSet};

use precinct_rego::ir::{Function, FunctionId, FunctionKind, Program};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

/// Names that every generated module imports, and that nothing in it may hide.
const IMPORTED: [&str; 9] = [
    "Some", "None", "Ok", "Err", "Option", "Result", "rt", "Fields", "Compiled",
];

/// Keywords that cannot be raw identifiers.
const NEVER_RAW: [&str; 4] = ["self", "super", "crate", "Self"];

const KEYWORDS: [&str; 48] = [
    "as", "break", "const", "continue", "else", "enum", "extern", "false", "fn", "for", "if",
    "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "static",
    "struct", "trait", "true", "type", "unsafe", "use", "where", "while", "async", "await", "dyn",
    "abstract", "become", "box", "do", "final", "macro", "override", "priv", "typeof", "unsized",
    "virtual", "yield", "try", "gen",
];

/// Where a function is found in the generated code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Module names from the root of the generated code.
    pub(crate) module: Vec<String>,
    /// The function that computes the result inside an evaluation.
    pub(crate) inner: String,
    /// The function that gateways call, for documents.
    pub(crate) outer: Option<String>,
}

/// The places of all functions of a program.
pub(crate) struct Names {
    places: Vec<Place>,
    /// The module that holds constants, input structs and queries.
    pub(crate) support: String,
}

impl Names {
    /// Names every function of the program; the same program always gets the same names.
    pub(crate) fn new(program: &Program) -> Self {
        let mut modules = Modules::default();
        let roots: BTreeSet<String> = program
            .functions
            .iter()
            .filter_map(|function| parse_path(&function.name).0.into_iter().next())
            .map(|segment| sanitise(&segment))
            .collect();
        let support = numbered("support", |name| !roots.contains(name));
        modules.reserve(&support);
        // Documents first, so that helpers are the ones that yield.
        let mut order: Vec<usize> = (0..program.functions.len()).collect();
        order.sort_by_key(|&index| {
            let function = &program.functions[index];
            (rank(&function.kind), function.name.clone(), index)
        });
        let mut places: Vec<Option<Place>> = vec![None; program.functions.len()];
        for index in order {
            let mut place = modules.place(&program.functions[index]);
            if place.module.is_empty() {
                place.module.push(support.clone());
            }
            places[index] = Some(place);
        }
        Self {
            places: places.into_iter().flatten().collect(),
            support,
        }
    }

    /// Where the function stands.
    pub(crate) fn place(&self, function: FunctionId) -> &Place {
        &self.places[function.index()]
    }

    /// The path of the inner function, as seen from a module.
    pub(crate) fn path_from(&self, module: &[String], function: FunctionId) -> TokenStream {
        let place = self.place(function);
        relative(module, &place.module, &place.inner)
    }

    /// The path of an item of one module, as seen from another.
    pub(crate) fn path_to(from: &[String], to: &[String], item: &str) -> TokenStream {
        relative(from, to, item)
    }

    /// The path of the support module, as seen from a module.
    pub(crate) fn support_path(&self, module: &[String]) -> TokenStream {
        relative(module, &[], &self.support)
    }
}

fn rank(kind: &FunctionKind) -> u8 {
    match kind {
        FunctionKind::Rule => 0,
        FunctionKind::Function => 1,
        FunctionKind::Tree(_) => 2,
        FunctionKind::Part => 3,
        FunctionKind::Query => 4,
        FunctionKind::Keyed => 5,
    }
}

/// The path from one module to an item of another.
fn relative(from: &[String], to: &[String], item: &str) -> TokenStream {
    let shared = from.iter().zip(to).take_while(|(a, b)| a == b).count();
    let item = ident(item);
    let down = to[shared..].iter().map(|name| ident(name));
    if shared == from.len() {
        return quote!(self:: #(#down ::)* #item);
    }
    let up = from[shared..].iter().map(|_| quote!(super));
    quote!(#(#up ::)* #(#down ::)* #item)
}

/// A name as identifier; names starting with `r#` are raw.
pub(crate) fn ident(name: &str) -> Ident {
    match name.strip_prefix("r#") {
        Some(raw) => Ident::new_raw(raw, Span::call_site()),
        None => Ident::new(name, Span::call_site()),
    }
}

#[derive(Default)]
struct Modules {
    /// Rego segments to the Rust name, by parent module.
    segments: BTreeMap<(Vec<String>, String), String>,
    /// Names in use for modules, by parent module.
    under: BTreeMap<Vec<String>, BTreeSet<String>>,
    /// Names in use for functions, by module.
    functions: BTreeMap<Vec<String>, BTreeSet<String>>,
}

impl Modules {
    fn place(&mut self, function: &Function) -> Place {
        let (mut path, rest) = parse_path(&function.name);
        let name = match function.kind {
            FunctionKind::Tree(_) => "document".to_owned(),
            FunctionKind::Query => "query".to_owned(),
            FunctionKind::Rule
            | FunctionKind::Function
            | FunctionKind::Keyed
            | FunctionKind::Part => match (path.pop(), rest.is_empty()) {
                (Some(last), true) => last,
                (Some(last), false) => format!("{last}_{}", rest.trim()),
                (None, _) => rest,
            },
        };
        let module = self.module(&path);
        let public = matches!(function.kind, FunctionKind::Rule | FunctionKind::Tree(_))
            && function.params == 0;
        let taken = self.functions.entry(module.clone()).or_default();
        let name = sanitise(&name);
        let (outer, inner) = free(taken, &name, public);
        Place {
            module,
            inner,
            outer,
        }
    }

    fn module(&mut self, path: &[String]) -> Vec<String> {
        let mut module: Vec<String> = Vec::new();
        for segment in path {
            let key = (module.clone(), segment.clone());
            let name = match self.segments.get(&key) {
                Some(name) => name.clone(),
                None => {
                    let taken = self.under.entry(module.clone()).or_default();
                    let name = numbered(&sanitise(segment), |name| !taken.contains(name));
                    taken.insert(name.clone());
                    self.segments.insert(key, name.clone());
                    name
                }
            };
            module.push(name);
        }
        module
    }

    /// Keeps a name at the root free of packages.
    fn reserve(&mut self, name: &str) {
        self.under
            .entry(Vec::new())
            .or_default()
            .insert(name.to_owned());
    }
}

/// What is appended to the name of a document for the functions that belong to it.
const SUFFIXES: [&str; 4] = ["in", "with", "json", "json_with"];

/// A name with the name of its inner function, none of the names that belong to it in use.
fn free(taken: &mut BTreeSet<String>, name: &str, public: bool) -> (Option<String>, String) {
    let belonging = |name: &str| {
        let plain = name.strip_prefix("r#").unwrap_or(name).to_owned();
        SUFFIXES.map(|suffix| format!("{plain}_{suffix}"))
    };
    let name = numbered(name, |name| {
        let in_use = |name: &String| taken.contains(name);
        !taken.contains(name) && (!public || !belonging(name).iter().any(in_use))
    });
    taken.insert(name.clone());
    if public {
        let belonging = belonging(&name);
        let inner = belonging[0].clone();
        taken.extend(belonging);
        (Some(name), inner)
    } else {
        (None, name)
    }
}

/// The name, or the name with the first number that makes it free.
fn numbered(name: &str, is_free: impl Fn(&str) -> bool) -> String {
    if is_free(name) {
        return name.to_owned();
    }
    let plain = name.strip_prefix("r#").unwrap_or(name);
    let mut number = 2_u32;
    loop {
        let candidate = format!("{plain}_{number}");
        if is_free(&candidate) {
            return candidate;
        }
        number += 1;
    }
}

/// Turns a Rego name into a Rust identifier.
pub(crate) fn sanitise(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii_alphanumeric() || c == '_' {
            out.push(c);
        } else {
            out.push('_');
        }
    }
    if out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert(0, '_');
    }
    if out.chars().all(|c| c == '_') {
        out.push_str("name");
    }
    if NEVER_RAW.contains(&out.as_str()) || IMPORTED.contains(&out.as_str()) {
        out.push('_');
    } else if KEYWORDS.contains(&out.as_str()) {
        out.insert_str(0, "r#");
    }
    out
}

/// Splits `data.a["b c"].d` into its segments, without `data`, and what follows the path.
pub(crate) fn parse_path(name: &str) -> (Vec<String>, String) {
    let Some(mut rest) = name.strip_prefix("data") else {
        return (Vec::new(), name.to_owned());
    };
    let mut segments = Vec::new();
    loop {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                .unwrap_or(after.len());
            if end == 0 {
                break;
            }
            segments.push(after[..end].to_owned());
            rest = &after[end..];
        } else if let Some(after) = rest.strip_prefix("[\"") {
            let Some((segment, behind)) = quoted(after) else {
                break;
            };
            segments.push(segment);
            rest = behind;
        } else {
            break;
        }
    }
    (segments, rest.to_owned())
}

/// The string up to `"]`, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut segment = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                let rest = text[at + 1..].strip_prefix(']')?;
                return Some((segment, rest));
            }
            '\\' => segment.push(chars.next()?.1),
            other => segment.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_split_at_dots_and_brackets() {
        let (path, rest) = parse_path(r#"data.shop["price-list"].type"#);
        assert_eq!(path, ["shop", "price-list", "type"]);
        assert_eq!(rest, "");
        let (path, rest) = parse_path("data.p.allow#1");
        assert_eq!(path, ["p", "allow"]);
        assert_eq!(rest, "#1");
    }

    #[test]
    fn names_become_identifiers() {
        for (rego, rust) in [
            ("allow", "allow"),
            ("price-list", "price_list"),
            ("type", "r#type"),
            ("self", "self_"),
            ("Option", "Option_"),
            ("1st", "_1st"),
            ("", "name"),
            ("ü", "_name"),
        ] {
            assert_eq!(sanitise(rego), rust, "{rego}");
        }
    }

    #[test]
    fn clashing_names_get_numbers() {
        let mut taken = BTreeSet::new();
        assert_eq!(
            free(&mut taken, "allow", true),
            (Some("allow".to_owned()), "allow_in".to_owned())
        );
        assert_eq!(
            free(&mut taken, "allow_in", true),
            (Some("allow_in_2".to_owned()), "allow_in_2_in".to_owned())
        );
        assert_eq!(
            free(&mut taken, "allow", false),
            (None, "allow_2".to_owned())
        );
    }

    #[test]
    fn paths_lead_up_and_down() {
        let own = |names: &[&str]| -> Vec<String> {
            names.iter().map(|name| (*name).to_owned()).collect()
        };
        let path = relative(&own(&["a", "b"]), &own(&["a", "c"]), "f");
        assert_eq!(path.to_string(), "super :: c :: f");
        let path = relative(&own(&["a"]), &own(&["a"]), "f");
        assert_eq!(path.to_string(), "self :: f");
        let path = relative(&own(&["a"]), &own(&["a", "b"]), "r#type");
        assert_eq!(path.to_string(), "self :: b :: r#type");
    }
}
