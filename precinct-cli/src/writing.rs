//! Files that are there in whole or not at all.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use precinct_bundle::load;

/// Writes beside the target, syncs, and renames.
///
/// # Errors
/// What the system says, in the words of `open`.
pub fn replace(target: &Path, bytes: &[u8]) -> Result<(), String> {
    let shown = target.display().to_string();
    let mut beside = target.as_os_str().to_owned();
    beside.push(".precinct-new");
    let write = || -> std::io::Result<()> {
        let mut file = File::create(&beside)?;
        file.write_all(bytes)?;
        if let Ok(kind) = fs::metadata(target) {
            file.set_permissions(kind.permissions())?;
        }
        file.sync_all()?;
        fs::rename(&beside, target)
    };
    write().map_err(|error| {
        // What could not be put in place is of no use to anybody.
        let _ = fs::remove_file(&beside);
        load::system("open", &shown, &error)
    })
}
