//! Prints the Rust of a folder of policies.

fn main() -> Result<(), precinct_codegen::BuildError> {
    let mut builder = precinct_codegen::Builder::new();
    for path in std::env::args_os().skip(1) {
        builder = builder.policies(path);
    }
    print!("{}", builder.generate()?);
    Ok(())
}
