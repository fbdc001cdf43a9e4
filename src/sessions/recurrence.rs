//! Weekly rules (RRULE, RFC 5545 section 3.3.10) and the moments that they name. Days and times are local: a class at
//! 14:00 in Amsterdam is at 14:00 there before and after the clocks change.

use std::str::FromStr;

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::db::Ts;

/// Ten years of weeks.
const MOST_COUNT: u32 = 520;
/// A rule with longer pauses is no weekly class.
const MOST_INTERVAL: u32 = 52;

/// A rule: every `interval` weeks on these days, until an end if there is one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    interval: u32,
    /// In the week's order, each once; empty: the day of the first one.
    days: Vec<Weekday>,
    week_start: Weekday,
    end: End,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Never,
    /// After so many.
    Count(u32),
    /// At this moment, which is still in.
    Until(Timestamp),
    /// With this local day, which is still in.
    UntilDay(Date),
}

impl FromStr for Rule {
    type Err = String;

    /// Reads `FREQ=WEEKLY` with `INTERVAL`, `BYDAY`, `WKST`, and `COUNT` or `UNTIL`; says what it does not take.
    fn from_str(text: &str) -> Result<Rule, String> {
        let mut rule = Rule {
            interval: 1,
            days: Vec::new(),
            week_start: Weekday::Monday,
            end: End::Never,
        };
        let mut is_weekly = false;
        let mut seen: Vec<String> = Vec::new();
        let text = text.trim().trim_start_matches("RRULE:");
        for part in text.split(';').filter(|part| !part.is_empty()) {
            let (name, value) = part
                .split_once('=')
                .ok_or_else(|| format!("{part} is not NAME=VALUE"))?;
            let (name, value) = (name.trim().to_ascii_uppercase(), value.trim().to_ascii_uppercase());
            if seen.contains(&name) {
                return Err(format!("{name} is there twice"));
            }
            match name.as_str() {
                "FREQ" if value == "WEEKLY" => is_weekly = true,
                "FREQ" => return Err("only FREQ=WEEKLY is supported".into()),
                "INTERVAL" => rule.interval = number(&name, &value, MOST_INTERVAL)?,
                "BYDAY" => rule.days = days(&value)?,
                "WKST" => rule.week_start = day(&value)?,
                "COUNT" | "UNTIL" if rule.end != End::Never => return Err("COUNT and UNTIL exclude each other".into()),
                "COUNT" => rule.end = End::Count(number(&name, &value, MOST_COUNT)?),
                "UNTIL" => rule.end = until(&value)?,
                other => return Err(format!("{other} is not supported")),
            }
            seen.push(name);
        }
        if !is_weekly {
            return Err("FREQ=WEEKLY is missing".into());
        }
        let start = rule.week_start;
        rule.days.sort_by_key(|day| start.until(*day));
        Ok(rule)
    }
}

impl Rule {
    /// Whether a series can begin on the day of `first` (section 3.8.5.3: the first one matches the rule).
    #[must_use]
    pub fn begins_on(&self, first: DateTime) -> bool {
        self.days.is_empty() || self.days.contains(&first.weekday())
    }

    /// The moments from `from` up to but without `until`, in order. A local time that the clocks skip is moved on by the
    /// gap; of one that comes twice the first is meant (section 3.3.5).
    #[must_use]
    pub fn between(&self, first: DateTime, zone: &TimeZone, from: Ts, until: Ts) -> Vec<Ts> {
        let mut found = Vec::new();
        for (index, local) in self.local_times(first).enumerate() {
            let Ok(zoned) = zone.to_ambiguous_zoned(local).compatible() else {
                break;
            };
            let at = zoned.timestamp();
            let is_over = match self.end {
                End::Never => false,
                End::Count(count) => index >= usize::try_from(count).unwrap_or(usize::MAX),
                End::Until(last) => at > last,
                End::UntilDay(last) => local.date() > last,
            };
            if is_over || Ts::from(at) >= until {
                break;
            }
            if Ts::from(at) >= from {
                found.push(at.into());
            }
        }
        found
    }

    fn local_times(&self, first: DateTime) -> impl Iterator<Item = DateTime> {
        let into_week = self.week_start.until(first.weekday());
        let week = first.date().saturating_sub(i32::from(into_week).days());
        let days = if self.days.is_empty() {
            vec![first.weekday()]
        } else {
            self.days.clone()
        };
        let (start, interval) = (self.week_start, self.interval);
        let weeks = (0_u32..).map_while(move |turn| {
            let days = i64::from(turn).checked_mul(i64::from(interval))?.checked_mul(7)?;
            week.checked_add(days.days()).ok()
        });
        weeks
            .flat_map(move |week| {
                let days = days.clone();
                days.into_iter()
                    .filter_map(move |day| week.checked_add(i32::from(start.until(day)).days()).ok())
            })
            .map(move |date| date.to_datetime(first.time()))
            .skip_while(move |local| *local < first)
    }
}

fn number(name: &str, value: &str, most: u32) -> Result<u32, String> {
    match value.parse() {
        Ok(number) if (1..=most).contains(&number) => Ok(number),
        _ => Err(format!("{name} must be 1 to {most}")),
    }
}

fn days(value: &str) -> Result<Vec<Weekday>, String> {
    let mut days = Vec::new();
    for name in value.split(',') {
        let day = day(name)?;
        if !days.contains(&day) {
            days.push(day);
        }
    }
    Ok(days)
}

fn day(name: &str) -> Result<Weekday, String> {
    Ok(match name {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return Err(format!("{name} is no day of the week (MO, TU, WE, TH, FR, SA, SU)")),
    })
}

