//! Writes the policies and compiles them. `PRECINCT_RULES=kind:size` leaves all others empty, to time the build of one.

use std::env;
use std::fs;
use std::path::PathBuf;

use precinct_codegen::Builder;

#[allow(dead_code, reason = "the inputs are for the benchmark")]
mod policies {
    include!("src/policies.rs");
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-env-changed=PRECINCT_RULES");
    println!("cargo::rerun-if-changed=src/policies.rs");
    let only = env::var("PRECINCT_RULES").ok();
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    let mut modules = String::new();
    let mut table = String::new();
    for kind in policies::KINDS {
        for size in policies::SIZES {
            let name = format!("{kind}_{size}");
            if only.as_ref().is_some_and(|only| *only != format!("{kind}:{size}")) {
                continue;
            }
            let folder = out.join(&name);
            fs::create_dir_all(&folder)?;
            fs::write(folder.join("policy.rego"), policies::policy(kind, size))?;
            Builder::new()
                .policies(&folder)
                .entrypoint("rules/allow")
                .file(format!("{name}.rs"))
                .compile()?;
            modules.push_str(&format!(
                "pub mod {name} {{ include!(concat!(env!(\"OUT_DIR\"), \"/{name}.rs\")); }}\n"
            ));
            table.push_str(&format!(
                "(\"{kind}\", {size}, |evaluator, input| {name}::rules::allow_with(evaluator, input).is_ok_and(|allow| allow)),\n"
            ));
        }
    }
    fs::write(
        out.join("natives.rs"),
        format!("{modules}\npub const NATIVES: &[(&str, usize, Native)] = &[\n{table}];\n"),
    )?;
    Ok(())
}
