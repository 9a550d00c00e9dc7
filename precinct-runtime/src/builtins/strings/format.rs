//! `sprintf`: the verbs, flags and error marks of Go's `fmt`, over Rego's values.
//!
//! Integers are integers to Go, other numbers are 64-bit floats, strings are strings, and everything else is given to
//! Go as its Rego text.

use num_bigint::{BigInt, Sign};

use crate::context::Context;
use crate::error::BuiltinError;
use crate::number::Number;
use crate::octets;
use crate::value::{Array, Value};

/// How wide a field may be asked for; Go's own bound.
const WIDEST: usize = 1_000_000;

#[derive(Clone, Copy, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the flags are Go's, each independent of the others"
)]
struct Spec {
    plus: bool,
    minus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// An argument as Go sees it.
pub(super) enum Arg<'a> {
    /// A whole number and the name of its type, where it is not the one that its size asks for.
    Int(BigInt, Option<&'static str>),
    Float(f64),
    Text(&'a str),
    Other(String),
    /// Any other type of Go: its text and the type's name.
    Foreign(String, &'static str),
}

/// Formats the values.
pub(super) fn sprintf(
    context: &mut Context<'_>,
    pattern: &str,
    values: Array<'_>,
) -> Result<String, BuiltinError> {
    formatted(context, pattern, values.iter().map(arg).collect())
}

/// Formats arguments.
pub(super) fn formatted(
    context: &mut Context<'_>,
    pattern: &str,
    values: Vec<Arg<'_>>,
) -> Result<String, BuiltinError> {
    let mut out = String::with_capacity(pattern.len());
    let mut formatter = Formatter {
        values,
        next: 0,
        reordered: false,
        good: true,
    };
    let mut rest = pattern;
    while let Some(percent) = rest.find('%') {
        out.push_str(&rest[..percent]);
        rest = &rest[percent + 1..];
        let before = out.len();
        rest = formatter.verb(rest, &mut out);
        context.spend(1 + (out.len() - before) as u64 / 64)?;
    }
    out.push_str(rest);
    formatter.extra(&mut out);
    Ok(out)
}

struct Formatter<'a> {
    values: Vec<Arg<'a>>,
    next: usize,
    /// An argument was picked by its number: unused ones are then no mistake.
    reordered: bool,
    good: bool,
}

impl Formatter<'_> {
    /// Reads a verb and writes its argument; gives what stands behind the verb.
    fn verb<'p>(&mut self, pattern: &'p str, out: &mut String) -> &'p str {
        let mut spec = Spec::default();
        let mut rest = pattern;
        self.good = true;
        let mut indexed = false;
        while let Some(flag) = rest.chars().next() {
            match flag {
                '+' => spec.plus = true,
                '-' => {
                    spec.minus = true;
                    spec.zero = false;
                }
                '#' => spec.sharp = true,
                ' ' => spec.space = true,
                '0' => spec.zero = !spec.minus,
                _ => break,
            }
            rest = &rest[1..];
        }
        rest = self.index(rest, &mut indexed);
        if let Some(after) = rest.strip_prefix('*') {
            rest = after;
            match self.star() {
                Some(width) => {
                    if width < 0 {
                        spec.minus = true;
                        spec.zero = false;
                    }
                    spec.width = usize::try_from(width.unsigned_abs())
                        .ok()
                        .filter(|w| *w <= WIDEST);
                    if spec.width.is_none() {
                        out.push_str("%!(BADWIDTH)");
                    }
                }
                None => out.push_str("%!(BADWIDTH)"),
            }
            indexed = false;
        } else {
            let (width, after) = digits(rest);
            if indexed && width.is_some() {
                self.good = false;
            }
            spec.width = width.map(|width| width.min(WIDEST));
            rest = after;
        }
        if let Some(after) = rest.strip_prefix('.') {
            rest = after;
            if indexed {
                self.good = false;
            }
            rest = self.index(rest, &mut indexed);
            if let Some(after) = rest.strip_prefix('*') {
                rest = after;
                match self.star().map(usize::try_from) {
                    Some(Ok(precision)) if precision <= WIDEST => spec.precision = Some(precision),
                    Some(Err(_)) => {}
                    _ => out.push_str("%!(BADPREC)"),
                }
                indexed = false;
            } else {
                let (precision, after) = digits(rest);
                spec.precision = Some(precision.unwrap_or(0).min(WIDEST));
                rest = after;
            }
        }
        if !indexed {
            rest = self.index(rest, &mut indexed);
        }
        let Some(verb) = rest.chars().next() else {
            out.push_str("%!(NOVERB)");
            return rest;
        };
        let after = &rest[verb.len_utf8()..];
        if verb == '%' {
            out.push('%');
        } else if !self.good {
            out.extend(["%!", &verb.to_string(), "(BADINDEX)"]);
        } else if let Some(value) = self.values.get(self.next) {
            self.next += 1;
            write_arg(verb, spec, value, out);
        } else {
            out.extend(["%!", &verb.to_string(), "(MISSING)"]);
        }
        after
    }

    /// `[3]`: the number of the argument to use.
    fn index<'p>(&mut self, rest: &'p str, indexed: &mut bool) -> &'p str {
        let Some(inner) = rest.strip_prefix('[') else {
            return rest;
        };
        self.reordered = true;
        let Some((number, after)) = inner.split_once(']') else {
            self.good = false;
            return &rest[1..];
        };
        *indexed = true;
        match number.parse::<usize>() {
            Ok(number) if (1..=self.values.len()).contains(&number) => self.next = number - 1,
            _ => self.good = false,
        }
        after
    }

    fn star(&mut self) -> Option<i64> {
        let value = self.values.get(self.next)?;
        self.next += 1;
        match value {
            Arg::Int(whole, _) => whole.try_into().ok(),
            _ => None,
        }
    }

    fn extra(&self, out: &mut String) {
        let unused = self.values.get(self.next..).unwrap_or_default();
        if self.reordered || unused.is_empty() {
            return;
        }
        let shown: Vec<String> = unused
            .iter()
            .map(|arg| {
                let mut text = String::new();
                write_arg('v', Spec::default(), arg, &mut text);
                format!("{}={text}", go_type(arg))
            })
            .collect();
        out.extend(["%!(EXTRA ", &shown.join(", "), ")"]);
    }
}

