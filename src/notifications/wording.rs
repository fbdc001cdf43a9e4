//! The words of notices: templates in English and Dutch, with times in the reader's zone. The text of a mail and its HTML
//! come from the same words, so that they never differ.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior, Value, context};

use crate::accounts::Language;
use crate::notice::Template;

macro_rules! texts {
    ($($name:literal),* $(,)?) => {
        &[$(
            (concat!("en/", $name), include_str!(concat!("templates/en/", $name, ".txt"))),
            (concat!("nl/", $name), include_str!(concat!("templates/nl/", $name, ".txt"))),
        )*]
    };
}

const TEXTS: &[(&str, &str)] = texts![
    "enrolled",
    "enrolled-replay",
    "footer",
    "magic-link",
    "new-series",
    "new-session",
    "reminder15m",
    "reminder24h",
    "replay-expires",
    "series-cancelled",
    "session-cancelled",
    "session-moved",
];
const LAYOUT: &str = include_str!("templates/layout.html");

const DAYS: [(&str, &str); 7] = [
    ("Monday", "maandag"),
    ("Tuesday", "dinsdag"),
    ("Wednesday", "woensdag"),
    ("Thursday", "donderdag"),
    ("Friday", "vrijdag"),
    ("Saturday", "zaterdag"),
    ("Sunday", "zondag"),
];
const MONTHS: [(&str, &str); 12] = [
    ("January", "januari"),
    ("February", "februari"),
    ("March", "maart"),
    ("April", "april"),
    ("May", "mei"),
    ("June", "juni"),
    ("July", "juli"),
    ("August", "augustus"),
    ("September", "september"),
    ("October", "oktober"),
    ("November", "november"),
    ("December", "december"),
];

/// Whom a text is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Reader {
    /// As they are spoken to.
    pub(super) name: String,
    /// What they read.
    pub(super) language: Language,
    /// IANA name of the zone they live in.
    pub(super) time_zone: String,
}

/// A notice in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Words {
    /// One line.
    pub(super) subject: String,
    /// One or two sentences, for a push message or an SMS.
    pub(super) short: String,
    /// Paragraphs, each of some lines.
    pub(super) paragraphs: Vec<Vec<String>>,
    /// What the link says.
    pub(super) action: String,
}

