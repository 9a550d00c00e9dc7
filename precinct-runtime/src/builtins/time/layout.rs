//! Go's layouts: a time is written as the reference time, January 2 15:04:05 2006 at -0700, would be.

use super::civil::{Civil, days_in};
use crate::error::BuiltinError;

/// `time.RFC3339`
pub const RFC3339: &str = "2006-01-02T15:04:05Z07:00";
/// `time.RFC3339Nano`
pub const RFC3339_NANO: &str = "2006-01-02T15:04:05.999999999Z07:00";

/// The days of the week, from Sunday.
pub const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The layout of a constant of Go's package, or the text itself.
pub fn named(layout: &str) -> &str {
    match layout {
        "ANSIC" => "Mon Jan _2 15:04:05 2006",
        "UnixDate" => "Mon Jan _2 15:04:05 MST 2006",
        "RubyDate" => "Mon Jan 02 15:04:05 -0700 2006",
        "RFC822" => "02 Jan 06 15:04 MST",
        "RFC822Z" => "02 Jan 06 15:04 -0700",
        "RFC850" => "Monday, 02-Jan-06 15:04:05 MST",
        "RFC1123" => "Mon, 02 Jan 2006 15:04:05 MST",
        "RFC1123Z" => "Mon, 02 Jan 2006 15:04:05 -0700",
        "RFC3339" => RFC3339,
        "RFC3339Nano" => RFC3339_NANO,
        other => other,
    }
}

/// A piece of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    Upper,
    Lower,
    Zone,
    /// `Z0700` and its like: `Z` for UTC; digits, colons and seconds.
    Iso {
        utc: bool,
        colon: bool,
        seconds: bool,
        short: bool,
    },
    /// `.000`, `,999`: how many digits, and whether trailing zeros go.
    Fraction {
        digits: usize,
        trim: bool,
        comma: bool,
    },
}

/// The pieces with a fixed spelling; a longer one stands before its prefix.
const SPELLED: &[(&str, Part)] = &[
    ("January", Part::LongMonth),
    ("Jan", Part::Month),
    ("Monday", Part::LongWeekday),
    ("Mon", Part::Weekday),
    ("MST", Part::Zone),
    ("002", Part::ZeroYearDay),
    ("01", Part::ZeroMonth),
    ("02", Part::ZeroDay),
    ("03", Part::ZeroHour12),
    ("04", Part::ZeroMinute),
    ("05", Part::ZeroSecond),
    ("06", Part::Year),
    ("15", Part::Hour),
    ("1", Part::NumMonth),
    ("2006", Part::LongYear),
    ("__2", Part::UnderYearDay),
    ("_2", Part::UnderDay),
    ("2", Part::Day),
    ("3", Part::Hour12),
    ("4", Part::Minute),
    ("5", Part::Second),
    ("PM", Part::Upper),
    ("pm", Part::Lower),
    (
        "-070000",
        Part::Iso {
            utc: false,
            colon: false,
            seconds: true,
            short: false,
        },
    ),
    (
        "-07:00:00",
        Part::Iso {
            utc: false,
            colon: true,
            seconds: true,
            short: false,
        },
    ),
    (
        "-0700",
        Part::Iso {
            utc: false,
            colon: false,
            seconds: false,
            short: false,
        },
    ),
    (
        "-07:00",
        Part::Iso {
            utc: false,
            colon: true,
            seconds: false,
            short: false,
        },
    ),
    (
        "-07",
        Part::Iso {
            utc: false,
            colon: false,
            seconds: false,
            short: true,
        },
    ),
    (
        "Z070000",
        Part::Iso {
            utc: true,
            colon: false,
            seconds: true,
            short: false,
        },
    ),
    (
        "Z07:00:00",
        Part::Iso {
            utc: true,
            colon: true,
            seconds: true,
            short: false,
        },
    ),
    (
        "Z0700",
        Part::Iso {
            utc: true,
            colon: false,
            seconds: false,
            short: false,
        },
    ),
    (
        "Z07:00",
        Part::Iso {
            utc: true,
            colon: true,
            seconds: false,
            short: false,
        },
    ),
    (
        "Z07",
        Part::Iso {
            utc: true,
            colon: false,
            seconds: false,
            short: true,
        },
    ),
];

