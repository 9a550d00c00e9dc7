//! Compiles `policies/` to Rust.

fn main() -> Result<(), precinct_codegen::BuildError> {
    precinct_codegen::Builder::new()
        .policies("policies")
        .compile()
}