/// The templates, read once.
#[derive(Debug)]
pub(super) struct Wording(Environment<'static>);

impl Wording {
    /// Reads the templates.
    ///
    /// # Panics
    /// When one of them cannot be read; a test reads them all.
    #[must_use]
    pub(super) fn new() -> Wording {
        let mut texts = Environment::new();
        texts.set_undefined_behavior(UndefinedBehavior::Strict);
        texts.set_auto_escape_callback(|name| match name.ends_with(".html") {
            true => AutoEscape::Html,
            false => AutoEscape::None,
        });
        texts.add_filter("when", |state: &State, at: &str| tell(state, at, day_and_time));
        texts.add_filter("time", |state: &State, at: &str| {
            tell(state, at, |at, _| at.strftime("%H:%M").to_string())
        });
        for (name, text) in TEXTS {
            texts.add_template(name, text).expect("the texts can be read");
        }
        texts
            .add_template("layout.html", LAYOUT)
            .expect("the layout can be read");
        Wording(texts)
    }

    /// The text `template` for `reader`.
    ///
    /// # Errors
    /// A fact is missing in it.
    pub(super) fn say(
        &self,
        template: Template,
        reader: &Reader,
        facts: &BTreeMap<String, serde_json::Value>,
    ) -> anyhow::Result<Words> {
        let mut known: BTreeMap<String, Value> = facts.iter().map(|(name, fact)| (name.clone(), value(fact))).collect();
        known.insert("name".into(), reader.name.as_str().into());
        known.insert("language".into(), reader.language.as_str().into());
        known.insert("time_zone".into(), reader.time_zone.as_str().into());
        let name = format!("{}/{}", reader.language.as_str(), template.as_str());
        let text = self
            .0
            .get_template(&name)
            .with_context(|| format!("there is no text {name}"))?;
        let mut blocks = text.render_captured(Value::from(known))?;
        let mut block = |name| blocks.with_state_mut(|state| state.render_block(name));
        Ok(Words {
            subject: one_line(&block("subject")?),
            short: one_line(&block("short")?),
            paragraphs: paragraphs(&block("body")?),
            action: one_line(&block("action")?),
        })
    }

    /// `words` as a page; `link` and `unsubscribe` are whole addresses.
    ///
    /// # Errors
    /// A layout that does not fit, which a test would show.
    pub(super) fn html(
        &self,
        words: &Words,
        language: Language,
        link: Option<&str>,
        unsubscribe: Option<&str>,
    ) -> anyhow::Result<String> {
        let page = context! {
            language => language.as_str(),
            subject => words.subject.as_str(),
            paragraphs => words.paragraphs.clone(),
            action => words.action.as_str(),
            link => link,
            unsubscribe => unsubscribe,
            footer => self.footer(language)?,
        };
        Ok(self.0.get_template("layout.html")?.render(page)?)
    }

    /// `words` as plain text.
    ///
    /// # Errors
    /// As [`Wording::html`].
    pub(super) fn text(
        &self,
        words: &Words,
        language: Language,
        link: Option<&str>,
        unsubscribe: Option<&str>,
    ) -> anyhow::Result<String> {
        let mut parts: Vec<String> = words.paragraphs.iter().map(|lines| lines.join("\n")).collect();
        parts.extend(link.map(|link| format!("{}:\n{link}", words.action)));
        if let Some(unsubscribe) = unsubscribe {
            parts.push(format!("-- \n{}:\n{unsubscribe}", self.footer(language)?));
        }
        Ok(parts.join("\n\n") + "\n")
    }

    fn footer(&self, language: Language) -> anyhow::Result<String> {
        let footer = self.0.get_template(&format!("{}/footer", language.as_str()))?;
        Ok(one_line(&footer.render(())?))
    }
}

impl Default for Wording {
    fn default() -> Wording {
        Wording::new()
    }
}

/// The moment `at` (RFC 3339) where the reader lives.
fn tell(state: &State, at: &str, write: impl Fn(&jiff::Zoned, Language) -> String) -> Result<String, Error> {
    let fact = |name| {
        state
            .lookup(name)
            .and_then(|value| value.as_str().map(str::to_owned))
            .unwrap_or_default()
    };
    let zone = TimeZone::get(&fact("time_zone")).unwrap_or(TimeZone::UTC);
    let at: Timestamp = at
        .parse()
        .map_err(|error| Error::new(ErrorKind::InvalidOperation, format!("{at} is no moment: {error}")))?;
    let language = Language::try_from(fact("language")).unwrap_or(Language::En);
    Ok(write(&at.to_zoned(zone), language))
}

/// "Wednesday 2 December 2026 at 15:00 (Europe/Amsterdam)".
fn day_and_time(at: &jiff::Zoned, language: Language) -> String {
    let (day, month) = (
        DAYS[usize::from(at.weekday().to_monday_zero_offset().unsigned_abs())],
        MONTHS[usize::from(at.month().unsigned_abs()) - 1],
    );
    let zone = at.time_zone().iana_name().unwrap_or("UTC");
    let (number, year, time) = (at.day(), at.year(), at.strftime("%H:%M"));
    match language {
        Language::En => format!("{} {number} {} {year} at {time} ({zone})", day.0, month.0),
        Language::Nl => format!("{} {number} {} {year} om {time} ({zone})", day.1, month.1),
    }
}

fn value(fact: &serde_json::Value) -> Value {
    match fact {
        serde_json::Value::Bool(fact) => (*fact).into(),
        serde_json::Value::Number(fact) => fact.as_i64().map_or_else(|| fact.to_string().into(), Value::from),
        serde_json::Value::String(fact) => fact.as_str().into(),
        serde_json::Value::Array(facts) => facts.iter().map(value).collect(),
        _ => Value::UNDEFINED,
    }
}

/// Without the line breaks of the template, or of a title.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn paragraphs(text: &str) -> Vec<Vec<String>> {
    let text = text.replace('\r', "");
    let lines = text
        .trim()
        .lines()
        .map(str::trim)
        .map(str::to_owned)
        .collect::<Vec<_>>();
    lines
        .split(String::is_empty)
        .filter(|lines| !lines.is_empty())
        .map(<[String]>::to_vec)
        .collect()
}

