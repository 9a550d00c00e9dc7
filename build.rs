//! Compiles `policies/` to Rust: for the crate, and with their tests for the crate's own tests; and what the tests and
//! the examples need.

use precinct_codegen::{BuildError, Builder};

fn main() -> Result<(), BuildError> {
    Builder::new().policies("policies").served(true).compile()?;
    Builder::new()
        .policies("policies")
        .tests(true)
        .file("policies_and_tests.rs")
        .compile()?;
    Builder::new()
        .policies("examples/host")
        .function("accounts.balance", "(user: string) => number")
        .file("host.rs")
        .compile()?;
    Builder::new()
        .policies("tests/typed")
        .schemas("tests/typed/request.json")
        .input_struct("Request")
        .file("typed.rs")
        .compile()?;
    Builder::new()
        .policies("tests/hostile")
        .file("hostile.rs")
        .compile()
}
