//! How fast values are read, found, compared and computed with.
#![allow(missing_docs, clippy::unwrap_used)]

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use precinct_runtime::json::{Decoder, Encoding};
use precinct_runtime::{Arena, Document, Number, Value};

fn users(count: usize) -> String {
    let mut text = String::from("{\"users\":{");
    for user in 0..count {
        let comma = if user == 0 { "" } else { "," };
        write!(
            text,
            r#"{comma}"user-{user}":{{"department":"engineering","level":{},"roles":["developer","reviewer"],"active":true}}"#,
            user % 7
        )
        .unwrap();
    }
    text + "}}"
}

fn json(c: &mut Criterion) {
    let text = users(1_000);
    let mut group = c.benchmark_group("json");
    group.throughput(Throughput::Bytes(text.len() as u64));
    let mut arena = Arena::new();
    group.bench_function("decode borrowing", |b| {
        b.iter(|| {
            black_box(Decoder::new(&arena).decode(text.as_bytes()).unwrap());
            arena.reset();
        });
    });
    let mut arena = Arena::new();
    group.bench_function("decode copying", |b| {
        b.iter(|| {
            black_box(Decoder::new(&arena).decode_copied(text.as_bytes()).unwrap());
            arena.reset();
        });
    });
    let document = Document::from_json(text.as_bytes()).unwrap();
    group.bench_function("encode", |b| {
        b.iter(|| black_box(Encoding::GO.encode(document.value())));
    });
    group.finish();
}

fn lookup(c: &mut Criterion) {
    for count in [8, 1_000, 1_000_000] {
        let mut arena = Arena::new();
        let object = Value::object(
            &arena,
            (0..count).map(|n| (Value::string(&arena, &format!("user-{n}")), Value::int(n))),
        );
        let key = format!("user-{}", count / 3);
        c.bench_function(&format!("field of {count}"), |b| {
            b.iter(|| black_box(object).field(black_box(&key)));
        });
        arena.reset();
    }
}

fn arithmetic(c: &mut Criterion) {
    let mut arena = Arena::new();
    for (name, x, y) in [("integers", "12", "30"), ("decimals", "1.25", "0.3")] {
        let (x, y) = (Number::from_text(x), Number::from_text(y));
        c.bench_function(&format!("{name} plus"), |b| {
            b.iter(|| {
                black_box(x.plus(black_box(y), &arena).unwrap());
                arena.reset();
            });
        });
        c.bench_function(&format!("{name} compare"), |b| {
            b.iter(|| black_box(x).compare(black_box(y)));
        });
    }
}

criterion_group!(benches, json, lookup, arithmetic);
criterion_main!(benches);
