//! Calendar files (RFC 5545): one session, or a feed of many. Every session is an event of its own with its times in UTC,
//! which no client reads wrongly.
//!
//! Written here and not by a library: the one that is kept up (`icalendar`) puts a DTSTAMP into alarms, where it has no
//! place, and leaves carriage returns in texts.

use jiff::tz::TimeZone;

use super::{Session, Status};
use crate::db::Ts;

/// Longest line in bytes without its end (RFC 5545 section 3.1).
const LINE_BYTES: usize = 75;

/// How often a feed is worth asking for.
const REFRESH: &str = "PT1H";

/// Writes `sessions` as one calendar. `watch_url` gives the page of a session; `name` is what a feed is called.
#[must_use]
pub fn write(sessions: &[Session], name: Option<&str>, watch_url: impl Fn(&Session) -> String) -> String {
    let mut file = File::default();
    file.line("BEGIN", "VCALENDAR");
    file.line("VERSION", "2.0");
    file.line("PRODID", "-//Lectern//Live classes//EN");
    file.line("CALSCALE", "GREGORIAN");
    file.line("METHOD", "PUBLISH");
    if let Some(name) = name {
        file.text("NAME", name); // RFC 7986 section 5.1
        file.text("X-WR-CALNAME", name);
        file.line("REFRESH-INTERVAL;VALUE=DURATION", REFRESH); // RFC 7986 section 5.7
        file.line("X-PUBLISHED-TTL", REFRESH);
    }
    for session in sessions {
        file.event(session, &watch_url(session));
    }
    file.line("END", "VCALENDAR");
    file.0
}

#[derive(Default)]
struct File(String);

impl File {
    fn event(&mut self, session: &Session, url: &str) {
        let is_cancelled = session.status == Status::Cancelled;
        self.line("BEGIN", "VEVENT");
        self.line("UID", &format!("{}@lectern", session.id)); // the same wherever the server moves to
        self.line("DTSTAMP", &utc(session.updated_at));
        self.line("LAST-MODIFIED", &utc(session.updated_at));
        self.line("DTSTART", &utc(session.scheduled_start));
        self.line("DTEND", &utc(session.scheduled_end()));
        self.text("SUMMARY", &session.title);
        self.text("DESCRIPTION", &description(session, url));
        self.text("LOCATION", url);
        self.line("URL", url);
        self.line("STATUS", if is_cancelled { "CANCELLED" } else { "CONFIRMED" });
        self.line("SEQUENCE", &session.sequence.to_string());
        if !is_cancelled {
            self.line("BEGIN", "VALARM");
            self.line("ACTION", "DISPLAY");
            self.line("TRIGGER", "-PT1H");
            self.text("DESCRIPTION", &session.title);
            self.line("END", "VALARM");
        }
        self.line("END", "VEVENT");
    }

    /// A property of type TEXT (section 3.3.11).
    fn text(&mut self, name: &str, text: &str) {
        let mut value = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                '\\' | ';' | ',' => value.extend(['\\', character]),
                '\n' => value.push_str("\\n"),
                '\t' => value.push('\t'),
                control if control.is_control() => {}
                other => value.push(other),
            }
        }
        self.line(name, &value);
    }

    /// One content line, folded between characters (section 3.1).
    fn line(&mut self, name: &str, value: &str) {
        let mut used = 0;
        for character in name.chars().chain([':']).chain(value.chars()) {
            if used + character.len_utf8() > LINE_BYTES {
                self.0.push_str("\r\n ");
                used = 1;
            }
            self.0.push(character);
            used += character.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}

fn description(session: &Session, url: &str) -> String {
    let parts = [session.topic.as_deref(), session.description.as_deref(), Some(url)];
    let said: Vec<&str> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    said.join("\n\n")
}

/// A date with UTC time (section 3.3.5, form 2).
fn utc(at: Ts) -> String {
    at.timestamp()
        .to_zoned(TimeZone::UTC)
        .strftime("%Y%m%dT%H%M%SZ")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(write: impl FnOnce(&mut File)) -> String {
        let mut file = File::default();
        write(&mut file);
        file.0
    }

    #[test]
    fn texts_are_escaped() {
        let cases = [
            ("a;b,c\\d", "X:a\\;b\\,c\\\\d\r\n"),
            ("one\r\ntwo", "X:one\\ntwo\r\n"),
            ("bell\u{7}", "X:bell\r\n"),
        ];
        for (text, want) in cases {
            assert_eq!(lines(|file| file.text("X", text)), want);
        }
    }

    #[test]
    fn long_lines_are_folded_between_characters() {
        for length in [70, 73, 74, 75, 76, 150, 500] {
            let text = "é€x🎥".repeat(length);
            let folded = lines(|file| file.text("SUMMARY", &text));
            assert!(folded.split("\r\n").all(|line| line.len() <= LINE_BYTES), "{folded}");
            assert_eq!(folded.replace("\r\n ", ""), format!("SUMMARY:{text}\r\n"));
        }
    }
}
