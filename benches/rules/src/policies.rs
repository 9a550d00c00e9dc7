// Policies of so many rules of a kind, and inputs for them. The build script and the benchmark both include this file.

use std::fmt::Write;

/// Kinds of rules.
pub const KINDS: [&str; 6] = ["equal", "indexable", "globs", "intervals", "regexes", "partial"];

/// What is measured: each kind in these sizes.
pub const SIZES: [usize; 3] = [10, 1_000, 10_000];

/// The text of a policy.
pub fn policy(kind: &str, size: usize) -> String {
    let mut text = String::from("package rules\n\ndefault allow := false\n");
    for n in 0..size {
        let condition = match (kind, n % 5) {
            ("equal", _) | ("indexable", 0) => {
                format!("input.user == \"user-{n}\"\n\tinput.action == \"read\"")
            }
            ("indexable", 1) => format!("input.user in {{\"admin-{n}\", \"owner-{n}\"}}"),
            ("indexable", 2) => format!("startswith(input.path, \"tenants/tenant-{n}/\")"),
            ("indexable", 3) => format!("endswith(input.path, \"/secret-{n}.txt\")"),
            ("indexable", _) => {
                format!("glob.match(\"*/project-{n}/**\", [\"/\"], input.path)")
            }
            ("globs", _) => {
                format!("glob.match(\"tenants/tenant-{n}/*/read\", [\"/\"], input.path)")
            }
            ("intervals", _) => format!("input.value >= {}\n\tinput.value < {}", n * 10, n * 10 + 5),
            ("regexes", _) => format!("regex.match(\"[a-z]+-{n}[x-z]+$\", input.path)"),
            _ => format!("glob.match(\"*an*-{n}/r*d\", [\"/\"], input.path)"),
        };
        let _ = write!(text, "\nallow if {{\n\t{condition}\n}}\n");
    }
    text
}

/// Inputs by name: one that the last rule allows, and one that no rule does.
pub fn inputs(kind: &str, size: usize) -> [(&'static str, String); 2] {
    let last = size - 1;
    let allowed = match kind {
        "equal" => format!(r#"{{"user":"user-{last}","action":"read","path":"a/b"}}"#),
        "indexable" => {
            format!(r#"{{"user":"user-x","action":"read","path":"a/project-{last}/b/c"}}"#)
        }
        "globs" => format!(r#"{{"path":"tenants/tenant-{last}/disk/read"}}"#),
        "intervals" => format!(r#"{{"value":{}}}"#, last * 10 + 2),
        "regexes" => format!(r#"{{"path":"abc-{last}xyz"}}"#),
        _ => format!(r#"{{"path":"tenant-{last}/read"}}"#),
    };
    let denied = match kind {
        "intervals" => r#"{"value":7}"#.to_owned(),
        "partial" => r#"{"path":"tenant-x/read"}"#.to_owned(),
        _ => r#"{"user":"nobody","action":"read","path":"tenants/tenant-x/disk/write"}"#.to_owned(),
    };
    [("last", allowed), ("none", denied)]
}
