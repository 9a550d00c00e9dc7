//! Where cases are read from: folders of `{"cases": […]}` files, and files of one record a line.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use serde_json::Value;

use crate::case::{Case, Version};

/// All cases at or below a path, in the order of files and records; ids are prefixed with the file's name.
///
/// # Errors
/// When a file can't be read or holds something else.
pub fn read(path: &Path) -> anyhow::Result<Vec<Case>> {
    let mut cases = Vec::new();
    for file in list(path)? {
        one(&file, &mut cases).with_context(|| file.display().to_string())?;
    }
    Ok(cases)
}

/// The JSON files at or below a path, in order.
///
/// # Errors
/// When a folder can't be read.
pub fn list(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = Vec::new();
    if fs::metadata(path)
        .with_context(|| path.display().to_string())?
        .is_dir()
    {
        folders.push(path.to_owned());
    } else {
        files.push(path.to_owned());
    }
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "json" || extension == "jsonl")
            {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn one(file: &Path, cases: &mut Vec<Case>) -> anyhow::Result<()> {
    let text = fs::read_to_string(file)?;
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let version = if file.parent().is_some_and(|folder| folder.ends_with("v0")) {
        Version::V0
    } else {
        Version::V1
    };
    let mut add = |record: &Value| -> anyhow::Result<()> {
        let mut case = Case::from_json(record, version).map_err(|error| anyhow!(error))?;
        case.id = format!("{stem}/{}", case.id);
        cases.push(case);
        Ok(())
    };
    if file
        .extension()
        .is_some_and(|extension| extension == "jsonl")
    {
        for (number, line) in text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
        {
            let record =
                serde_json::from_str(line).with_context(|| format!("line {}", number + 1))?;
            add(&record)?;
        }
        return Ok(());
    }
    let document: Value = serde_json::from_str(&text)?;
    let Some(Value::Array(records)) = document.get("cases") else {
        bail!("expected an object with a list of cases");
    };
    records.iter().try_for_each(add)
}
