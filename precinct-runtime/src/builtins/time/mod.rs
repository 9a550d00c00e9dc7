//! Moments and durations in nanoseconds, with Go's layouts and the IANA time zones.
//!
//! * [`civil`]: days and dates of the proleptic Gregorian calendar
//! * [`layout`]: Go's reference-time layouts, to write and to read
//! * [`duration`]: `1h30m`, also with days, weeks and years

pub mod civil;
pub mod duration;
pub mod layout;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::number::Number;
use crate::number::float::Float;
use crate::value::{Array, Value};
use civil::Civil;

/// Moments and durations.
pub const FAMILY: &[Builtin] = &[
    Builtin::new("time.now_ns", "() => now: number", "Returns the current time since epoch in nanoseconds.", time_now_ns).documented(&[], "nanoseconds since epoch").nondeterministic(),
    Builtin::new("time.parse_ns", "(layout: string, value: string) => ns: number", "Returns the time in nanoseconds parsed from the string in the given format. `undefined` if the result would be outside the valid time range that can fit within an `int64`.", time_parse_ns).documented(&["format used for parsing, see the [Go `time` package documentation](https://golang.org/pkg/time/#Parse) for more details", "input to parse according to `layout`"], "`value` in nanoseconds since epoch"),
    Builtin::new("time.parse_rfc3339_ns", "(value: string) => ns: number", "Returns the time in nanoseconds parsed from the string in RFC3339 format. `undefined` if the result would be outside the valid time range that can fit within an `int64`.", time_parse_rfc3339_ns).documented(&["input string to parse in RFC3339 format"], "`value` in nanoseconds since epoch"),
    Builtin::new("time.parse_duration_ns", "(duration: string) => ns: number", "Returns the duration in nanoseconds represented by a string.", time_parse_duration_ns).documented(&["a duration like \"3m\"; see the [OPA `Duration Parsing` documentation](https://www.openpolicyagent.org/docs/latest/policy-reference/builtins/time#duration-parsing) for more details"], "the `duration` in nanoseconds"),
    Builtin::new("time.format", "(x: any<number, array<number, string>, array<number, string, string>>) => formatted timestamp: string", "Returns the formatted timestamp for the nanoseconds since epoch.", time_format).documented(&["a number representing the nanoseconds since the epoch (UTC); or a two-element array of the nanoseconds, and a timezone string; or a three-element array of ns, timezone string and a layout string or golang defined formatting constant (see golang supported time formats)"], "the formatted timestamp represented for the nanoseconds since the epoch in the supplied timezone (or UTC)"),
    Builtin::new("time.date", "(x: any<number, array<number, string>>) => date: array<number, number, number>", "Returns the `[year, month, day]` for the nanoseconds since epoch.", time_date).documented(&["a number representing the nanoseconds since the epoch (UTC); or a two-element array of the nanoseconds, and a timezone string"], "an array of `year`, `month` (1-12), and `day` (1-31)"),
    Builtin::new("time.clock", "(x: any<number, array<number, string>>) => output: array<number, number, number>", "Returns the `[hour, minute, second]` of the day for the nanoseconds since epoch.", time_clock).documented(&["a number representing the nanoseconds since the epoch (UTC); or a two-element array of the nanoseconds, and a timezone string"], "the `hour`, `minute` (0-59), and `second` (0-59) representing the time of day for the nanoseconds since epoch in the supplied timezone (or UTC)"),
    Builtin::new("time.weekday", "(x: any<number, array<number, string>>) => day: string", "Returns the day of the week (Monday, Tuesday, ...) for the nanoseconds since epoch.", time_weekday).documented(&["a number representing the nanoseconds since the epoch (UTC); or a two-element array of the nanoseconds, and a timezone string"], "the weekday represented by `ns` nanoseconds since the epoch in the supplied timezone (or UTC)"),
    Builtin::new("time.add_date", "(ns: number, years: number, months: number, days: number) => output: number", "Returns the nanoseconds since epoch after adding years, months and days to nanoseconds. Month & day values outside their usual ranges after the operation and will be normalized - for example, October 32 would become November 1. `undefined` if the result would be outside the valid time range that can fit within an `int64`.", time_add_date).documented(&["nanoseconds since the epoch", "number of years to add", "number of months to add", "number of days to add"], "nanoseconds since the epoch representing the input time, with years, months and days added"),
    Builtin::new("time.diff", "(ns1: any<number, array<number, string>>, ns2: any<number, array<number, string>>) => output: array<number, number, number, number, number, number>", "Returns the difference between two unix timestamps in nanoseconds (with optional timezone strings).", time_diff).documented(&["nanoseconds since the epoch; or a two-element array of the nanoseconds, and a timezone string", "nanoseconds since the epoch; or a two-element array of the nanoseconds, and a timezone string"], "difference between `ns1` and `ns2` (in their supplied timezones, if supplied, or UTC) as array of numbers: `[years, months, days, hours, minutes, seconds]`"),
];