/// The next piece: text before it, the piece, its spelling, text behind it.
fn next(layout: &str) -> (&str, Option<(Part, &str)>, &str) {
    for (at, _) in layout.char_indices() {
        let rest = &layout[at..];
        if let Some((part, length)) = piece(rest) {
            return (
                &layout[..at],
                Some((part, &rest[..length])),
                &rest[length..],
            );
        }
    }
    (layout, None, "")
}

fn piece(rest: &str) -> Option<(Part, usize)> {
    let bytes = rest.as_bytes();
    if matches!(bytes.first(), Some(b'.' | b',')) && matches!(bytes.get(1), Some(b'0' | b'9')) {
        let digit = bytes[1];
        let digits = bytes[1..].iter().take_while(|b| **b == digit).count();
        // A fraction stands where no further digit follows.
        if !bytes.get(1 + digits).is_some_and(u8::is_ascii_digit) {
            let part = Part::Fraction {
                digits,
                trim: digit == b'9',
                comma: bytes[0] == b',',
            };
            return Some((part, 1 + digits));
        }
    }
    // `Jan` is no month when it begins another word, as in `Janet`.
    let word = |spelling: &str| {
        let lower = |b: &u8| b.is_ascii_lowercase();
        !(spelling == "Jan" || spelling == "Mon") || !bytes.get(3).is_some_and(lower)
    };
    // `_2006` is an underscore and a year.
    if rest.starts_with("_2006") {
        return None;
    }
    SPELLED
        .iter()
        .find(|(spelling, _)| rest.starts_with(spelling) && word(spelling))
        .map(|(spelling, part)| (*part, spelling.len()))
}

/// Writes a time.
pub fn format(layout: &str, civil: &Civil, offset: i64, zone: &str) -> String {
    let mut out = String::new();
    let mut rest = layout;
    loop {
        let (before, part, after) = next(rest);
        out.push_str(before);
        let Some((part, _)) = part else { return out };
        out.push_str(&written(part, civil, offset, zone));
        rest = after;
    }
}

