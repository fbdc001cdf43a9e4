//! What is decided about a session, what sessions are looked for by, and the dates that the end of one sets.

use jiff::ToSpan;
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::Status;
use crate::db::Ts;
use crate::error::{Error, Result};

/// What an instructor decides about a session.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Plan {
    /// For people.
    pub title: String,
    /// For people.
    pub description: Option<String>,
    /// Planned start.
    pub scheduled_start: Ts,
    /// Planned length.
    pub duration_minutes: i64,
    /// IANA name.
    pub time_zone: String,
    /// For people.
    pub topic: Option<String>,
    /// 1 to 4.
    pub phase_id: Option<i64>,
    /// For people.
    pub level: Option<String>,
    /// A picture.
    pub thumbnail_url: Option<String>,
    /// What enrolling costs.
    pub price_in_tokens: i64,
    /// Watched without a login.
    pub is_public: bool,
    /// Watched live by subscribers without enrolling.
    pub is_open_to_subscribers: bool,
    /// Whether the first media makes it live.
    pub goes_live_with_media: bool,
    /// Whether its recording is kept for the catalogue.
    pub is_kept_for_catalogue: bool,
    /// Whether it is to be recorded.
    pub recording_enabled: bool,
}

impl Plan {
    /// An hour from `scheduled_start` on, free, for people with an enrolment, recorded.
    #[must_use]
    pub fn new(title: &str, scheduled_start: Ts) -> Plan {
        Plan {
            title: title.into(),
            description: None,
            scheduled_start,
            duration_minutes: 60,
            time_zone: "UTC".into(),
            topic: None,
            phase_id: None,
            level: None,
            thumbnail_url: None,
            price_in_tokens: 0,
            is_public: false,
            is_open_to_subscribers: false,
            goes_live_with_media: true,
            is_kept_for_catalogue: false,
            recording_enabled: true,
        }
    }

    /// # Errors
    /// 422 for a zone that does not exist.
    pub(super) fn check(&self) -> Result<()> {
        match TimeZone::get(&self.time_zone) {
            Ok(_) => Ok(()),
            Err(_) => Err(Error::field(
                "timeZone",
                "is not an IANA time zone like Europe/Amsterdam",
            )),
        }
    }
}

/// Which sessions are looked for; what is not given does not matter.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Search {
    /// Of this status; without it, all but cancelled ones.
    pub status: Option<Status>,
    /// In title, topic or the instructor's name.
    pub text: Option<String>,
    /// Whose.
    pub instructor: Option<Uuid>,
    /// 1 to 4.
    pub phase: Option<i64>,
    /// That start at this moment or later.
    pub from: Option<Ts>,
    /// That start before this moment.
    pub until: Option<Ts>,
    /// Not the first so many.
    pub skip: i64,
}

/// The dates that the end of a session sets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EndDates {
    /// The end itself.
    pub ended_at: Ts,
    /// End of the replay; `None`: kept for ever.
    pub recording_expires_at: Option<Ts>,
    /// Two months by the calendar later (UTC).
    pub migration_scheduled_at: Ts,
}

impl EndDates {
    /// For a session that ends at `ended_at`; `retention_days` of 0 keep the replay for ever.
    #[must_use]
    pub fn new(ended_at: Ts, retention_days: u32) -> EndDates {
        let retention_s = i64::from(retention_days) * 24 * 3600;
        let in_utc = ended_at.timestamp().to_zoned(TimeZone::UTC);
        let migration = in_utc.saturating_add(2.months()).timestamp();
        EndDates {
            ended_at,
            recording_expires_at: (retention_days > 0).then(|| ended_at.plus_s(retention_s)),
            migration_scheduled_at: migration.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ts(text: &str) -> Ts {
        text.parse::<jiff::Timestamp>().unwrap().into()
    }

    #[test]
    fn the_end_sets_the_end_of_the_replay_and_the_move_to_the_catalogue() {
        let cases = [
            (
                "2026-01-14T15:00:00Z",
                7,
                Some("2026-01-21T15:00:00Z"),
                "2026-03-14T15:00:00Z",
            ),
            (
                "2026-12-31T15:00:00Z",
                30,
                Some("2027-01-30T15:00:00Z"),
                "2027-02-28T15:00:00Z",
            ),
            ("2026-10-20T15:00:00Z", 0, None, "2026-12-20T15:00:00Z"),
        ];
        for (ended_at, days, expires, migrates) in cases {
            let dates = EndDates::new(ts(ended_at), days);
            assert_eq!(dates.recording_expires_at, expires.map(ts), "{ended_at}");
            assert_eq!(dates.migration_scheduled_at, ts(migrates), "{ended_at}");
        }
    }
}