const SECOND: i128 = 1_000_000_000;

/// A moment and the zone that it is looked at from.
struct Zoned {
    /// Nanoseconds since 1970 UTC.
    ns: i128,
    zone: TimeZone,
    layout: Option<String>,
}

impl Zoned {
    /// The offset from UTC in seconds, and the zone's short name.
    fn offset(&self) -> (i64, String) {
        offset_at(&self.zone, self.ns)
    }

    /// Date and time of day in the zone.
    fn civil(&self) -> Civil {
        let offset = seconds_at(&self.zone, self.ns);
        Civil::of(self.ns + i128::from(offset) * SECOND)
    }
}

fn timestamp(ns: i128) -> Option<Timestamp> {
    let seconds = i64::try_from(ns.div_euclid(SECOND)).unwrap_or_default();
    Timestamp::from_second(seconds).ok()
}

/// The offset alone.
fn seconds_at(zone: &TimeZone, ns: i128) -> i64 {
    timestamp(ns).map_or(0, |moment| zone.to_offset(moment).seconds().into())
}

fn offset_at(zone: &TimeZone, ns: i128) -> (i64, String) {
    let Some(moment) = timestamp(ns) else {
        return (0, "UTC".to_owned());
    };
    let info = zone.to_offset_info(moment);
    (
        i64::from(info.offset().seconds()),
        info.abbreviation().to_owned(),
    )
}

/// The moment of a date and time of day in a zone. Times that a change of offset skips or repeats get the offset
/// before the change.
fn moment(civil: Civil, zone: &TimeZone) -> i128 {
    let local = civil.ns();
    let first = seconds_at(zone, local);
    let guess = local - i128::from(first) * SECOND;
    let second = seconds_at(zone, guess);
    if first == second {
        return guess;
    }
    let again = local - i128::from(second) * SECOND;
    if seconds_at(zone, again) == second {
        again
    } else {
        guess
    }
}

fn in_range<'a>(ns: i128) -> Outcome<'a> {
    let ns = i64::try_from(ns).map_err(|_| BuiltinError::new("time outside of valid range"))?;
    Ok(Some(Value::int(ns)))
}

/// A number of nanoseconds, or `[nanoseconds, zone, layout]`.
fn zoned(value: Value<'_>) -> Result<Zoned, BuiltinError> {
    let either = "either number (ns) or [number (ns), string (tz)]";
    let (number, list) = match value {
        Value::Number(number) => (number, Array::EMPTY),
        Value::Array(items) if let Some(first) = items.first() => match first {
            Value::Number(number) => (number, items),
            other => return Err(operand::wrong_type(1, other, &["number"])),
        },
        other => return Err(operand::wrong_type(1, other, &[either])),
    };
    let text = |index: usize| match list.get(index) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(operand::wrong_type(1, other, &["string"])),
    };
    let zone = match text(1)? {
        None | Some("" | "UTC" | "Local") => TimeZone::UTC,
        Some(name) => TimeZone::get(name)
            .map_err(|_| BuiltinError::new(format!("unknown time zone {name}")))?,
    };
    let layout = text(2)?.map(str::to_owned);
    // Read as a float of 64 bits of mantissa, which all machine integers are.
    let ns = match number {
        Number::Int(ns) => Some(ns),
        Number::Literal(_) => Float::of(number)
            .ok()
            .filter(Float::is_integer)
            .and_then(|float| i64::try_from(float.truncate()?).ok()),
    };
    let ns = ns.ok_or_else(|| BuiltinError::new("timestamp too big"))?;
    Ok(Zoned {
        ns: i128::from(ns),
        zone,
        layout,
    })
}