fn name(list: &[&'static str], index: i64) -> &'static str {
    usize::try_from(index)
        .ok()
        .and_then(|index| list.get(index))
        .copied()
        .unwrap_or("")
}

fn written(part: Part, civil: &Civil, offset: i64, zone: &str) -> String {
    let hour12 = if civil.hour % 12 == 0 {
        12
    } else {
        civil.hour % 12
    };
    match part {
        Part::LongMonth => name(&MONTHS, civil.month - 1).to_owned(),
        Part::Month => name(&MONTHS, civil.month - 1)[..3].to_owned(),
        Part::NumMonth => civil.month.to_string(),
        Part::ZeroMonth => format!("{:02}", civil.month),
        Part::LongWeekday => WEEKDAYS[civil.weekday()].to_owned(),
        Part::Weekday => WEEKDAYS[civil.weekday()][..3].to_owned(),
        Part::Day => civil.day.to_string(),
        Part::UnderDay => format!("{:2}", civil.day),
        Part::ZeroDay => format!("{:02}", civil.day),
        Part::UnderYearDay => format!("{:3}", civil.day_of_year()),
        Part::ZeroYearDay => format!("{:03}", civil.day_of_year()),
        Part::Hour => format!("{:02}", civil.hour),
        Part::Hour12 => hour12.to_string(),
        Part::ZeroHour12 => format!("{hour12:02}"),
        Part::Minute => civil.minute.to_string(),
        Part::ZeroMinute => format!("{:02}", civil.minute),
        Part::Second => civil.second.to_string(),
        Part::ZeroSecond => format!("{:02}", civil.second),
        Part::LongYear if civil.year < 0 => format!("-{:04}", -civil.year),
        Part::LongYear => format!("{:04}", civil.year),
        Part::Year => format!("{:02}", civil.year.rem_euclid(100)),
        Part::Upper => if civil.hour >= 12 { "PM" } else { "AM" }.to_owned(),
        Part::Lower => if civil.hour >= 12 { "pm" } else { "am" }.to_owned(),
        Part::Zone => zone.to_owned(),
        Part::Iso { utc: true, .. } if offset == 0 => "Z".to_owned(),
        Part::Iso {
            colon,
            seconds,
            short,
            ..
        } => iso(offset, colon, seconds, short),
        Part::Fraction {
            digits,
            trim,
            comma,
        } => fraction(civil.nano, digits, trim, comma),
    }
}

fn iso(offset: i64, colon: bool, seconds: bool, short: bool) -> String {
    let sign = if offset < 0 { '-' } else { '+' };
    let offset = offset.abs();
    let (hour, minute, second) = (offset / 3600, offset / 60 % 60, offset % 60);
    let between = if colon { ":" } else { "" };
    let mut text = format!("{sign}{hour:02}");
    if !short {
        text.extend([between, &format!("{minute:02}")]);
    }
    if seconds {
        text.extend([between, &format!("{second:02}")]);
    }
    text
}

fn fraction(nano: i64, digits: usize, trim: bool, comma: bool) -> String {
    let all = format!("{nano:09}");
    let mut shown = &all[..digits.min(9)];
    if trim {
        shown = shown.trim_end_matches('0');
        if shown.is_empty() {
            return String::new();
        }
    }
    format!("{}{shown}", if comma { ',' } else { '.' })
}

/// What was read so far.
#[derive(Clone, Copy, Debug)]
struct Read {
    civil: Civil,
    year_day: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    afternoon: Option<bool>,
    offset: i64,
}

/// Nanoseconds since 1970 of a text in a layout.
///
/// # Errors
/// In the words of Go's `time.Parse`.
pub fn parse(layout: &str, text: &str) -> Result<i128, BuiltinError> {
    let quoted = |text: &str| {
        let mut out = String::new();
        // Writing to a string can't fail.
        let _ = crate::json::quote_go(text, &mut out);
        out
    };
    let fail = |at: &str, piece: &str| {
        BuiltinError::new(format!(
            "parsing time {} as {}: cannot parse {} as {}",
            quoted(text),
            quoted(layout),
            quoted(at),
            quoted(piece)
        ))
    };
    let out_of_range = |what: &str| {
        BuiltinError::new(format!(
            "parsing time {}: {what} out of range",
            quoted(text)
        ))
    };
    let mut read = Read {
        civil: Civil {
            year: 0,
            month: 1,
            day: 1,
            hour: 0,
            minute: 0,
            second: 0,
            nano: 0,
        },
        year_day: None,
        month: None,
        day: None,
        afternoon: None,
        offset: 0,
    };
    let mut pattern = layout;
    let mut rest = text;
    loop {
        let (before, part, after) = next(pattern);
        rest = skip(rest, before).ok_or_else(|| fail(rest, before))?;
        let Some((part, spelling)) = part else {
            if !rest.is_empty() {
                let text = format!(
                    "parsing time {}: extra text: {}",
                    quoted(text),
                    quoted(rest)
                );
                return Err(BuiltinError::new(text));
            }
            break;
        };
        let held = rest;
        rest = match take(part, rest, after, &mut read) {
            Ok(rest) => rest,
            Err(None) => return Err(fail(held, spelling)),
            Err(Some(what)) => return Err(out_of_range(what)),
        };
        pattern = after;
    }
    finish(read).map_err(out_of_range)
}

/// The moment of a text in [`RFC3339`] as nearly all are: digits in their places, parts of seconds, `Z` or an offset.
/// Whatever else may be one, or is wrong, is `None`, and for [`parse`].
pub fn plain_rfc3339(text: &str) -> Option<i128> {
    let (front, rest) = text.as_bytes().split_first_chunk::<19>()?;
    let number = |from: usize, to: usize| {
        front[from..to].iter().try_fold(0_i64, |sum, digit| {
            digit
                .is_ascii_digit()
                .then(|| sum * 10 + i64::from(digit - b'0'))
        })
    };
    let [
        _,
        _,
        _,
        _,
        b'-',
        _,
        _,
        b'-',
        _,
        _,
        b'T',
        _,
        _,
        b':',
        _,
        _,
        b':',
        ..,
    ] = front
    else {
        return None;
    };
    let mut civil = Civil {
        year: number(0, 4)?,
        month: number(5, 7)?,
        day: number(8, 10)?,
        hour: number(11, 13)?,
        minute: number(14, 16)?,
        second: number(17, 19)?,
        nano: 0,
    };
    let is_fine = (1..=12).contains(&civil.month)
        && (1..=days_in(civil.year, civil.month)).contains(&civil.day)
        && civil.hour < 24
        && civil.minute < 60
        && civil.second < 60;
    if !is_fine {
        return None;
    }
    let zone = match rest {
        [b'.', fraction @ ..] => {
            let length = fraction
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            if !(1..=9).contains(&length) {
                return None;
            }
            let (digits, zone) = fraction.split_at(length);
            let zeros = std::iter::repeat_n(&b'0', 9 - length);
            let places = digits.iter().chain(zeros);
            civil.nano = places.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
            zone
        }
        zone => zone,
    };
    let offset = match zone {
        b"Z" => 0,
        [
            sign @ (b'+' | b'-'),
            h1 @ b'0'..=b'1',
            h2 @ b'0'..=b'9',
            b':',
            m1 @ b'0'..=b'5',
            m2 @ b'0'..=b'9',
        ] => {
            let two = |ten: &u8, one: &u8| i128::from(ten - b'0') * 10 + i128::from(one - b'0');
            let minutes = two(h1, h2) * 60 + two(m1, m2);
            if *sign == b'-' { -minutes } else { minutes }
        }
        _ => return None,
    };
    Some(civil.ns() - offset * 60_000_000_000)
}

fn finish(mut read: Read) -> Result<i128, &'static str> {
    match read.afternoon {
        Some(true) if read.civil.hour < 12 => read.civil.hour += 12,
        Some(false) if read.civil.hour == 12 => read.civil.hour = 0,
        _ => {}
    }
    if let Some(year_day) = read.year_day {
        let leap = days_in(read.civil.year, 2) == 29;
        if year_day < 1 || year_day > if leap { 366 } else { 365 } {
            return Err("day-of-year");
        }
        read.civil.month = 1;
        read.civil.day = year_day;
    } else {
        read.civil.month = read.month.unwrap_or(1);
        read.civil.day = read.day.unwrap_or(1);
        if read.civil.day < 1 || read.civil.day > days_in(read.civil.year, read.civil.month) {
            return Err("day");
        }
    }
    Ok(read.civil.ns() - i128::from(read.offset) * 1_000_000_000)
}

/// Text of the layout, in which any stretch of spaces stands for any other.
fn skip<'t>(mut text: &'t str, mut before: &str) -> Option<&'t str> {
    while let Some(c) = before.chars().next() {
        if c == ' ' {
            if !text.is_empty() && !text.starts_with(' ') {
                return None;
            }
            before = before.trim_start_matches(' ');
            text = text.trim_start_matches(' ');
            continue;
        }
        text = text.strip_prefix(c)?;
        before = &before[c.len_utf8()..];
    }
    Some(text)
}

