//! The boundary of a library, called as a server calls it, and as nobody should. Compiled in here, it can be run by Miri.
#![allow(clippy::unwrap_used, missing_docs, reason = "a failing test may panic")]
#![allow(unsafe_code, reason = "the boundary is made of pointers")]

use std::ffi::c_void;
use std::ptr;

use precinct_runtime::context::HostFunctions;
use precinct_runtime::library::raw::{self, Answer, Bytes, Question};

#[path = "../src/library/boundary.rs"]
mod boundary;

const HANDSHAKE: &str = "precinct 1\n";

fn functions() -> Option<&'static HostFunctions> {
    None
}

/// Policies that answer by path with what they find around them.
mod policies {
    use precinct_runtime::compiled;
    use precinct_runtime::generated::Needs;
    use precinct_runtime::{Context, EvalError, Value};

    pub struct Compiled;

    static NEEDS: Needs = Needs {
        memo_slots: 0,
        masks: 0,
        mocks: 0,
        data: None,
        clock: false,
        strict: false,
    };

    impl compiled::Compiled for Compiled {
        fn sources(&self) -> &'static [(&'static str, &'static str)] {
            &[]
        }

        fn data(&self) -> Option<&'static str> {
            None
        }

        fn digest(&self) -> &'static str {
            ""
        }

        fn needs(&self) -> &'static Needs {
            &NEEDS
        }

        fn evaluate<'a>(
            &self,
            context: &mut Context<'a>,
            path: &str,
        ) -> Option<Result<Option<Value<'a>>, EvalError>> {
            context.counters.rules += 3;
            match path {
                "input" => Some(Ok(context.input)),
                "data" => Some(Ok(Some(context.data))),
                "runtime" => Some(Ok(context.runtime)),
                "strict" => Some(Ok(Some(Value::Bool(context.strict_builtin_errors)))),
                "panic" => panic!("as asked"),
                _ => None,
            }
        }
    }
}

/// A session, as it is handed around.
struct Session(*mut c_void);

impl Session {
    fn open(data: &str, runtime: &str) -> Option<Self> {
        let (data, runtime) = (Bytes::of(data.as_bytes()), Bytes::of(runtime.as_bytes()));
        let session = unsafe { boundary::precinct_open(data, runtime) };
        (!session.is_null()).then_some(Self(session))
    }

    fn ask(&self, path: &[u8], input: Option<&str>) -> (u32, Option<String>, u64) {
        let question = Question {
            path: Bytes::of(path),
            input: input.map_or(Bytes::NONE, |input| Bytes::of(input.as_bytes())),
            time_ns: 1,
            seed: 1,
            limit_ns: 0,
            strict: 1,
        };
        self.put(&raw const question)
    }

    fn put(&self, question: *const Question) -> (u32, Option<String>, u64) {
        let mut answer = Answer {
            text: Bytes::NONE,
            rules: 0,
        };
        let status = unsafe { boundary::precinct_ask(self.0, question, &raw mut answer) };
        let text = (!answer.text.start.is_null()).then(|| {
            let bytes =
                unsafe { std::slice::from_raw_parts(answer.text.start, answer.text.length) };
            String::from_utf8(bytes.to_vec()).unwrap()
        });
        unsafe { boundary::precinct_release(answer.text) };
        (status, text, answer.rules)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        unsafe { boundary::precinct_close(self.0) };
    }
}

#[test]
fn questions_are_answered_about_what_was_handed_over() {
    let session = Session::open(r#"{"a": 1}"#, r#"{"id": "x"}"#).unwrap();
    let document = |text: &str| (raw::DOCUMENT, Some(text.to_owned()), 3);
    assert_eq!(session.ask(b"data", None), document(r#"{"a":1}"#));
    assert_eq!(session.ask(b"runtime", None), document(r#"{"id":"x"}"#));
    assert_eq!(session.ask(b"strict", None), document("true"));
    assert_eq!(session.ask(b"input", Some("[1.50]")), document("[1.50]"));
    assert_eq!(session.ask(b"input", None), (raw::UNDEFINED, None, 3));
    assert_eq!(session.ask(b"other", None), (raw::UNKNOWN, None, 3));
}

#[test]
fn what_is_no_question_has_a_status_of_its_own() {
    let session = Session::open("{}", "{}").unwrap();
    for (path, input) in [
        (&b"\xff"[..], None),
        (b"input", Some("{")),
        (b"input", Some("")),
    ] {
        assert_eq!(session.ask(path, input), (raw::MALFORMED, None, 0));
    }
    assert_eq!(session.put(ptr::null()), (raw::MALFORMED, None, 0));
    let nobody = Session(ptr::null_mut());
    assert_eq!(nobody.ask(b"input", None), (raw::MALFORMED, None, 0));
    let unanswered = unsafe { boundary::precinct_ask(session.0, ptr::null(), ptr::null_mut()) };
    assert_eq!(unanswered, raw::MALFORMED);
}

#[test]
fn a_panic_does_not_cross_the_boundary() {
    let session = Session::open("{}", "{}").unwrap();
    assert_eq!(session.ask(b"panic", None), (raw::PANICKED, None, 0));
    assert_eq!(session.ask(b"strict", None).0, raw::DOCUMENT);
}

#[test]
fn documents_that_are_none_open_no_session() {
    for (data, runtime) in [("{", "{}"), ("{}", "")] {
        assert!(Session::open(data, runtime).is_none(), "{data} {runtime}");
    }
    let said = boundary::precinct_handshake();
    let said = unsafe { std::slice::from_raw_parts(said.start, said.length) };
    assert_eq!(said, HANDSHAKE.as_bytes());
}

#[test]
fn many_threads_ask_one_session() {
    let session = Session::open(r#"{"a": [1, 2]}"#, "{}").unwrap();
    let place = session.0 as usize;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(move || {
                let session = std::mem::ManuallyDrop::new(Session(place as *mut c_void));
                for _ in 0..50 {
                    assert_eq!(session.ask(b"data", None).1.unwrap(), r#"{"a":[1,2]}"#);
                }
            });
        }
    });
}
