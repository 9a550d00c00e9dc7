//! A library in memory; all calls into it.
#![expect(
    unsafe_code,
    reason = "machine code is called; each call stands beside the reason why it may be"
)]

use std::ffi::c_void;
use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::ptr::NonNull;
use std::time::Duration;

use libloading::os::unix::{Library as Loaded, RTLD_LOCAL, RTLD_NOW};
use precinct_runtime::library::Handshake;
use precinct_runtime::library::raw::{self, Answer, Bytes, Question};

use super::carried::{Carried, Refused};
use super::sealed::sealed;

/// A library. It is never unloaded: a decision may run in it at any time, and threads keep memory that it manages.
pub struct Library {
    open: raw::OpenFn,
    close: raw::CloseFn,
    ask: raw::AskFn,
    release: raw::ReleaseFn,
}

/// What a library said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The document as JSON text; `None` is undefined.
    pub text: Option<Vec<u8>>,
    /// How many rules were evaluated.
    pub rules: u64,
}

/// What a library is asked.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'q> {
    /// The path, `a/b`.
    pub path: &'q str,
    /// The input as JSON text; `None` is undefined.
    pub input: Option<&'q str>,
    /// `time.now_ns()`.
    pub time_ns: i64,
    /// The seed of everything random.
    pub seed: u64,
    /// How long the evaluation may take.
    pub limit: Option<Duration>,
    /// Errors of builtins end the evaluation.
    pub strict: bool,
}

impl Library {
    /// Loads a library that a verified bundle carries, for as long as the process runs.
    ///
    /// # Errors
    /// When the system does not load it, or it is not what the bundle says.
    pub fn load(carried: &Carried) -> Result<&'static Self, Refused> {
        let unloadable = |error: &dyn std::fmt::Display| Refused::Unloadable(error.to_string());
        let file = sealed(&carried.bytes).map_err(|error| unloadable(&error))?;
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        // SAFETY: what the library does when it is loaded is the bundle's author's doing, who signed these very bytes: they
        // can't have changed since they were verified.
        let code = unsafe { Loaded::open(Some(path), RTLD_NOW | RTLD_LOCAL) }
            .map_err(|error| unloadable(&error))?;
        // The system knows a library by its name, which is that of the descriptor here: both stay, whatever comes, so that
        // the number is not used again.
        let (code, _): (&'static Loaded, &'static File) =
            (Box::leak(Box::new(code)), Box::leak(Box::new(file)));
        macro_rules! symbol {
            ($name:expr, $kind:ty) => {
                // SAFETY: the type is the one that is declared beside the name; the library is compiled against the same
                // declarations, or its handshake would have another boundary.
                *unsafe { code.get::<$kind>($name) }
                    .map_err(|error| Refused::Other(error.to_string()))?
            };
        }
        let handshake = symbol!(raw::HANDSHAKE, raw::HandshakeFn);
        // SAFETY: it takes nothing, and gives bytes that are part of the library.
        let said = unsafe { handshake() };
        // SAFETY: as above; the library is loaded, and its constants do not change.
        let said = unsafe { copied(said) }.unwrap_or_default();
        let said = Handshake::read(&said)
            .ok_or_else(|| Refused::Other("it says nothing of itself".to_owned()))?;
        said.check(&carried.handshake).map_err(Refused::Other)?;
        Ok(Box::leak(Box::new(Self {
            open: symbol!(raw::OPEN, raw::OpenFn),
            close: symbol!(raw::CLOSE, raw::CloseFn),
            ask: symbol!(raw::ASK, raw::AskFn),
            release: symbol!(raw::RELEASE, raw::ReleaseFn),
        })))
    }

    /// A session about base documents, and what `opa.runtime()` gives, as JSON texts.
    ///
    /// # Errors
    /// When the library does not take them.
    pub fn session(&'static self, data: &str, runtime: &str) -> Result<Session, Refused> {
        let (data, runtime) = (Bytes::of(data.as_bytes()), Bytes::of(runtime.as_bytes()));
        // SAFETY: both are read during the call only.
        let handle = unsafe { (self.open)(data, runtime) };
        let handle = NonNull::new(handle).ok_or(Refused::NoSession)?;
        Ok(Session {
            library: self,
            handle,
        })
    }
}

/// A copy of bytes; `None` if there are none to speak of.
///
/// # Safety
/// They can be read during the call.
unsafe fn copied(bytes: Bytes) -> Option<Vec<u8>> {
    if bytes.start.is_null() {
        return None;
    }
    // SAFETY: what the caller promises.
    let bytes = unsafe { std::slice::from_raw_parts(bytes.start, bytes.length) };
    Some(bytes.to_vec())
}

/// Policies with base documents, in a library.
pub struct Session {
    library: &'static Library,
    handle: NonNull<c_void>,
}

// SAFETY: the handle is a session of `precinct_runtime::library`, which is `Send` and `Sync`: what is compiled into the
// library checks that.
unsafe impl Send for Session {}
// SAFETY: as above; asking takes a shared reference there.
unsafe impl Sync for Session {}

impl Session {
    /// The document at a path; `None` where the library has no answer, and the interpreter is to be asked.
    #[must_use]
    pub fn ask(&self, asked: &Asked<'_>) -> Option<Said> {
        let bytes = |text: &str| Bytes::of(text.as_bytes());
        let limit = |limit: Duration| u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX).max(1);
        let question = Question {
            path: bytes(asked.path),
            input: asked.input.map_or(Bytes::NONE, bytes),
            time_ns: asked.time_ns,
            seed: asked.seed,
            limit_ns: asked.limit.map_or(0, limit),
            strict: u32::from(asked.strict),
        };
        let mut answer = Answer {
            text: Bytes::NONE,
            rules: 0,
        };
        // SAFETY: the session is open until it is dropped; question and answer live through the call, which keeps neither.
        let status = unsafe {
            (self.library.ask)(self.handle.as_ptr(), &raw const question, &raw mut answer)
        };
        // SAFETY: the text is the library's until it is given back, in the next step and not before.
        let text = unsafe { copied(answer.text) };
        // SAFETY: it is given back once, and not used afterwards.
        unsafe { (self.library.release)(answer.text) };
        let rules = answer.rules;
        match (status, text) {
            (raw::DOCUMENT, Some(text)) => Some(Said {
                text: Some(text),
                rules,
            }),
            (raw::UNDEFINED, None) => Some(Said { text: None, rules }),
            _ => None,
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: it was opened once and is closed once; whoever asks has a reference, so nobody asks now.
        unsafe { (self.library.close)(self.handle.as_ptr()) };
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Library").finish_non_exhaustive()
    }
}
