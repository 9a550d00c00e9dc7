//! Where the cases are that tests share.

use std::path::PathBuf;

/// A file or folder of `$PRECINCT_SHARED`, or of the folder `shared` beside the workspace, if it is there.
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("PRECINCT_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
        PathBuf::from,
    );
    let path = root.join(path);
    if !path.exists() {
        println!("skipped: {} does not exist", path.display());
        return None;
    }
    Some(path)
}
