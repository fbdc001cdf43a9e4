//! All sessions of an instructor in numbers: which hours of the week are watched most.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;

use super::csv::Table;
use super::store_report::{self, Held};
use crate::App;
use crate::accounts::User;
use crate::db::Ts;
use crate::error::Result;

/// How far back it looks.
const SINCE_S: i64 = 366 * 86_400;
/// More sessions than that are not looked at.
const MOST_SESSIONS: i64 = 2000;

/// All sessions of the last year.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct Overview {
    /// By the instructor's time zone, from Monday on.
    slots: Vec<Slot>,
    totals: Totals,
}

/// An hour of the week.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Slot {
    /// 1 is Monday.
    weekday: i8,
    /// In which sessions began.
    hour: i8,
    sessions: i64,
    /// At the same time, over the whole of these sessions.
    average_viewers: f64,
}

/// All of it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    sessions: i64,
    enrolments: i64,
    revenue_tokens: i64,
    /// Of any of them.
    peak_viewers: i64,
    /// Live.
    watch_seconds: i64,
}

/// Makes the overview of `instructor`.
///
/// # Errors
/// The database's own.
pub async fn of(app: &App, instructor: &User) -> Result<Overview> {
    let zone = TimeZone::get(&instructor.time_zone).unwrap_or(TimeZone::UTC);
    Ok(Overview::new(&held(app, instructor).await?, &zone, Ts::now()))
}

/// The same as a table, a row for each session.
///
/// # Errors
/// The database's own.
pub async fn table(app: &App, instructor: &User) -> Result<String> {
    let mut table = Table::new(&[
        "title",
        "start",
        "end",
        "enrolments",
        "revenueTokens",
        "peakViewers",
        "watchSeconds",
    ]);
    for one in held(app, instructor).await? {
        let time = |at: Ts| at.timestamp().to_string();
        table.row(&[
            &one.title,
            &time(one.actual_start),
            &one.actual_end.map(time).unwrap_or_default(),
            &one.enrolments.to_string(),
            &one.revenue_tokens.to_string(),
            &one.max_viewers.to_string(),
            &one.watch_seconds.to_string(),
        ]);
    }
    Ok(table.into_text())
}

async fn held(app: &App, instructor: &User) -> Result<Vec<Held>> {
    let since = Ts::now().plus_s(-SINCE_S);
    Ok(store_report::held(&app.db, instructor.id, since, MOST_SESSIONS).await?)
}

impl Overview {
    fn new(held: &[Held], zone: &TimeZone, now: Ts) -> Overview {
        let mut totals = Totals::default();
        let mut slots: BTreeMap<(i8, i8), Vec<f64>> = BTreeMap::new();
        for one in held {
            totals.sessions += 1;
            totals.enrolments += one.enrolments;
            totals.revenue_tokens += one.revenue_tokens;
            totals.peak_viewers = totals.peak_viewers.max(one.max_viewers);
            totals.watch_seconds += one.watch_seconds;
            let start = one.actual_start.timestamp().to_zoned(zone.clone());
            let key = (start.weekday().to_monday_one_offset(), start.hour());
            slots.entry(key).or_default().push(one.average_viewers(now));
        }
        let slot = |((weekday, hour), averages): ((i8, i8), Vec<f64>)| {
            let mean = averages.iter().sum::<f64>() / averages.len() as f64;
            Slot {
                weekday,
                hour,
                sessions: i64::try_from(averages.len()).unwrap_or(i64::MAX),
                average_viewers: (mean * 10.0).round() / 10.0,
            }
        };
        Overview {
            slots: slots.into_iter().map(slot).collect(),
            totals,
        }
    }
}

impl Held {
    fn average_viewers(&self, now: Ts) -> f64 {
        let length = self.actual_end.unwrap_or(now).unix_s() - self.actual_start.unix_s();
        self.watch_seconds as f64 / length.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_of_the_week_are_those_of_the_instructor() {
        let at = |text: &str| Ts::from(text.parse::<jiff::Timestamp>().unwrap());
        let held = |start: &str, end: &str, watch_seconds| Held {
            title: "x".into(),
            actual_start: at(start),
            actual_end: Some(at(end)),
            max_viewers: 9,
            enrolments: 2,
            revenue_tokens: 10,
            watch_seconds,
        };
        let all = [
            held("2026-01-07T13:05:00Z", "2026-01-07T14:05:00Z", 3600 * 4), // Wednesday, 14:05 in winter
            held("2026-07-08T12:10:00Z", "2026-07-08T13:10:00Z", 3600 * 5), // Wednesday, 14:10 in summer
        ];
        let zone = TimeZone::get("Europe/Amsterdam").unwrap();
        let overview = Overview::new(&all, &zone, at("2026-08-01T00:00:00Z"));
        let slot = Slot {
            weekday: 3,
            hour: 14,
            sessions: 2,
            average_viewers: 4.5,
        };
        assert_eq!(overview.slots, [slot]);
        assert_eq!(
            (overview.totals.revenue_tokens, overview.totals.watch_seconds),
            (20, 32_400)
        );
    }
}
