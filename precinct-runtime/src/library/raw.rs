//! The structures and symbols of the boundary. Every change of this file, even of a comment, makes another boundary, which
//! servers and libraries of before do not share.

use std::ffi::c_void;

/// Bytes. The start is null where there are none to speak of, which is not the same as no bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Bytes {
    /// The first of them.
    pub start: *const u8,
    /// How many there are.
    pub length: usize,
}

impl Bytes {
    /// Nothing.
    pub const NONE: Self = Self {
        start: std::ptr::null(),
        length: 0,
    };

    /// The bytes of a slice, as long as that lives.
    #[must_use]
    pub const fn of(bytes: &[u8]) -> Self {
        Self {
            start: bytes.as_ptr(),
            length: bytes.len(),
        }
    }
}

/// A question for the document at a path.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// The path in UTF-8, `a/b`.
    pub path: Bytes,
    /// The input as JSON text; nothing is undefined.
    pub input: Bytes,
    /// `time.now_ns()`.
    pub time_ns: i64,
    /// The seed of everything random.
    pub seed: u64,
    /// How many nanoseconds the evaluation may take; 0 is as long as it needs.
    pub limit_ns: u64,
    /// 1 where errors of builtins end the evaluation.
    pub strict: u32,
}

/// What came out, besides the status.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// The document as JSON text, which the library has to be given back with [`RELEASE`].
    pub text: Bytes,
    /// How many rules were evaluated.
    pub rules: u64,
}

/// The document is in the answer.
pub const DOCUMENT: u32 = 0;
/// The document is undefined.
pub const UNDEFINED: u32 = 1;
/// The library has no function for this path, which says nothing about the document.
pub const UNKNOWN: u32 = 2;
/// The evaluation failed.
pub const FAILED: u32 = 3;
/// The question is none.
pub const MALFORMED: u32 = 4;
/// The library panicked.
pub const PANICKED: u32 = 5;

/// What the library is made for: static bytes, the text of a handshake.
pub type HandshakeFn = unsafe extern "C" fn() -> Bytes;
/// Base documents and what `opa.runtime()` gives, each as JSON text, become a session; null if they can't.
pub type OpenFn = unsafe extern "C" fn(Bytes, Bytes) -> *mut c_void;
/// Ends a session, of which nothing is asked any more.
pub type CloseFn = unsafe extern "C" fn(*mut c_void);
/// Asks a session, from any thread. The answer is written in all cases; what comes back is a status.
pub type AskFn = unsafe extern "C" fn(*const c_void, *const Question, *mut Answer) -> u32;
/// Takes the text of an answer back.
pub type ReleaseFn = unsafe extern "C" fn(Bytes);

/// The symbol of a [`HandshakeFn`].
pub const HANDSHAKE: &[u8] = b"precinct_handshake\0";
/// The symbol of an [`OpenFn`].
pub const OPEN: &[u8] = b"precinct_open\0";
/// The symbol of a [`CloseFn`].
pub const CLOSE: &[u8] = b"precinct_close\0";
/// The symbol of an [`AskFn`].
pub const ASK: &[u8] = b"precinct_ask\0";
/// The symbol of a [`ReleaseFn`].
pub const RELEASE: &[u8] = b"precinct_release\0";
