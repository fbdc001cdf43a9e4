//! What came of all rules: a table for people, JSON for programs.

use crate::rule::{Level, Miss, Outcome, Rule, Verdict};
use crate::target::{Kind, Target};
use serde::Serialize;
use std::fmt;

/// What came of grading one endpoint.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// `whip` or `whep`.
    pub kind: &'static str,
    /// The endpoint, without user, password and query, which may be secret.
    pub url: String,
    /// A line for each rule, in the order in which they were tried.
    pub lines: Vec<Line>,
}

/// What came of one rule.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// The rule.
    pub id: &'static str,
    /// Passed or not.
    pub verdict: Verdict,
    /// Who asks for it.
    pub level: Level,
    /// What the server did, or why it cannot be told.
    pub seen: String,
    /// What it should do.
    pub says: &'static str,
    /// Where that is written.
    pub section: &'static str,
}

impl Report {
    pub(crate) fn new(target: &Target) -> Report {
        let mut url = target.url.clone();
        url.set_query(None);
        // A URL that cannot have them has none.
        let _ = url.set_password(None);
        let _ = url.set_username("");
        Report {
            kind: match target.kind {
                Kind::Whip => "whip",
                Kind::Whep => "whep",
            },
            url: url.into(),
            lines: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, rule: &Rule, outcome: Outcome) {
        let (verdict, seen) = match outcome {
            Ok(seen) => (Verdict::Pass, seen),
            Err(Miss::Broken(seen)) => (Verdict::Fail, seen),
            Err(Miss::Unknown(why)) => (Verdict::Unknown, why),
        };
        self.lines.push(Line {
            id: rule.id,
            verdict,
            level: rule.level,
            seen: one_line(&seen),
            says: rule.says,
            section: rule.section,
        });
    }

    /// The rules that came out so.
    pub fn with(&self, verdict: Verdict) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |line| line.verdict == verdict)
    }

    /// Whether no rule is broken.
    pub fn is_clean(&self) -> bool {
        self.with(Verdict::Fail).next().is_none()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} at {}\n", self.kind.to_uppercase(), self.url)?;
        for line in &self.lines {
            let verdict = match line.verdict {
                Verdict::Pass => "pass",
                Verdict::Fail => "FAIL",
                Verdict::Unknown => "-",
            };
            let level = match line.level {
                Level::Must => "must",
                Level::Should => "should",
                Level::Sense => "sense",
            };
            writeln!(f, "{:<5} {verdict:<5} {level:<7} {}", line.id, line.says)?;
            writeln!(f, "{:20} {}", "", line.section)?;
            writeln!(f, "{:20} seen: {}", "", line.seen)?;
        }
        writeln!(
            f,
            "\n{} pass, {} fail, {} not applicable or cannot be told",
            self.with(Verdict::Pass).count(),
            self.with(Verdict::Fail).count(),
            self.with(Verdict::Unknown).count()
        )
    }
}

/// What a server wrote must not break the table.
fn one_line(text: &str) -> String {
    const LONGEST: usize = 300;
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    clean.take(LONGEST).collect()
}