fn until(value: &str) -> Result<End, String> {
    if let Ok(local) = DateTime::strptime("%Y%m%dT%H%M%SZ", value) {
        let at = local.to_zoned(TimeZone::UTC).map_err(|_| "UNTIL is out of range")?;
        return Ok(End::Until(at.timestamp()));
    }
    Date::strptime("%Y%m%d", value)
        .map(End::UntilDay)
        .map_err(|_| "UNTIL must be 20261231 or 20261231T130000Z".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(rule: &str, first: &str, zone: &str, until: &str) -> Vec<String> {
        let rule: Rule = rule.parse().unwrap();
        let until: Timestamp = until.parse().unwrap();
        let found = rule.between(
            first.parse().unwrap(),
            &TimeZone::get(zone).unwrap(),
            Ts(i64::MIN),
            until.into(),
        );
        found.into_iter().map(|at| at.timestamp().to_string()).collect()
    }

    #[test]
    fn a_weekly_class_keeps_its_local_time_when_the_clocks_change() {
        let found = times(
            "FREQ=WEEKLY;BYDAY=WE;COUNT=3",
            "2026-03-18T14:00",
            "Europe/Amsterdam",
            "2027-01-01T00:00Z",
        );
        assert_eq!(
            found,
            ["2026-03-18T13:00:00Z", "2026-03-25T13:00:00Z", "2026-04-01T12:00:00Z"]
        );
        let found = times(
            "FREQ=WEEKLY;BYDAY=WE;COUNT=2",
            "2026-10-21T14:00",
            "Europe/Amsterdam",
            "2027-01-01T00:00Z",
        );
        assert_eq!(found, ["2026-10-21T12:00:00Z", "2026-10-28T13:00:00Z"]);
    }

    #[test]
    fn a_time_that_is_skipped_moves_on_and_of_one_that_comes_twice_the_first_is_meant() {
        let found = times(
            "FREQ=WEEKLY;COUNT=3",
            "2026-03-22T02:30",
            "Europe/Amsterdam",
            "2027-01-01T00:00Z",
        );
        assert_eq!(
            found,
            ["2026-03-22T01:30:00Z", "2026-03-29T01:30:00Z", "2026-04-05T00:30:00Z"]
        );
        let found = times(
            "FREQ=WEEKLY;COUNT=2",
            "2026-10-18T02:30",
            "Europe/Amsterdam",
            "2027-01-01T00:00Z",
        );
        assert_eq!(found, ["2026-10-18T00:30:00Z", "2026-10-25T00:30:00Z"]);
    }

    #[test]
    fn rules_end_where_they_say() {
        let first = "2026-01-07T14:00"; // a Wednesday
        let run = |rule: &str| times(rule, first, "UTC", "2026-03-01T00:00:00Z");
        assert_eq!(run("FREQ=WEEKLY").len(), 8, "until the horizon");
        assert_eq!(run("FREQ=WEEKLY;INTERVAL=2").len(), 4);
        assert_eq!(run("FREQ=WEEKLY;UNTIL=20260121").len(), 3, "the last day is in");
        assert_eq!(
            run("FREQ=WEEKLY;UNTIL=20260121T140000Z").len(),
            3,
            "the last moment is in"
        );
        assert_eq!(run("FREQ=WEEKLY;UNTIL=20260121T135959Z").len(), 2);
        let days = run("FREQ=WEEKLY;BYDAY=FR,MO,WE;COUNT=4");
        assert_eq!(
            days,
            [
                "2026-01-07T14:00:00Z",
                "2026-01-09T14:00:00Z",
                "2026-01-12T14:00:00Z",
                "2026-01-14T14:00:00Z"
            ]
        );
        let rule: Rule = "RRULE:freq=weekly;byday=we".parse().unwrap();
        let at = |text: &str| Ts::from(text.parse::<Timestamp>().unwrap());
        let some = rule.between(
            first.parse().unwrap(),
            &TimeZone::UTC,
            at("2026-01-14T14:00:00Z"),
            at("2026-01-21T14:00:00Z"),
        );
        assert_eq!(some, [at("2026-01-14T14:00:00Z")], "from is in, until is not");
    }

    #[test]
    fn the_start_of_the_week_matters_for_every_second_week() {
        // the example of RFC 5545 section 3.8.5.3
        let run = |start: &str| {
            let rule = format!("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST={start}");
            let found = times(&rule, "1997-08-05T09:00", "America/New_York", "2000-01-01T00:00:00Z");
            found.into_iter().map(|at| at[5..10].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(run("MO"), ["08-05", "08-10", "08-19", "08-24"]);
        assert_eq!(run("SU"), ["08-05", "08-17", "08-19", "08-31"]);
    }

    #[test]
    fn what_is_no_weekly_rule_is_refused_with_the_reason() {
        let cases = [
            ("", "FREQ=WEEKLY is missing"),
            ("FREQ=DAILY", "only FREQ=WEEKLY"),
            ("FREQ=WEEKLY;BYDAY=1MO", "1MO is no day"),
            ("FREQ=WEEKLY;COUNT=0", "COUNT must be 1 to 520"),
            ("FREQ=WEEKLY;INTERVAL=99", "INTERVAL must be"),
            ("FREQ=WEEKLY;COUNT=2;UNTIL=20260101", "exclude each other"),
            ("FREQ=WEEKLY;UNTIL=tomorrow", "UNTIL must be"),
            ("FREQ=WEEKLY;BYMONTH=1", "BYMONTH is not supported"),
            ("FREQ=WEEKLY;FREQ=WEEKLY", "twice"),
            ("FREQ", "NAME=VALUE"),
        ];
        for (text, want) in cases {
            let error = text.parse::<Rule>().unwrap_err();
            assert!(error.contains(want), "{text}: {error}");
        }
    }
}
