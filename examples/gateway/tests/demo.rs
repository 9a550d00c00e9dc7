//! The script of the example passes: it checks each answer itself.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use std::path::Path;
use std::process::Command;

#[test]
fn the_script_passes() {
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let output = Command::new(env!("CARGO_BIN_EXE_gateway-example"))
        .arg("--demo")
        .arg("--policies")
        .arg(policies)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{wrong}");
    assert!(told.contains("their chain is whole"), "{told}");
}