/// The body of an SMS as the settings of the gateway have it.
///
/// # Errors
/// A template that does not fit.
pub(super) fn sms_body(template: &str, to: &str, text: &str) -> anyhow::Result<String> {
    let mut sms = Environment::new();
    sms.set_auto_escape_callback(|_| AutoEscape::None);
    sms.add_filter("json", |text: &str| serde_json::Value::from(text).to_string());
    sms.add_filter("urlencode", |text: &str| {
        url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()
    });
    let body = sms.render_str(template, context! { to => to, text => text });
    body.map_err(|error| anyhow!(error).context("`sms.body` cannot be filled in"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(language: Language) -> Reader {
        Reader {
            name: "Anna <3".into(),
            language,
            time_zone: "Europe/Amsterdam".into(),
        }
    }

    fn facts() -> BTreeMap<String, serde_json::Value> {
        let facts = [
            (
                "title",
                serde_json::Value::from("Yoga & <b>rust</b>\r\nBcc: x@example.org"),
            ),
            ("instructor", "Bob".into()),
            ("start", "2026-12-02T14:00:00Z".into()),
            ("starts", vec!["2026-12-02T14:00:00Z", "2026-12-09T14:00:00Z"].into()),
            ("was", "2026-12-01T14:00:00Z".into()),
            ("until", "2026-07-02T14:00:00Z".into()),
            ("minutes", 60.into()),
            ("tokens", 1.into()),
        ];
        facts.map(|(name, fact)| (name.to_owned(), fact)).into()
    }

    #[test]
    fn every_text_can_be_said_in_every_language() {
        let wording = Wording::new();
        let texts = Template::ALL.map(|template| [Language::En, Language::Nl].map(|language| (template, language)));
        for (template, language) in texts.into_iter().flatten() {
            let reader = reader(language);
            let name = format!("{}/{}", language.as_str(), template.as_str());
            let words = wording.say(template, &reader, &facts()).unwrap();
            assert!(
                !words.subject.is_empty() && !words.short.is_empty() && !words.action.is_empty(),
                "{name}"
            );
            assert!(
                !words.subject.contains(['\r', '\n']),
                "{name}: no header can be slipped in"
            );
            assert!(words.paragraphs.len() >= 2, "{name}: {words:?}");
            assert!(words.paragraphs[0][0].contains("Anna"), "{name}");
            let html = wording
                .html(&words, reader.language, Some("https://x.example/?a=1&b=2"), None)
                .unwrap();
            assert!(html.contains("Anna &lt;3") && !html.contains("<b>"), "{name}: {html}");
        }
    }

    #[test]
    fn times_are_told_in_the_readers_zone_and_language() {
        let wording = Wording::new();
        let subject = |language| {
            wording
                .say(Template::Reminder24h, &reader(language), &facts())
                .unwrap()
                .subject
        };
        assert!(subject(Language::En).ends_with("Wednesday 2 December 2026 at 15:00 (Europe/Amsterdam)"));
        assert!(subject(Language::Nl).ends_with("woensdag 2 december 2026 om 15:00 (Europe/Amsterdam)"));
        let words = wording
            .say(Template::ReplayExpires, &reader(Language::Nl), &facts())
            .unwrap();
        assert!(
            words.subject.contains("donderdag 2 juli 2026 om 16:00"),
            "summer time: {words:?}"
        );
    }

    #[test]
    fn a_missing_fact_is_told_and_not_sent() {
        let wording = Wording::new();
        assert!(
            wording
                .say(Template::Reminder24h, &reader(Language::En), &BTreeMap::new())
                .is_err()
        );
    }

    #[test]
    fn an_sms_body_is_filled_in_safely() {
        let text = "Say \"hi\" & go";
        assert_eq!(
            sms_body(
                r#"{"to": {{ to|json }}, "text": {{ text|json }}}"#,
                "+31612345678",
                text
            )
            .unwrap(),
            r#"{"to": "+31612345678", "text": "Say \"hi\" & go"}"#
        );
        assert_eq!(
            sms_body("To={{ to|urlencode }}&Body={{ text|urlencode }}", "+316", text).unwrap(),
            "To=%2B316&Body=Say+%22hi%22+%26+go"
        );
    }
}
