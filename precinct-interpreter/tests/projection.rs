//! What a projection makes of damaged inputs: the values, or the error, of the decoder that reads everything.
//!
//! The inputs are those of the evaluation cases, each with the paths that its query reads, and each damaged in many
//! ways: cut, with other bytes, with keys twice, with values that are nested too deeply.
#![allow(clippy::unwrap_used, missing_docs, reason = "a failing test may panic")]

mod corpus;

use std::path::Path;

use corpus::shared;
use precinct_conformance::engines::prepared::prepare;
use precinct_conformance::engines::projected::{read, reads_of, within};
use precinct_conformance::files;
use precinct_rego::ir::reads::Reads;
use precinct_runtime::Arena;
use precinct_runtime::json::Decoder;

/// One published case in so many, and so many damages of each.
const EVERY: usize = 8;
const DAMAGES: u64 = 48;

/// What is put into texts: pieces of JSON, and of what is none.
const PIECES: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"\\",
    b"\\u00",
    b"\\u0061",
    b"\\ud83d",
    b"\x00",
    b"\n",
    b" ",
    b"-",
    b"0",
    b"01",
    b"1e",
    b"1.",
    b"e5",
    b"tru",
    b"null",
    b"\xff",
    b"\xc3",
    b"\xc3\xa9",
    b"\xed\xa0\x80",
    b"\xf4\x8f\xbf\xbe",
];

/// Numbers that look random (`SplitMix64`).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end.max(1) as u64).unwrap()
    }

    fn of<'t, T>(&mut self, list: &'t [T]) -> Option<&'t T> {
        list.get(self.below(list.len()))
    }
}

/// Behind some bracket or colon of the text.
fn behind(text: &[u8], sign: u8, numbers: &mut Numbers) -> Option<usize> {
    let all: Vec<usize> = (0..text.len()).filter(|at| text[*at] == sign).collect();
    numbers.of(&all).map(|at| at + 1)
}

fn all_keys(reads: &Reads, keys: &mut Vec<String>) {
    for (key, below) in &reads.children {
        keys.push(key.to_string());
        all_keys(below, keys);
    }
}

fn damaged(text: &str, keys: &[String], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    let at = numbers.below(bytes.len() + 1);
    match numbers.below(6) {
        0 => bytes.truncate(at),
        1 => {
            bytes.splice(at..(at + 1).min(bytes.len()), []);
        }
        2 => {
            let piece = numbers.of(PIECES).copied().unwrap_or_default();
            bytes.splice(at..at, piece.iter().copied());
        }
        3 => {
            let piece = numbers.of(PIECES).copied().unwrap_or_default();
            bytes.splice(at..(at + 1).min(bytes.len()), piece.iter().copied());
        }
        4 => {
            let depth = 996 + numbers.below(6);
            let (open, close) = [("[", "]"), ("{\"a\":", "}")][numbers.below(2)];
            let nested = format!("\"deep\":{}1{},", open.repeat(depth), close.repeat(depth));
            let at = behind(&bytes, b'{', numbers).unwrap_or(at);
            bytes.splice(at..at, nested.bytes());
        }
        _ => {
            let key = numbers.of(keys).cloned().unwrap_or_default();
            let key = match numbers.below(3) {
                0 => format!(
                    "\\u{:04x}{}",
                    u32::from(key.as_bytes().first().copied().unwrap_or(b'x')),
                    key.get(1..).unwrap_or_default()
                ),
                _ => key,
            };
            let value = ["null", "{}", "[1]", "\"x\\n\"", "{\"a\":{\"b\":1}}"][numbers.below(5)];
            let at = behind(&bytes, b'{', numbers).unwrap_or(at);
            bytes.splice(at..at, format!("\"{key}\":{value},").bytes());
        }
    }
    bytes
}

/// What was seen of damaged texts.
#[derive(Default)]
struct Seen {
    read: usize,
    refused: usize,
}

fn check(path: &Path, every: usize, seen: &mut Seen) {
    let cases = files::read(path).unwrap();
    for (number, case) in cases.iter().step_by(every).enumerate() {
        let Ok(prepared) = prepare(case) else {
            continue;
        };
        let reads = reads_of(&prepared.query);
        let Some(text) = prepared.json().filter(|_| !reads.whole) else {
            continue;
        };
        let mut keys = Vec::new();
        all_keys(&reads, &mut keys);
        for damage in 0..DAMAGES {
            let mut numbers = Numbers(number as u64 * DAMAGES + damage);
            let text = damaged(&text, &keys, &mut numbers);
            let arena = Arena::new();
            let whole = Decoder::new(&arena).decode(&text);
            match &whole {
                Ok(_) => seen.read += 1,
                Err(_) => seen.refused += 1,
            }
            assert_eq!(
                read(&arena, &reads, &text),
                whole.map(|value| within(&arena, &reads, value)),
                "{}: {}",
                case.id,
                String::from_utf8_lossy(&text)
            );
        }
    }
}

#[test]
fn damaged_inputs_are_read_and_refused_as_the_decoder_of_everything_does() {
    let mut seen = Seen::default();
    check(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases"),
        1,
        &mut seen,
    );
    for path in ["opa/eval/v1", "opa/eval/v0"] {
        if let Some(path) = shared(path) {
            check(&path, EVERY, &mut seen);
        }
    }
    println!("{} texts read, {} refused", seen.read, seen.refused);
    assert!(seen.read > 20 && seen.refused > 100);
}
