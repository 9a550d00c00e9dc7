//! The boundary of this library: pointers become slices and references here, and nowhere else.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use precinct_runtime::library::raw::{self, Answer, Bytes, Question};
use precinct_runtime::library::session::{self, Reply, Session};

/// The bytes of a caller, or of a slice that was given out.
///
/// # Safety
/// They can be read, and do not change, for as long as the slice is used.
unsafe fn slice<'b>(bytes: Bytes) -> Option<&'b [u8]> {
    // SAFETY: what the caller promises; a start that is null is left out.
    (!bytes.start.is_null())
        .then(|| unsafe { std::slice::from_raw_parts(bytes.start, bytes.length) })
}

#[unsafe(no_mangle)]
pub extern "C" fn precinct_handshake() -> Bytes {
    Bytes::of(super::HANDSHAKE.as_bytes())
}

/// # Safety
/// The bytes can be read during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn precinct_open(data: Bytes, runtime: Bytes) -> *mut c_void {
    // SAFETY: what the caller promises; both are read during the call only.
    let (data, runtime) = unsafe { (slice(data), slice(runtime)) };
    let open = || {
        let (data, runtime) = (data?, runtime?);
        Session::open(
            &super::policies::Compiled,
            super::functions(),
            data,
            runtime,
        )
        .ok()
    };
    match catch_unwind(AssertUnwindSafe(open)) {
        Ok(Some(session)) => Box::into_raw(Box::new(session)).cast(),
        _ => std::ptr::null_mut(),
    }
}

/// # Safety
/// The session is one of `precinct_open` that was not closed, and nobody asks it now or later.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn precinct_close(session: *mut c_void) {
    if session.is_null() {
        return;
    }
    // SAFETY: it was made by `Box::into_raw` in `precinct_open`, and the caller has no use for it any more.
    let session = unsafe { Box::from_raw(session.cast::<Session>()) };
    let _ = catch_unwind(AssertUnwindSafe(move || drop(session)));
}

/// # Safety
/// The session is open; the question and what it points to can be read, and the answer written, during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn precinct_ask(
    session: *const c_void,
    question: *const Question,
    answer: *mut Answer,
) -> u32 {
    if answer.is_null() {
        return raw::MALFORMED;
    }
    // SAFETY: what the caller promises; a session is `Sync`, so several threads may ask it.
    let (session, question) = unsafe { (session.cast::<Session>().as_ref(), question.as_ref()) };
    let ask = || {
        let (session, question) = (session?, question?);
        // SAFETY: what the caller promises; nothing of the question is kept.
        let (path, input) = unsafe { (slice(question.path)?, slice(question.input)) };
        let path = std::str::from_utf8(path).ok()?;
        Some(session.ask(&session::Question {
            path,
            input,
            time_ns: question.time_ns,
            seed: question.seed,
            limit: (question.limit_ns > 0).then(|| Duration::from_nanos(question.limit_ns)),
            strict: question.strict != 0,
        }))
    };
    let reply = match catch_unwind(AssertUnwindSafe(ask)) {
        Ok(Some(reply)) => reply,
        Ok(None) => Reply::of(raw::MALFORMED),
        Err(_) => Reply::of(raw::PANICKED),
    };
    let text = match reply.text {
        // `precinct_release` takes it back.
        Some(text) => Bytes::of(Box::leak(text.into_bytes().into_boxed_slice())),
        None => Bytes::NONE,
    };
    let written = Answer {
        text,
        rules: reply.rules,
    };
    // SAFETY: what the caller promises.
    unsafe { answer.write(written) };
    reply.status
}

/// # Safety
/// The text is one of an answer, which was not taken back before and is not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn precinct_release(text: Bytes) {
    if text.start.is_null() {
        return;
    }
    let text = std::ptr::slice_from_raw_parts_mut(text.start.cast_mut(), text.length);
    // SAFETY: it was a boxed slice of this length when `precinct_ask` gave it out.
    drop(unsafe { Box::from_raw(text) });
}

/// What makes `&Session` in several threads sound, checked where it is relied on.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Session>();
};
