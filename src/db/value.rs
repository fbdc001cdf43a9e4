//! Values on their way into SQL, the same for both databases, and the one type for times.

use jiff::Timestamp;
use sqlx::Arguments;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use uuid::Uuid;

/// One bound value. `None` inside is a NULL of that type, which PostgreSQL wants to know.
#[derive(Clone, Debug)]
pub enum Val {
    /// TEXT
    Text(Option<String>),
    /// BIGINT, also times
    Int(Option<i64>),
    /// BOOLEAN
    Bool(Option<bool>),
    /// UUID
    Uuid(Option<Uuid>),
    /// BYTEA
    Bytes(Option<Vec<u8>>),
}

macro_rules! val {
    ($($type:ty => $variant:ident),* $(,)?) => { $(
        impl From<$type> for Val {
            fn from(value: $type) -> Val {
                Val::$variant(Some(value.into()))
            }
        }
        impl From<Option<$type>> for Val {
            fn from(value: Option<$type>) -> Val {
                Val::$variant(value.map(Into::into))
            }
        }
    )* };
}
val!(String => Text, &str => Text, &String => Text, i64 => Int, Ts => Int, bool => Bool, Uuid => Uuid, Vec<u8> => Bytes, &[u8] => Bytes);

/// The values for `$1, $2, …` in order: `args![id, Ts::now(), None::<i64>]`.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Val::from($value)),*] };
}

macro_rules! bind_all {
    ($values:expr, $arguments:ty) => {{
        let mut arguments = <$arguments>::default();
        for value in $values {
            match value {
                Val::Text(x) => arguments.add(x),
                Val::Int(x) => arguments.add(x),
                Val::Bool(x) => arguments.add(x),
                Val::Uuid(x) => arguments.add(x),
                Val::Bytes(x) => arguments.add(x),
            }
            .expect("these types encode into memory without fail");
        }
        arguments
    }};
}

pub(super) fn for_postgres(values: Vec<Val>) -> PgArguments {
    bind_all!(values, PgArguments)
}

pub(super) fn for_sqlite(values: Vec<Val>) -> SqliteArguments {
    bind_all!(values, SqliteArguments)
}

/// A moment: microseconds since 1970 UTC. A number in both databases, so that it sorts, subtracts and indexes the same
/// way; RFC 3339 in JSON ("2025-01-22T14:00:00Z").
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, sqlx::Type)]
#[sqlx(transparent)]
pub struct Ts(pub i64);

impl Ts {
    /// The present moment by the machine's clock.
    #[must_use]
    pub fn now() -> Ts {
        Timestamp::now().into()
    }

    /// This moment in jiff's words; moments outside of its range (years ±9999) become its ends.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        let end = if self.0 < 0 { Timestamp::MIN } else { Timestamp::MAX };
        Timestamp::from_microsecond(self.0).unwrap_or(end)
    }

    /// The moment `seconds` later.
    #[must_use]
    pub fn plus_s(self, seconds: i64) -> Ts {
        Ts(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// Whole seconds since 1970 UTC.
    #[must_use]
    pub fn unix_s(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
}

impl From<Timestamp> for Ts {
    fn from(timestamp: Timestamp) -> Ts {
        Ts(timestamp.as_microsecond())
    }
}

impl From<Ts> for i64 {
    fn from(ts: Ts) -> i64 {
        ts.0
    }
}

impl serde::Serialize for Ts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.timestamp())
    }
}

impl<'de> serde::Deserialize<'de> for Ts {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Ts, D::Error> {
        Timestamp::deserialize(deserializer).map(Ts::from)
    }
}

impl utoipa::PartialSchema for Ts {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into()
    }
}

impl utoipa::ToSchema for Ts {
    fn name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_and_writes_as_rfc_3339() {
        for text in [
            "2025-01-22T14:00:00Z",
            "1969-12-31T23:59:59.5Z",
            "2026-03-29T01:30:00.000001Z",
        ] {
            let ts: Ts = serde_json::from_value(text.into()).unwrap();
            assert_eq!(serde_json::to_value(ts).unwrap(), text);
        }
        let amsterdam: Ts = serde_json::from_str("\"2025-01-22T15:00:00+01:00\"").unwrap();
        assert_eq!(serde_json::to_string(&amsterdam).unwrap(), "\"2025-01-22T14:00:00Z\"");
    }
}
