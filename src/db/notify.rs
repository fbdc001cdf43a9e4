//! How servers that share a PostgreSQL tell each other what happened: LISTEN and NOTIFY. A SQLite file has one server,
//! which has nobody to tell.

use sqlx::PgPool;
use sqlx::postgres::PgListener;

use super::{Db, Tx};

/// Longest note (PostgreSQL takes less than 8000 bytes).
pub const MOST_NOTE_BYTES: usize = 7999;

const CHANNEL: &str = "lectern";
const NOTIFY: &str = "SELECT pg_notify($1, $2)";

/// What all servers hear, in one order.
#[derive(Debug)]
pub struct Notes(PgListener);

/// What was heard.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heard {
    /// A note, in the order in which the transactions of all notes were committed.
    Note(String),
    /// The connection was lost for a while and is there again: notes may be missing.
    Gap,
}

impl Tx {
    /// Tells all servers of this database, this one included, when the transaction is committed. On SQLite nobody is told.
    ///
    /// # Errors
    /// The database's own, also for a note that is too long.
    pub async fn notify(&mut self, note: &str) -> sqlx::Result<()> {
        match self {
            Tx::Sqlite(_) => Ok(()),
            Tx::Postgres(tx) => sqlx::query(NOTIFY)
                .bind(CHANNEL)
                .bind(note)
                .execute(&mut **tx)
                .await
                .map(drop),
        }
    }
}

impl Db {
    /// Tells all servers of this database, this one included. On SQLite nobody is told.
    ///
    /// # Errors
    /// The database's own, also for a note that is too long.
    pub async fn notify(&self, note: &str) -> sqlx::Result<()> {
        match self {
            Db::Sqlite { .. } => Ok(()),
            Db::Postgres(pool) => sqlx::query(NOTIFY)
                .bind(CHANNEL)
                .bind(note)
                .execute(pool)
                .await
                .map(drop),
        }
    }

    /// Listens from now on; `None` on SQLite.
    ///
    /// # Errors
    /// The database's own.
    pub async fn listen(&self) -> sqlx::Result<Option<Notes>> {
        match self {
            Db::Sqlite { .. } => Ok(None),
            Db::Postgres(pool) => Ok(Some(Notes(listener(pool).await?))),
        }
    }
}

async fn listener(pool: &PgPool) -> sqlx::Result<PgListener> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

impl Notes {
    /// Waits for what comes next.
    ///
    /// # Errors
    /// The database cannot be reached; the next call tries again. Notes may be missing then, too.
    pub async fn next(&mut self) -> sqlx::Result<Heard> {
        let note = self.0.try_recv().await?;
        Ok(note.map_or(Heard::Gap, |note| Heard::Note(note.payload().to_owned())))
    }
}