fn numbers<'a>(context: &Context<'a>, list: &[i64]) -> Outcome<'a> {
    let items = list.iter().map(|number| Value::int(*number));
    let items = context.arena().alloc_slice_fill_iter(items);
    Ok(Some(Value::Array(Array::new(items))))
}

fn time_now_ns<'a>(context: &mut Context<'a>, _: &[Value<'a>]) -> Outcome<'a> {
    Ok(Some(Value::int(context.time_ns)))
}

fn time_parse_ns<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let pattern = layout::named(operand::string(args, 1)?);
    in_range(layout::parse(pattern, operand::string(args, 2)?)?)
}

fn time_parse_rfc3339_ns<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let text = operand::string(args, 1)?;
    match layout::plain_rfc3339(text) {
        Some(ns) => in_range(ns),
        None => in_range(layout::parse(layout::RFC3339, text)?),
    }
}

fn time_parse_duration_ns<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    Ok(Some(Value::int(duration::parse(operand::string(
        args, 1,
    )?)?)))
}

fn time_format<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let zoned = zoned(operand::at(args, 1))?;
    let pattern = match zoned.layout.as_deref() {
        None | Some("") => layout::RFC3339_NANO,
        Some(pattern) => layout::named(pattern),
    };
    let (offset, zone) = zoned.offset();
    let shown = layout::format(pattern, &zoned.civil(), offset, &zone);
    Ok(Some(Value::string(context.arena(), &shown)))
}

fn time_date<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let civil = zoned(operand::at(args, 1))?.civil();
    numbers(context, &[civil.year, civil.month, civil.day])
}

fn time_clock<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let civil = zoned(operand::at(args, 1))?.civil();
    numbers(context, &[civil.hour, civil.minute, civil.second])
}

fn time_weekday<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let civil = zoned(operand::at(args, 1))?.civil();
    Ok(Some(Value::String(layout::WEEKDAYS[civil.weekday()])))
}

/// Adds to the parts of the date; what overflows carries on (October 32 is November 1).
fn time_add_date<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let zoned = zoned(operand::at(args, 1))?;
    let mut civil = zoned.civil();
    let far = || BuiltinError::new("time outside of valid range");
    let small = |number: i64| {
        if number.abs() < 1_000_000 {
            Ok(number)
        } else {
            Err(far())
        }
    };
    civil.year += small(operand::int(args, 2)?)?;
    civil.month += small(operand::int(args, 3)?)?;
    civil.day += small(operand::int(args, 4)?)?;
    in_range(moment(civil, &zoned.zone))
}

/// The difference in years, months, days, hours, minutes and seconds.
fn time_diff<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let one = zoned(operand::at(args, 1))?;
    let mut other = zoned(operand::at(args, 2))?;
    other.zone = one.zone.clone();
    let (first, last) = if one.ns > other.ns {
        (other, one)
    } else {
        (one, other)
    };
    let (from, to) = (first.civil(), last.civil());
    let mut parts = [
        to.year - from.year,
        to.month - from.month,
        to.day - from.day,
        to.hour - from.hour,
        to.minute - from.minute,
        to.second - from.second,
    ];
    let borrow = |parts: &mut [i64; 6], index: usize, size: i64| {
        if parts[index] < 0 {
            parts[index] += size;
            parts[index - 1] -= 1;
        }
    };
    borrow(&mut parts, 5, 60);
    borrow(&mut parts, 4, 60);
    borrow(&mut parts, 3, 24);
    borrow(&mut parts, 2, civil::days_in(from.year, from.month));
    borrow(&mut parts, 1, 12);
    numbers(context, &parts)
}