type Taken<'t> = Result<&'t str, Option<&'static str>>;

/// Reads one piece; the error names what is out of range, or nothing when the text does not fit.
#[expect(clippy::too_many_lines, reason = "one arm a piece of a layout")]
fn take<'t>(part: Part, text: &'t str, after: &str, read: &mut Read) -> Taken<'t> {
    let civil = &mut read.civil;
    match part {
        Part::LongYear => {
            let (year, rest) = digits(text, 4, true)?;
            civil.year = year;
            Ok(rest)
        }
        Part::Year => {
            let (year, rest) = digits(text, 2, true)?;
            civil.year = if year >= 69 { 1900 + year } else { 2000 + year };
            Ok(rest)
        }
        Part::LongMonth => {
            let (index, rest) = word(text, &MONTHS, None)?;
            read.month = Some(index + 1);
            Ok(rest)
        }
        Part::Month => {
            let (index, rest) = word(text, &MONTHS, Some(3))?;
            read.month = Some(index + 1);
            Ok(rest)
        }
        Part::NumMonth | Part::ZeroMonth => {
            let (month, rest) = digits(text, 2, part == Part::ZeroMonth)?;
            if !(1..=12).contains(&month) {
                return Err(Some("month"));
            }
            read.month = Some(month);
            Ok(rest)
        }
        Part::LongWeekday => Ok(word(text, &WEEKDAYS, None)?.1),
        Part::Weekday => Ok(word(text, &WEEKDAYS, Some(3))?.1),
        Part::Day | Part::UnderDay | Part::ZeroDay => {
            let text = if part == Part::UnderDay {
                text.strip_prefix(' ').unwrap_or(text)
            } else {
                text
            };
            let (day, rest) = digits(text, 2, part == Part::ZeroDay)?;
            read.day = Some(day);
            Ok(rest)
        }
        Part::UnderYearDay | Part::ZeroYearDay => {
            let padded = part == Part::ZeroYearDay;
            let trimmed = if padded {
                text
            } else {
                text.trim_start_matches(' ')
            };
            let (day, rest) = digits(trimmed, 3, padded)?;
            read.year_day = Some(day);
            Ok(rest)
        }
        Part::Hour | Part::Hour12 | Part::ZeroHour12 => {
            let (hour, rest) = digits(text, 2, part == Part::ZeroHour12)?;
            let most = if part == Part::Hour { 23 } else { 12 };
            if hour > most {
                return Err(Some("hour"));
            }
            civil.hour = hour;
            Ok(rest)
        }
        Part::Minute | Part::ZeroMinute => {
            let (minute, rest) = digits(text, 2, part == Part::ZeroMinute)?;
            if minute > 59 {
                return Err(Some("minute"));
            }
            civil.minute = minute;
            Ok(rest)
        }
        Part::Second | Part::ZeroSecond => {
            let (second, rest) = digits(text, 2, part == Part::ZeroSecond)?;
            if second > 59 {
                return Err(Some("second"));
            }
            civil.second = second;
            // A fraction may follow though the layout has none.
            let has_own = matches!(piece(after), Some((Part::Fraction { .. }, _)));
            let digit = rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
            if !has_own && digit && rest.starts_with(['.', ',']) {
                return nanos(rest, None, civil);
            }
            Ok(rest)
        }
        Part::Upper | Part::Lower => {
            let upper = part == Part::Upper;
            let marks = if upper { ["AM", "PM"] } else { ["am", "pm"] };
            let late = marks
                .iter()
                .position(|mark| text.starts_with(mark))
                .ok_or(None)?;
            read.afternoon = Some(late == 1);
            Ok(&text[2..])
        }
        Part::Zone => {
            let Some(end) = zone_length(text) else {
                return Err(None);
            };
            Ok(&text[end..])
        }
        Part::Iso {
            utc,
            colon,
            seconds,
            short,
        } => {
            if utc && let Some(rest) = text.strip_prefix('Z') {
                read.offset = 0;
                return Ok(rest);
            }
            let (offset, rest) = read_iso(text, colon, seconds, short)?;
            read.offset = offset;
            Ok(rest)
        }
        Part::Fraction { digits, trim, .. } => {
            if trim {
                let digit = text.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
                if !text.starts_with(['.', ',']) || !digit {
                    return Ok(text);
                }
                return nanos(text, None, civil);
            }
            nanos(text, Some(digits), civil)
        }
    }
}

