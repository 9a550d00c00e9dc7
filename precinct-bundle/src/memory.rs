//! Documents that were read before.
//!
//! A server that reads its files again because one of them changed need not take apart those that did not: a file is known
//! by the SHA-256 of its bytes, so that what is used again is what the bytes say, whatever a clock or a name says.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use precinct_runtime::arena::Document;

use crate::Digest;
use crate::document::{self, AssembleError, Part};

/// The documents of the last reading, by the digests of their files.
#[derive(Debug, Default)]
pub struct Memory(Mutex<HashMap<(bool, Digest), Arc<Document>>>);

impl Memory {
    /// Puts documents together as [`document::assemble`] does; takes apart what was not there the last time.
    ///
    /// # Errors
    /// As [`document::assemble`]; what was known stays known.
    pub fn assemble(&self, parts: &[Part]) -> Result<Document, AssembleError> {
        let known = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let mut next = HashMap::new();
        let whole = document::assemble_from(parts, |part| {
            let key = (document::is_yaml(&part.file), Digest::of_bytes(&part.text));
            let document = match known.get(&key) {
                Some(document) => Arc::clone(document),
                None => Arc::new(document::read(part)?),
            };
            next.insert(key, Arc::clone(&document));
            Ok(document)
        })?;
        // Documents that were copied to become parts of the whole would be there twice.
        if !whole.has_parts() {
            next.clear();
        }
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(whole)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]

    use super::*;

    fn part(path: &[&str], file: &str, text: &str) -> Part {
        Part {
            path: path.iter().map(|key| (*key).to_owned()).collect(),
            file: file.to_owned(),
            text: text.as_bytes().to_vec(),
        }
    }

    fn list(document: &Document) -> *const u8 {
        let list = document.value().path(&["kept", "list"]).unwrap();
        let first = list.as_array().unwrap().first().unwrap();
        first.as_str().unwrap().as_ptr()
    }

    #[test]
    fn what_did_not_change_is_taken_as_it_was() {
        let memory = Memory::default();
        let kept = part(&["kept"], "kept/data.json", r#"{"list": ["a", "b", "c"]}"#);
        let first = [kept.clone(), part(&[], "data.json", r#"{"n": 1}"#)];
        let first = memory.assemble(&first).unwrap();
        let second = [kept, part(&[], "data.json", r#"{"n": 2}"#)];
        let second = memory.assemble(&second).unwrap();
        assert_eq!(list(&first), list(&second));
        assert_eq!(second.value().path(&["n"]).unwrap().as_i64(), Some(2));
        assert!(first.value().path(&["n"]).unwrap().as_i64() == Some(1));
    }

    #[test]
    fn the_same_bytes_are_read_as_their_files_names_say() {
        let memory = Memory::default();
        let text = "{\"a\": 0o17}";
        let yaml = memory.assemble(&[part(&[], "data.yaml", text)]).unwrap();
        assert_eq!(yaml.value().path(&["a"]).unwrap().as_i64(), Some(15));
        let json = memory.assemble(&[part(&[], "data.json", text)]);
        assert!(matches!(json, Err(AssembleError::Text { part: 0, .. })));
    }

    #[test]
    fn contradictions_are_those_of_a_first_reading() {
        let parts = [
            part(&[], "a.json", r#"{"x": 1}"#),
            part(&[], "b.json", r#"{"x": 2}"#),
        ];
        let first = document::assemble(&parts).unwrap_err();
        assert_eq!(Memory::default().assemble(&parts).unwrap_err(), first);
    }
}
