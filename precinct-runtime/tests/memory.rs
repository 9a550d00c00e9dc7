//! How much memory base documents take, by the shape of the data.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "numbers here are below a billion"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use precinct_runtime::{Document, Value, ops};

/// The system's allocator, which knows how many bytes are in use and how many ever were.
struct Held;

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

fn more(bytes: usize) {
    let now = NOW.fetch_add(bytes, Ordering::Relaxed) + bytes;
    MOST.fetch_max(now, Ordering::Relaxed);
}

fn less(bytes: usize) {
    NOW.fetch_sub(bytes, Ordering::Relaxed);
}

#[expect(
    unsafe_code,
    reason = "only an allocator can count, and the trait asks for it; all work is the system's"
)]
// SAFETY: every call goes to the system allocator as it is.
unsafe impl GlobalAlloc for Held {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        more(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        less(layout.size());
        more(size);
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        less(layout.size());
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Held = Held;

/// The tests of a program share its memory.
static ALONE: Mutex<()> = Mutex::new(());

/// Numbers that look drawn.
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % end
    }
}

/// A list or an object of so many members, each written by `member`.
fn collection(braces: [char; 2], len: usize, mut member: impl FnMut(usize, &mut String)) -> String {
    let mut text = String::from(braces[0]);
    for number in 0..len {
        if number > 0 {
            text.push(',');
        }
        member(number, &mut text);
    }
    text.push(braces[1]);
    text
}

const LIST: [char; 2] = ['[', ']'];
const OBJECT: [char; 2] = ['{', '}'];

/// Shapes of data by their names, each of some megabytes.
fn shapes() -> Vec<(&'static str, String)> {
    let mut drawn = Drawn(5);
    let roles = ["reader", "writer", "operator", "auditor", "owner"];
    let users = collection(OBJECT, 50_000, |n, text| {
        let _ = write!(
            text,
            r#""user-{n:07}":{{"id":{n},"name":"{:012x}","roles":["{}","{}"],"active":{},"team":"team-{}"}}"#,
            drawn.below(1 << 31) << 16 | drawn.below(1 << 16),
            roles[drawn.below(5) as usize],
            roles[drawn.below(5) as usize],
            drawn.below(10) > 0,
            drawn.below(500),
        );
    });
    let keys = collection(OBJECT, 400_000, |n, text| {
        let _ = write!(text, r#""k{n:06}":{}"#, n % 10);
    });
    let texts = collection(LIST, 300_000, |n, text| {
        let _ = write!(text, r#""user-{n:06}""#);
    });
    let records = collection(LIST, 200_000, |n, text| {
        let _ = write!(text, r#"{{"id":{n},"n":{}}}"#, drawn.below(100_000));
    });
    let mut drawn = Drawn(7);
    let lists = collection(OBJECT, 3_000, |n, text| {
        let inner = collection(OBJECT, 20, |m, text| {
            let names = collection(LIST, 1 + drawn.below(6) as usize, |_, text| {
                let _ = write!(text, r#""name-{}""#, drawn.below(50_000));
            });
            let _ = write!(text, r#""group-{m}":{names}"#);
        });
        let _ = write!(text, r#""place-{n}":{inner}"#);
    });
    let numbers = collection(LIST, 700_000, |_, text| {
        let _ = write!(text, "{}", drawn.below(1_000_000));
    });
    let stamps = collection(LIST, 300_000, |_, text| {
        let _ = write!(text, "{}", 1_700_000_000_000 + drawn.below(1 << 31));
    });
    let prices = collection(LIST, 500_000, |_, text| {
        let _ = write!(text, "{}.{:02}", drawn.below(1000), drawn.below(100));
    });
    let digits = collection(LIST, 2_000_000, |n, text| {
        let _ = write!(text, "{}", n % 10);
    });
    let uuids = collection(OBJECT, 60_000, |n, text| {
        let high = drawn.below(1 << 31);
        let _ = write!(text, r#""{high:08x}-{n:04x}-4000-8000-{high:012x}":true"#);
    });
    vec![
        ("records of users by name", users),
        ("short keys to small numbers", keys),
        ("short texts", texts),
        ("small records", records),
        ("lists of names by two names", lists),
        ("numbers", numbers),
        ("times in milliseconds", stamps),
        ("decimal fractions", prices),
        ("numbers of one digit", digits),
        ("a set of long keys in no order", uuids),
    ]
}

#[test]
fn documents_take_at_most_twice_the_bytes_of_their_texts() {
    let _alone = ALONE.lock();
    for (name, text) in shapes() {
        let before = NOW.load(Ordering::Relaxed);
        MOST.store(before, Ordering::Relaxed);
        let document = Document::from_json(text.as_bytes()).unwrap();
        let held = NOW.load(Ordering::Relaxed) - before;
        let most = MOST.load(Ordering::Relaxed) - before;
        // What searching adds.
        assert!(!ops::member(Value::String("nobody"), document.value()));
        let searched = NOW.load(Ordering::Relaxed) - before;
        let of_text = |bytes: usize| bytes as f64 / text.len() as f64;
        println!(
            "{name:32} {:>9} bytes: held {:.2}, searched {:.2}, at most while reading {:.2}",
            text.len(),
            of_text(held),
            of_text(searched),
            of_text(most)
        );
        assert!(text.len() > 2 << 20, "{name} is packed");
        // The constant is what any document takes, however small.
        assert!(held <= 2 * text.len() + 4096, "{name}");
        // The index of a searched list has five bytes for each different member.
        assert!(searched <= text.len() / 4 * 9 + 4096, "{name}: searched");
        assert!(most <= 4 * text.len(), "{name}: while reading");
    }
}
