//! Days and dates of the proleptic Gregorian calendar.

const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;

/// A date and a time of day. Parts beyond their range carry over into the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// The year; 0 is the year before 1.
    pub year: i64,
    /// The month, from 1.
    pub month: i64,
    /// The day, from 1.
    pub day: i64,
    /// The hour, from 0.
    pub hour: i64,
    /// The minute, from 0.
    pub minute: i64,
    /// The second, from 0.
    pub second: i64,
    /// The nanosecond, from 0.
    pub nano: i64,
}

impl Civil {
    /// The date of a number of nanoseconds since 1970, leap seconds left out.
    pub fn of(ns: i128) -> Self {
        let day = i64::try_from(ns.div_euclid(DAY)).unwrap_or_default();
        let within = i64::try_from(ns.rem_euclid(DAY)).unwrap_or_default();
        let seconds = within / 1_000_000_000;
        let (year, month, date) = date_of(day);
        Self {
            year,
            month,
            day: date,
            hour: seconds / 3600,
            minute: seconds / 60 % 60,
            second: seconds % 60,
            nano: within % 1_000_000_000,
        }
    }

    /// The number of nanoseconds since 1970.
    pub fn ns(&self) -> i128 {
        let month = self.month - 1;
        let year = self.year + month.div_euclid(12);
        let days = days_before(year, month.rem_euclid(12) + 1) + self.day - 1;
        let seconds =
            i128::from(self.hour) * 3600 + i128::from(self.minute) * 60 + i128::from(self.second);
        i128::from(days) * DAY + seconds * SECOND + i128::from(self.nano)
    }

    /// The day of the week, 0 for Sunday.
    pub fn weekday(&self) -> usize {
        let days = days_before(self.year, self.month) + self.day - 1;
        usize::try_from((days + 4).rem_euclid(7)).unwrap_or_default()
    }

    /// The day of the year, from 1.
    pub fn day_of_year(&self) -> i64 {
        days_before(self.year, self.month) - days_before(self.year, 1) + self.day
    }
}

/// Days between 1970-01-01 and the first of a month. Years are counted from March, so that leap days come last.
pub fn days_before(year: i64, month: i64) -> i64 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn date_of(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// How many days a month has.
pub fn days_in(year: i64, month: i64) -> i64 {
    let (next_year, next) = if month == 12 {
        (year + 1, 1)
    } else {
        (year, month + 1)
    };
    days_before(next_year, next) - days_before(year, month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_days_are_inverse() {
        for days in [-800_000, -719_468, -1, 0, 59, 60, 11_016, 19_782, 200_000] {
            let (year, month, day) = date_of(days);
            assert_eq!(days_before(year, month) + day - 1, days);
        }
        assert_eq!(date_of(0), (1970, 1, 1));
        assert_eq!(date_of(11_016), (2000, 2, 29));
        assert_eq!(days_in(1900, 2), 28);
    }

    #[test]
    fn the_first_day_was_a_thursday() {
        assert_eq!(Civil::of(0).weekday(), 4);
    }
}