fn digits(text: &str) -> (Option<usize>, &str) {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    (text[..end].parse().ok(), &text[end..])
}

fn arg(value: Value<'_>) -> Arg<'_> {
    match value {
        Value::String(text) => Arg::Text(text),
        // A literal with a point or an exponent is a float to Go, whatever it is worth.
        Value::Number(Number::Literal(text)) if text.contains(['.', 'e', 'E']) => {
            let float = super::as_float(Number::Literal(text));
            // One that is too large for a float stays the text that it is.
            if float.is_finite() {
                Arg::Float(float)
            } else {
                Arg::Text(text)
            }
        }
        Value::Number(number) => match number.to_big() {
            Some(whole) => Arg::Int(whole, None),
            None => Arg::Float(super::as_float(number)),
        },
        other => Arg::Other(other.to_string()),
    }
}

fn go_type(arg: &Arg<'_>) -> &'static str {
    match arg {
        Arg::Int(whole, None) if is_big(whole) => "*big.Int",
        Arg::Int(_, None) => "int64",
        Arg::Float(_) => "float64",
        Arg::Text(_) | Arg::Other(_) => "string",
        Arg::Int(_, Some(name)) | Arg::Foreign(_, name) => name,
    }
}

fn write_arg(verb: char, spec: Spec, arg: &Arg<'_>, out: &mut String) {
    if verb == 'T' {
        return pad(spec, go_type(arg), out);
    }
    // To Go `%+v` and `%#v` are other ways to show structures, of which there are none but its big integers, which see the
    // plus themselves; a string is quoted. `%w` is `%v` for errors.
    let is_general = matches!(verb, 'v' | 'w');
    let is_big = matches!(arg, Arg::Int(whole, _) if is_big(whole));
    let is_number = matches!(arg, Arg::Int(..) | Arg::Float(_));
    let given = spec;
    let spec = Spec {
        plus: spec.plus && (!is_general || is_big),
        sharp: spec.sharp && !(is_general && is_number),
        ..spec
    };
    let done = match arg {
        Arg::Int(whole, _) => integer(verb, spec, whole, out),
        Arg::Float(float) => real(verb, spec, *float, out),
        Arg::Text(text) => string(verb, spec, text, out),
        Arg::Other(text) => string(verb, spec, text, out),
        Arg::Foreign(text, kind) => foreign(verb, spec, text, kind, out),
    };
    if !done {
        let mut shown = String::new();
        // Go shows what does not fit the verb as for `%v`, but with the flags of the verb.
        match arg {
            Arg::Float(float) => real('v', spec, *float, &mut shown),
            Arg::Int(whole, _) if is_big && verb == 'w' => {
                inside(whole, given, &mut shown);
                true
            }
            // Its big integers know no flags there.
            Arg::Int(whole, _) if is_big => {
                shown = whole.to_string();
                true
            }
            Arg::Int(whole, _) => integer('v', spec, whole, &mut shown),
            _ => {
                let plain = Spec {
                    sharp: spec.sharp && verb == 'w',
                    ..spec
                };
                write_arg('v', plain, arg, &mut shown);
                true
            }
        };
        if matches!(arg, Arg::Foreign(_, "interface {}")) {
            return out.extend(["%!", &verb.to_string(), "(<nil>)"]);
        }
        let kind = go_type(arg);
        // A big integer shows itself, but not for `%w`, which is for errors.
        let kind = if verb == 'w' {
            kind
        } else {
            kind.trim_start_matches('*')
        };
        out.extend(["%!", &verb.to_string(), "(", kind, "=", &shown, ")"]);
    }
}

fn is_big(whole: &BigInt) -> bool {
    i64::try_from(whole).is_err()
}

/// What a big integer consists of in Go: its sign, and its words of 64 bits, the lowest first; with names for `%+w`, as
/// in a program for `%#w`.
fn inside(whole: &BigInt, spec: Spec, out: &mut String) {
    let (open, sign, between, words, comma, close) = match (spec.sharp, spec.plus) {
        (true, _) => ("&big.Int{", "neg:", ", ", "abs:big.nat{", ", ", "}}"),
        (false, true) => ("&{", "neg:", " ", "abs:[", " ", "]}"),
        (false, false) => ("&{", "", " ", "[", " ", "]}"),
    };
    let verb = if spec.sharp { 'x' } else { 'd' };
    let spec = Spec {
        plus: false,
        ..spec
    };
    out.extend([open, sign]);
    let is_negative = whole.sign() == Sign::Minus;
    pad(spec, if is_negative { "true" } else { "false" }, out);
    out.extend([between, words]);
    for (at, word) in whole.iter_u64_digits().enumerate() {
        if at > 0 {
            out.push_str(comma);
        }
        integer(verb, spec, &word.into(), out);
    }
    out.push_str(close);
}

/// Booleans, numbers of JSON and collections, which only templates have.
fn foreign(verb: char, spec: Spec, text: &str, kind: &str, out: &mut String) -> bool {
    match (verb, kind) {
        ('t', "bool") | ('v', _) | ('s', "[]interface {}" | "map[string]interface {}") => {
            pad(spec, text, out);
        }
        (_, "json.Number") => return string(verb, spec, text, out),
        _ => return false,
    }
    true
}

/// The shortest text of a float, as `%v` gives it.
pub(super) fn shortest(float: f64, out: &mut String) {
    write_arg('v', Spec::default(), &Arg::Float(float), out);
}

/// Fills up to the width, with spaces or with zeros.
fn pad(spec: Spec, text: &str, out: &mut String) {
    let fill = spec.width.unwrap_or(0).saturating_sub(text.chars().count());
    let with = if spec.zero && !spec.minus { '0' } else { ' ' };
    if spec.minus {
        out.push_str(text);
        out.extend(std::iter::repeat_n(' ', fill));
    } else {
        out.extend(std::iter::repeat_n(with, fill));
        out.push_str(text);
    }
}

fn integer(verb: char, spec: Spec, whole: &BigInt, out: &mut String) -> bool {
    let negative = whole.sign() == Sign::Minus;
    let magnitude = whole.magnitude();
    let (digits, prefix) = match verb {
        'd' | 'v' => (magnitude.to_str_radix(10), ""),
        // Go's big integers print themselves for `%s`, its machine integers do not.
        's' if i64::try_from(whole).is_err() => (magnitude.to_str_radix(10), ""),
        'b' => (
            magnitude.to_str_radix(2),
            if spec.sharp { "0b" } else { "" },
        ),
        'o' => (magnitude.to_str_radix(8), if spec.sharp { "0" } else { "" }),
        'O' => (magnitude.to_str_radix(8), "0o"),
        'x' => (
            magnitude.to_str_radix(16),
            if spec.sharp { "0x" } else { "" },
        ),
        'X' => (
            magnitude.to_str_radix(16).to_uppercase(),
            if spec.sharp { "0X" } else { "" },
        ),
        'c' | 'q' | 'U' => {
            let Ok(whole) = i64::try_from(whole) else {
                return false;
            };
            character(verb, spec, whole, out);
            return true;
        }
        _ => return false,
    };
    let sign = if negative {
        "-"
    } else if spec.plus {
        "+"
    } else if spec.space {
        " "
    } else {
        ""
    };
    let zeros = match spec.precision {
        Some(0) if magnitude.bits() == 0 => {
            let blank = Spec {
                zero: false,
                ..spec
            };
            pad(blank, "", out);
            return true;
        }
        Some(precision) => precision.saturating_sub(digits.len()),
        None if spec.zero && !spec.minus => spec
            .width
            .unwrap_or(0)
            .saturating_sub(digits.len() + sign.len() + prefix.len()),
        None => 0,
    };
    let text = format!("{sign}{prefix}{}{digits}", "0".repeat(zeros));
    pad(
        Spec {
            zero: false,
            ..spec
        },
        &text,
        out,
    );
    true
}

fn character(verb: char, spec: Spec, whole: i64, out: &mut String) {
    let code = u32::try_from(whole).ok();
    let letter = code.and_then(char::from_u32).unwrap_or('\u{fffd}');
    match verb {
        'c' => pad(spec, &letter.to_string(), out),
        'q' => pad(spec, &quoted_char(letter, spec.plus), out),
        _ => {
            let mut text = format!("U+{:04X}", whole.cast_unsigned());
            if spec.sharp && code.and_then(char::from_u32).is_some() {
                text = format!("{text} '{letter}'");
            }
            pad(
                Spec {
                    zero: false,
                    ..spec
                },
                &text,
                out,
            );
        }
    }
}

fn quoted_char(letter: char, ascii: bool) -> String {
    match letter {
        '\'' => "'\\''".to_owned(),
        '"' => "'\"'".to_owned(),
        letter if ascii && !letter.is_ascii() => format!("'\\u{:04x}'", u32::from(letter)),
        letter => {
            let quoted = quoted(&letter.to_string());
            format!("'{}'", quoted.trim_matches('"'))
        }
    }
}

fn real(verb: char, spec: Spec, float: f64, out: &mut String) -> bool {
    let mut text = match verb {
        'v' | 'g' => general(float.abs(), spec.precision, 'e', 6),
        'G' => general(float.abs(), spec.precision, 'E', 6),
        'e' | 'E' => exponent(float.abs(), spec.precision.unwrap_or(6), verb),
        'f' | 'F' => format!("{:.*}", spec.precision.unwrap_or(6), float.abs()),
        'b' | 'x' | 'X' if !float.is_finite() => general(float.abs(), None, 'e', 6),
        'b' => binary(float.abs()),
        'x' => hexadecimal(float.abs(), spec.precision),
        'X' => hexadecimal(float.abs(), spec.precision).to_uppercase(),
        _ => return false,
    };
    if spec.sharp && verb != 'b' && float.is_finite() {
        text = with_all_digits(&text, verb, spec.precision);
    }
    let sign = if float.is_sign_negative() {
        "-"
    } else if spec.plus {
        "+"
    } else if spec.space {
        " "
    } else {
        ""
    };
    if spec.zero && !spec.minus {
        let fill = spec
            .width
            .unwrap_or(0)
            .saturating_sub(text.len() + sign.len());
        text = "0".repeat(fill) + &text;
    }
    pad(
        Spec {
            zero: false,
            ..spec
        },
        &format!("{sign}{text}"),
        out,
    );
    true
}

/// A float with the digits and the point that the flag `#` asks for: zeros up to the precision where the verb would leave
/// them out, and a point in any case.
fn with_all_digits(text: &str, verb: char, precision: Option<usize>) -> String {
    let mut missing = match verb {
        'v' | 'g' | 'G' | 'x' => precision.unwrap_or(6),
        _ => 0,
    };
    let is_hexadecimal = matches!(verb, 'x' | 'X');
    let is_exponent = |c: char| match c {
        'p' | 'P' => true,
        'e' | 'E' => !is_hexadecimal,
        _ => false,
    };
    let (digits, exponent) = text.split_at(text.find(is_exponent).unwrap_or(text.len()));
    let mut is_significant = false;
    for c in digits.chars().filter(|c| *c != '.') {
        is_significant |= c != '0';
        if is_significant {
            missing = missing.saturating_sub(1);
        }
    }
    let mut out = digits.to_owned();
    if !digits.contains('.') {
        if digits == "0" {
            missing = missing.saturating_sub(1);
        }
        out.push('.');
    }
    out.extend(std::iter::repeat_n('0', missing));
    out + exponent
}

/// The mantissa as an integer and the power of two, of a float without sign.
const fn parts(float: f64) -> (u64, i32) {
    let bits = float.to_bits();
    let mantissa = bits & ((1 << 52) - 1);
    match (bits >> 52) & 0x7ff {
        0 => (mantissa, -1074),
        #[expect(clippy::cast_possible_truncation, reason = "eleven bits")]
        power => (mantissa | 1 << 52, power as i32 - 1075),
    }
}

/// `6755399441055744p-52`
fn binary(float: f64) -> String {
    let (mantissa, power) = parts(float);
    format!("{mantissa}p{power:+}")
}

/// `0x1.8p+00`
fn hexadecimal(float: f64, precision: Option<usize>) -> String {
    let (mut mantissa, mut power) = parts(float);
    if mantissa == 0 {
        power = -52;
    } else {
        let shift = mantissa.leading_zeros().saturating_sub(11);
        mantissa <<= shift;
        power -= i32::try_from(shift).unwrap_or(0);
    }
    if let Some(precision) = precision.filter(|precision| *precision < 13) {
        // To the nearest, and of two to the even one.
        let cut = 52 - 4 * u32::try_from(precision).unwrap_or(0);
        let (half, rest) = (1_u64 << (cut - 1), mantissa & ((1 << cut) - 1));
        mantissa >>= cut;
        if rest > half || rest == half && mantissa & 1 == 1 {
            mantissa += 1;
        }
        mantissa <<= cut;
        if mantissa >> 53 == 1 {
            mantissa >>= 1;
            power += 1;
        }
    }
    let digits = format!("{:013x}", mantissa & ((1 << 52) - 1));
    let digits = match precision {
        None => digits.trim_end_matches('0').to_owned(),
        Some(precision) => format!("{digits:0<precision$}")[..precision].to_owned(),
    };
    let point = if digits.is_empty() { "" } else { "." };
    let power = power + 52;
    let sign = if power < 0 { '-' } else { '+' };
    format!(
        "0x{}{point}{digits}p{sign}{:02}",
        mantissa >> 52,
        power.unsigned_abs()
    )
}

/// `1.5e+06`
fn exponent(float: f64, precision: usize, letter: char) -> String {
    let text = format!("{float:.precision$e}");
    with_go_exponent(&text, letter)
}

/// Rust's `1e6` as Go's `1e+06`.
fn with_go_exponent(text: &str, letter: char) -> String {
    let Some((mantissa, power)) = text.split_once('e') else {
        return text.to_owned();
    };
    let (sign, digits) = match power.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', power),
    };
    format!("{mantissa}{letter}{sign}{digits:0>2}")
}

/// The shorter of the plain and the exponential form; the plain one up to a power of ten that depends on precision.
fn general(float: f64, precision: Option<usize>, letter: char, shortest_limit: i32) -> String {
    if !float.is_finite() {
        return if float.is_nan() {
            "NaN".to_owned()
        } else {
            "+Inf".trim_start_matches('+').to_owned()
        };
    }
    let scientific = match precision {
        Some(precision) => format!("{float:.*e}", precision.max(1) - 1),
        None => format!("{float:e}"),
    };
    let (mantissa, power) = scientific
        .split_once('e')
        .unwrap_or((scientific.as_str(), "0"));
    let power: i32 = power.parse().unwrap_or(0);
    let limit = precision.map_or(shortest_limit, |precision| {
        i32::try_from(precision.max(1)).unwrap_or(i32::MAX)
    });
    let trimmed = if precision.is_some() && mantissa.contains('.') {
        mantissa.trim_end_matches('0').trim_end_matches('.')
    } else {
        mantissa
    };
    if power < -4 || power >= limit {
        return with_go_exponent(&format!("{trimmed}e{power}"), letter);
    }
    let digits = trimmed
        .len()
        .saturating_sub(usize::from(trimmed.contains('.')));
    let after_point = i32::try_from(digits).unwrap_or(i32::MAX) - 1 - power;
    format!(
        "{float:.*}",
        usize::try_from(after_point.max(0)).unwrap_or(0)
    )
}

/// Whether Go can write a text between backquotes.
fn fits_backquotes(text: &str) -> bool {
    let is_plain = |c: char| (c >= ' ' || c == '\t') && !matches!(c, '`' | '\u{7f}' | '\u{feff}');
    text.chars().all(is_plain) && std::str::from_utf8(&octets::bytes(text)).is_ok()
}

fn string(verb: char, spec: Spec, text: &str, out: &mut String) -> bool {
    let cut = |text: &str| match spec.precision {
        Some(most) => text.chars().take(most).collect(),
        None => text.to_owned(),
    };
    match verb {
        's' | 'v' if !(verb == 'v' && spec.sharp) => pad(spec, &cut(text), out),
        'v' => pad(spec, &quoted(&cut(text)), out),
        'q' => {
            let text: String = cut(text);
            let shown = if spec.sharp && fits_backquotes(&text) {
                format!("`{text}`")
            } else if spec.plus {
                ascii_quoted(&text)
            } else {
                quoted(&text)
            };
            pad(spec, &shown, out);
        }
        'x' | 'X' => {
            let bytes = octets::bytes(text);
            let bytes = match spec.precision {
                Some(most) => &bytes[..most.min(bytes.len())],
                None => &bytes,
            };
            pad(spec, &hex(bytes, verb, spec), out);
        }
        _ => return false,
    }
    true
}

fn hex(bytes: &[u8], verb: char, spec: Spec) -> String {
    let mark = match (spec.sharp, verb) {
        (true, 'X') => "0X",
        (true, _) => "0x",
        _ => "",
    };
    let mut text = String::new();
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 && spec.space {
            text.push(' ');
        }
        if index == 0 || spec.space {
            text.push_str(mark);
        }
        let pair = if verb == 'X' {
            format!("{byte:02X}")
        } else {
            format!("{byte:02x}")
        };
        text.push_str(&pair);
    }
    text
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    // Writing to a string can't fail.
    let _ = crate::json::quote_go(text, &mut out);
    out
}

fn ascii_quoted(text: &str) -> String {
    let mut out = String::new();
    for c in quoted(text).chars() {
        match c {
            c if c.is_ascii() => out.push(c),
            c if u32::from(c) < 0x1_0000 => out.extend(["\\u", &format!("{:04x}", u32::from(c))]),
            c => out.extend(["\\U", &format!("{:08x}", u32::from(c))]),
        }
    }
    out
}