/// One digit, or as many as asked for.
fn digits(text: &str, most: usize, all: bool) -> Result<(i64, &str), Option<&'static str>> {
    let found = text
        .bytes()
        .take(most)
        .take_while(u8::is_ascii_digit)
        .count();
    if found == 0 || (all && found < most) {
        return Err(None);
    }
    let number = text[..found].parse().map_err(|_| None)?;
    Ok((number, &text[found..]))
}

fn word<'t>(
    text: &'t str,
    list: &[&str],
    length: Option<usize>,
) -> Result<(i64, &'t str), Option<&'static str>> {
    for (index, name) in list.iter().enumerate() {
        let name = &name[..length.unwrap_or(name.len()).min(name.len())];
        if text
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
        {
            return Ok((
                i64::try_from(index).unwrap_or_default(),
                &text[name.len()..],
            ));
        }
    }
    Err(None)
}

fn nanos<'t>(text: &'t str, exactly: Option<usize>, civil: &mut Civil) -> Taken<'t> {
    let rest = text.strip_prefix(['.', ',']).ok_or(None)?;
    let there = rest.bytes().take_while(u8::is_ascii_digit).count();
    let count = match exactly {
        Some(count) if there < count => return Err(None),
        Some(count) => count,
        None => there,
    };
    let digits = &rest[..count.min(9)];
    let number: i64 = digits.parse().map_err(|_| None)?;
    civil.nano = number * 10_i64.pow(u32::try_from(9 - digits.len()).unwrap_or_default());
    Ok(&rest[count..])
}

