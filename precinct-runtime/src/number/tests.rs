#![allow(clippy::unwrap_used)]

use super::*;

/// Expected texts are the answers of OPA 1.22.2.
#[test]
fn arithmetic_prints_what_opa_prints() {
    type Op<'a> = fn(Number<'a>, Number<'a>, &'a Arena) -> Result<Number<'a>, crate::BuiltinError>;
    let (plus, minus, times): (Op<'_>, Op<'_>, Op<'_>) =
        (Number::plus, Number::minus, Number::times);
    let (over, rem): (Op<'_>, Op<'_>) = (Number::divided_by, Number::remainder);
    let arena = Arena::new();
    for (op, x, y, expected) in [
        (over, "2", "3", "0.6666666666666666667"),
        (over, "1e6", "7", "142857.14285714285714"),
        (over, "10000000", "4", "2500000"),
        (over, "0", "-5", "-0"),
        (over, "1", "0", "divide by zero"),
        (over, "1", "0.0", "divide by zero"),
        (plus, "1.5", "1.5", "3"),
        (plus, "0.1", "0.2", "0.3"),
        (plus, "9223372036854775807", "1", "9223372036854775808"),
        (minus, "1e30", "1", "999999999999999999999999999999"),
        (times, "1e-7", "3", "3e-07"),
        (
            times,
            "123456789012345678901234567890",
            "10",
            "1234567890123456789012345678900",
        ),
        (rem, "1e30", "7", "1"),
        (rem, "-7", "3", "-1"),
        (rem, "1.5", "1", "modulo on floating-point number"),
        (rem, "10", "0.0", "modulo by zero"),
    ] {
        let (x, y) = (
            Number::parse(&arena, x).unwrap(),
            Number::parse(&arena, y).unwrap(),
        );
        let got = op(x, y, &arena).map_or_else(|e| e.message, |n| n.to_string());
        assert_eq!(got, expected, "{x} and {y}");
    }
}

#[test]
fn rounding_prints_what_opa_prints() {
    let arena = Arena::new();
    for (x, round, ceil, floor, abs) in [
        ("-0.5", "-1", "1", "0", "0.5"),
        ("1.5", "2", "2", "1", "1.5"),
        ("-1.5", "-2", "-1", "-2", "1.5"),
        (
            "99999999999999999999999",
            "100000000000000000000000",
            "100000000000000000000000",
            "100000000000000000000000",
            "100000000000000000000000",
        ),
    ] {
        let x = Number::parse(&arena, x).unwrap();
        assert_eq!(x.round(&arena).unwrap().to_string(), round, "round {x}");
        assert_eq!(x.ceil(&arena).unwrap().to_string(), ceil, "ceil {x}");
        assert_eq!(x.floor(&arena).unwrap().to_string(), floor, "floor {x}");
        assert_eq!(x.absolute(&arena).unwrap().to_string(), abs, "abs {x}");
    }
}

#[test]
fn texts_compare_by_worth() {
    let number = Number::from_text;
    for (a, b) in [
        ("1", "1.0"),
        ("100", "1e2"),
        ("0", "-0"),
        ("0.001", "1e-3"),
        ("12.5e1", "125"),
        ("1e400", "10e399"),
    ] {
        assert!(number(a).equals(number(b)), "{a} {b}");
        assert_eq!(number(a).hash64(), number(b).hash64(), "{a} {b}");
    }
    let ordered = [
        "-1e400",
        "-12",
        "-1.5",
        "-1e-9",
        "0.0",
        "1e-9",
        "0.1",
        "0.11",
        "1",
        "9007199254740993",
        "9007199254740993.5",
        "1e99999999999999999999",
    ];
    assert!(ordered.is_sorted_by(|a, b| number(a).compare(number(b)).is_lt()));
}

#[test]
fn only_json_numbers_are_numbers() {
    for text in ["0", "-0", "10", "1.5", "1e5", "1E+5", "-1.25e-10"] {
        assert!(is_json_number(text.as_bytes()), "{text}");
    }
    for text in [
        "", "-", "01", "1.", ".5", "1e", "1e+", "+1", "0x1", "1_0", "Inf",
    ] {
        assert!(!is_json_number(text.as_bytes()), "{text}");
    }
}

#[test]
fn huge_exponents_are_refused_and_not_spelled_out() {
    let arena = Arena::new();
    let huge = Number::from_text("1e999999999");
    assert!(huge.plus(Number::from_text("0.5"), &arena).is_err());
    assert!(huge.divided_by(Number::Int(3), &arena).is_err());
}

#[test]
fn zeros_behind_a_point_leave_an_integer() {
    for (text, int) in [
        ("1.0", Some(1)),
        ("-10.00", Some(-10)),
        ("1.5", None),
        ("1e2", None),
        ("123456789012345678.0", None),
        ("9223372036854775808", None),
    ] {
        assert_eq!(Number::from_text(text).to_i64(), int, "{text}");
    }
}

#[test]
fn sums_and_products_of_floats_round_as_floats_do() {
    let arena = Arena::new();
    let numbers = |texts: &[&'static str]| {
        texts
            .iter()
            .map(|text| Number::from_text(text))
            .collect::<Vec<_>>()
    };
    let sum = numbers(&[
        "-9223372036854775808",
        "1e-7",
        "123456789012345678901234567890",
    ]);
    let sum = arithmetic::sum(&sum, &arena).unwrap();
    assert_eq!(sum.to_string(), "123456789003122306860000000000");
    let product = numbers(&["1e-7", "1e2", "1700000000000000000"]);
    let product = arithmetic::product(&product, &arena).unwrap();
    assert_eq!(product.to_string(), "1.6999999999999998e+13");
}
