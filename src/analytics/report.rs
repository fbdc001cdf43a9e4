//! One session in numbers.

use std::collections::HashSet;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::csv::Table;
use super::store_report::{self, Counts, VisitRow};
use crate::App;
use crate::db::Ts;
use crate::error::Result;
use crate::sessions::Session;

/// Points of the curve.
const MOST_POINTS: i64 = 120;
/// Shortest time between two of them.
const STEP_US: i64 = 10_000_000;

/// How a session was watched, and what came of it.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    session_id: Uuid,
    /// From its start to its end, or until now.
    points: Vec<Point>,
    joins: usize,
    /// Before the end.
    leaves: usize,
    /// Users, and connections of nobody signed in.
    unique_viewers: usize,
    peak_viewers: i64,
    /// While it was live.
    average_watch_seconds: i64,
    chat_messages: i64,
    chatters: i64,
    poll_votes: i64,
    reactions: i64,
    questions: i64,
    enrolments: i64,
    revenue_tokens: i64,
    replay_views: i64,
    replay_seconds: i64,
}

/// How many watched at a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct Point {
    at: Ts,
    viewers: i64,
}

/// The part of a visit in which the session was live.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Stay {
    from: i64,
    to: i64,
}

/// Makes the report of `session`.
///
/// # Errors
/// The database's own.
pub async fn of(app: &App, session: &Session) -> Result<Report> {
    let visits = store_report::live_visits(&app.db, session.id).await?;
    let counts = store_report::counts(&app.db, session.id).await?;
    Ok(Report::new(session, &visits, counts, Ts::now()))
}

impl Report {
    fn new(session: &Session, visits: &[VisitRow], counts: Counts, now: Ts) -> Report {
        let span = session.actual_start.map(|start| Stay {
            from: start.0,
            to: session.actual_end.unwrap_or(now).0.max(start.0),
        });
        let stays: Vec<(Option<Uuid>, Stay)> = visits
            .iter()
            .filter_map(|visit| Some((visit.user_id, visit.within(span?)?)))
            .collect();
        let users: HashSet<Uuid> = stays.iter().filter_map(|(user, _)| *user).collect();
        let unique_viewers = users.len() + stays.iter().filter(|(user, _)| user.is_none()).count();
        let stays: Vec<Stay> = stays.into_iter().map(|(_, stay)| stay).collect();
        let seconds = stays.iter().map(|stay| stay.to - stay.from).sum::<i64>() / 1_000_000;
        let viewers = i64::try_from(unique_viewers).unwrap_or(i64::MAX);
        Report {
            session_id: session.id,
            points: span.map_or_else(Vec::new, |span| curve(&stays, span)),
            joins: stays.len(),
            leaves: stays
                .iter()
                .filter(|stay| span.is_some_and(|span| stay.to < span.to))
                .count(),
            unique_viewers,
            peak_viewers: peak(&stays),
            average_watch_seconds: seconds / viewers.max(1),
            chat_messages: counts.chat_messages,
            chatters: counts.chatters,
            poll_votes: counts.poll_votes,
            reactions: counts.reactions,
            questions: counts.questions,
            enrolments: counts.enrolments,
            revenue_tokens: counts.revenue_tokens,
            replay_views: counts.replay_views,
            replay_seconds: counts.replay_seconds,
        }
    }

    /// A row for each number, and one for each point of the curve.
    #[must_use]
    pub fn table(&self, title: &str) -> String {
        let mut table = Table::new(&["metric", "at", "value"]);
        let mut number = |name: &str, value: i64| table.row(&[name, "", &value.to_string()]);
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        number("joins", count(self.joins));
        number("leaves", count(self.leaves));
        number("uniqueViewers", count(self.unique_viewers));
        number("peakViewers", self.peak_viewers);
        number("averageWatchSeconds", self.average_watch_seconds);
        number("chatMessages", self.chat_messages);
        number("chatters", self.chatters);
        number("pollVotes", self.poll_votes);
        number("reactions", self.reactions);
        number("questions", self.questions);
        number("enrolments", self.enrolments);
        number("revenueTokens", self.revenue_tokens);
        number("replayViews", self.replay_views);
        number("replaySeconds", self.replay_seconds);
        table.row(&["title", "", title]);
        for point in &self.points {
            table.row(&["viewers", &point.at.timestamp().to_string(), &point.viewers.to_string()]);
        }
        table.into_text()
    }
}

impl VisitRow {
    fn within(&self, span: Stay) -> Option<Stay> {
        let stay = Stay {
            from: self.began_at.0.max(span.from),
            to: self.until.0.min(span.to),
        };
        (stay.from < stay.to).then_some(stay)
    }
}

/// How many were there at evenly spread moments.
fn curve(stays: &[Stay], span: Stay) -> Vec<Point> {
    let step = ((span.to - span.from) / MOST_POINTS).max(STEP_US);
    let moments = (span.from..=span.to).step_by(usize::try_from(step).unwrap_or(usize::MAX));
    let at = |moment: i64| Point {
        at: Ts(moment),
        viewers: stays
            .iter()
            .filter(|stay| stay.from <= moment && moment < stay.to)
            .count()
            .try_into()
            .unwrap_or(i64::MAX),
    };
    moments.map(at).collect()
}

/// The most at the same time. Who goes in the same instant as another comes makes room for them.
fn peak(stays: &[Stay]) -> i64 {
    let mut changes: Vec<(i64, i64)> = stays.iter().flat_map(|stay| [(stay.from, 1), (stay.to, -1)]).collect();
    changes.sort_unstable();
    let there = changes.iter().scan(0, |there, (_, change)| {
        *there += change;
        Some(*there)
    });
    there.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000;

    fn stay(from: i64, to: i64) -> Stay {
        Stay {
            from: from * S,
            to: to * S,
        }
    }

    #[test]
    fn the_curve_and_the_peak_are_those_of_the_stays() {
        let stays = [stay(0, 25), stay(5, 15), stay(15, 20), stay(20, 60)];
        assert_eq!(peak(&stays), 2);
        let viewers: Vec<i64> = curve(&stays, stay(0, 60)).iter().map(|point| point.viewers).collect();
        assert_eq!(viewers, [1, 2, 2, 1, 1, 1, 0]);
        assert_eq!(curve(&stays, stay(0, 36_000)).len(), 121);
    }

    #[test]
    fn who_waited_before_the_start_has_not_watched_then() {
        let visit = |from, to| VisitRow {
            user_id: None,
            began_at: Ts(from * S),
            until: Ts(to * S),
        };
        assert_eq!(visit(0, 30).within(stay(10, 20)), Some(stay(10, 20)));
        assert_eq!(visit(0, 10).within(stay(10, 20)), None);
        assert_eq!(visit(20, 30).within(stay(10, 20)), None);
    }
}