fn read_iso(
    text: &str,
    colon: bool,
    seconds: bool,
    short: bool,
) -> Result<(i64, &str), Option<&'static str>> {
    let (sign, mut rest) = if let Some(rest) = text.strip_prefix('-') {
        (-1, rest)
    } else if let Some(rest) = text.strip_prefix('+') {
        (1, rest)
    } else {
        return Err(None);
    };
    let mut parts = [0_i64; 3];
    let count = 1 + usize::from(!short) + usize::from(seconds);
    for (index, slot) in parts.iter_mut().enumerate().take(count) {
        if index > 0 && colon {
            rest = rest.strip_prefix(':').ok_or(None)?;
        }
        let (number, after) = digits(rest, 2, true)?;
        *slot = number;
        rest = after;
    }
    if parts[0] > 24 || parts[1] > 60 || parts[2] > 60 {
        return Err(Some("time zone offset hour"));
    }
    Ok((sign * (parts[0] * 3600 + parts[1] * 60 + parts[2]), rest))
}

/// The length of a zone's short name at the start of the text, if one stands there.
fn zone_length(text: &str) -> Option<usize> {
    let signed = |text: &str| {
        let digits = text.strip_prefix(['+', '-'])?;
        let length = digits.bytes().take_while(u8::is_ascii_digit).count();
        let hours: u32 = digits.get(..length)?.parse().ok()?;
        (hours <= 23).then_some(length + 1)
    };
    if text.starts_with("ChST") || text.starts_with("MeST") {
        return Some(4);
    }
    if let Some(rest) = text.strip_prefix("GMT") {
        return Some(3 + signed(rest).unwrap_or(0));
    }
    if text.starts_with(['+', '-']) {
        return signed(text);
    }
    let upper = text.bytes().take_while(u8::is_ascii_uppercase).count();
    match upper {
        3 => Some(3),
        4 if text.as_bytes()[3] == b'T' || text.starts_with("WITA") => Some(4),
        5 if text.as_bytes()[4] == b'T' => Some(5),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_time_is_written_as_the_reference_time_would_be() {
        let civil = Civil::of(1_771_684_327_842_000_000);
        assert_eq!(
            format(RFC3339_NANO, &civil, 0, "UTC"),
            "2026-02-21T14:32:07.842Z"
        );
        assert_eq!(
            format("Jan _2, 2006 at 3:04pm (MST)", &civil, 0, "UTC"),
            "Feb 21, 2026 at 2:32pm (UTC)"
        );
        assert_eq!(
            format("06.002 -07:00 .000", &civil, -5400, "X"),
            "26.052 -01:30 .842"
        );
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(
            parse(RFC3339, "2026-02-21T14:32:07.842Z").unwrap(),
            1_771_684_327_842_000_000
        );
        assert_eq!(parse(RFC3339, "1970-01-01T01:00:00+01:00").unwrap(), 0);
        assert_eq!(
            parse("2006-01-02", "1970-01-02").unwrap(),
            86_400_000_000_000
        );
        assert_eq!(
            parse(RFC3339, "1970-13-01T00:00:00Z").unwrap_err().message,
            "parsing time \"1970-13-01T00:00:00Z\": month out of range"
        );
        assert_eq!(
            parse(RFC3339, "yesterday").unwrap_err().message,
            "parsing time \"yesterday\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"yesterday\" as \"2006\""
        );
    }

    #[test]
    fn plain_texts_are_read_as_layouts_are() {
        let dates = [
            "2024-02-29",
            "2023-02-29",
            "1969-12-31",
            "0000-01-01",
            "9999-12-31",
            "2024-13-01",
            "2024-00-10",
            "2024-4-01",
            "202a-01-01",
            "2100-02-29",
        ];
        let times = [
            "T00:00:00",
            "T23:59:59",
            "T24:00:00",
            "T12:60:00",
            "T12:00:60",
            "t10:00:00",
            " 10:00:00",
            "T1:00:00",
        ];
        let fractions = [
            "",
            ".5",
            ".123456789",
            ".1234567891",
            ".",
            ",5",
            ".000000001",
        ];
        let zones = [
            "Z", "z", "+00:00", "-00:00", "+19:59", "-07:30", "+24:00", "+23:59", "+1:00", "",
            "Zx", "+01:60", "+0100",
        ];
        let mut read = 0;
        for date in dates {
            for time in times {
                for (fraction, zone) in fractions
                    .iter()
                    .flat_map(|part| zones.map(|zone| (part, zone)))
                {
                    let text = format!("{date}{time}{fraction}{zone}");
                    if let Some(ns) = plain_rfc3339(&text) {
                        assert_eq!(parse(RFC3339, &text).ok(), Some(ns), "{text}");
                        read += 1;
                    }
                }
            }
        }
        assert!(read > 100, "{read}");
    }
}
