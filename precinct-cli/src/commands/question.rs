//! What a command asks: a query, with which policies and data, about which input.

use std::io::Read as _;

use precinct_rego::ast::RegoVersion;
use precinct_runtime::Document;

use super::Outcome;
use crate::host::{self, Places};

/// A query, and what it is asked with.
#[derive(Debug, clap::Args)]
pub struct QuestionArgs {
    /// The query.
    query: Vec<String>,
    /// Files and folders with policies and data.
    #[arg(short, long, value_name = "PATH")]
    pub data: Vec<String>,
    /// Bundles: archives or folders.
    #[arg(short, long, value_name = "PATH")]
    pub bundle: Vec<String>,
    /// The file with the input document.
    #[arg(short, long, value_name = "PATH")]
    input: Option<String>,
    /// Read the input document from the standard input.
    #[arg(short = 'I', long)]
    stdin_input: bool,
    /// Read the query from the standard input.
    #[arg(long)]
    stdin: bool,
    /// Names of files and folders that are left out.
    #[arg(long, value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Read the policies as Rego v0.
    #[arg(long)]
    v0_compatible: bool,
}

impl QuestionArgs {
    /// Whether the command line has no query.
    pub const fn is_silent(&self) -> bool {
        self.query.is_empty() && !self.stdin
    }

    /// The query of the command line, or of the standard input.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub fn query(&self) -> Result<String, Outcome> {
        match (self.query.as_slice(), self.stdin) {
            ([_, ..], true) => Err(Outcome::usage(
                "specify query argument or --stdin but not both",
            )),
            ([], false) => Err(Outcome::usage("specify query argument or --stdin")),
            ([_, _, ..], _) => Err(Outcome::usage("specify at most one query argument")),
            ([one], false) => Ok(one.clone()),
            ([], true) => {
                let mut text = String::new();
                match std::io::stdin().lock().read_to_string(&mut text) {
                    Ok(_) => Ok(text.trim_end_matches('\n').to_owned()),
                    Err(error) => Err(Outcome::failed(error.to_string(), 2)),
                }
            }
        }
    }

    /// Whether the flags go together.
    ///
    /// # Errors
    /// When the standard input is asked for twice, or the input is.
    pub fn check(&self) -> Result<(), Outcome> {
        if self.stdin && self.stdin_input {
            return Err(Outcome::usage("cannot use both --stdin and --stdin-input"));
        }
        if self.stdin_input && self.input.is_some() {
            return Err(Outcome::usage(
                "specify --stdin-input or --input but not both",
            ));
        }
        Ok(())
    }

    /// The input document, if there is one.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn input(&self) -> Result<Option<Document>, String> {
        host::input(self.input.as_deref(), self.stdin_input)
    }

    /// The version of the policies.
    pub fn version(&self) -> RegoVersion {
        host::version(self.v0_compatible, false)
    }

    /// Where policies and data are.
    pub fn places(&self) -> Places {
        Places {
            paths: self.data.clone(),
            bundles: self.bundle.clone(),
            ignore: self.ignore.clone(),
            ..Places::default()
        }
    }
}
