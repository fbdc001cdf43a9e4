//! Opening the database that the settings name.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, PgConnection};

use super::Db;
use crate::config::Config;

/// Readers beside the one writer; more only wait for the same disk.
const SQLITE_READERS: u32 = 4;
/// Below PostgreSQL's usual limit of 100 with several servers on one database.
const POSTGRES_CONNECTIONS: u32 = 16;
/// A request that waits longer than this for a connection gets 503 instead.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// For writers of other processes (a backup, a `sqlite3` shell).
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(5);

impl Db {
    /// Opens the database of `config` and brings its tables up to date.
    ///
    /// # Errors
    /// Names the setting to look at.
    pub async fn open(config: &Config) -> anyhow::Result<Db> {
        let db = match config.database.postgres_url() {
            Some(url) => Db::postgres(url).await.context(
                "cannot reach the PostgreSQL of `database.url`: check the address, that the server runs, and that \
                 the user may log in",
            )?,
            None => {
                let file = config.data.dir.join("lectern.sqlite");
                Db::sqlite(&file).await.with_context(|| {
                    format!(
                        "cannot open the SQLite file {}: check that `data.dir` is writable",
                        file.display()
                    )
                })?
            }
        };
        db.migrate()
            .await
            .context("cannot bring the database's tables up to date")?;
        Ok(db)
    }

    async fn sqlite(file: &Path) -> sqlx::Result<Db> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(SQLITE_BUSY_TIMEOUT);
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(ACQUIRE_TIMEOUT)
        };
        let write = pool(1).connect_with(options.clone()).await?; // first: it creates the file
        let read = pool(SQLITE_READERS)
            .connect_with(options.read_only(true).create_if_missing(false))
            .await?;
        Ok(Db::Sqlite { read, write })
    }

    async fn postgres(url: &str) -> sqlx::Result<Db> {
        let options: PgConnectOptions = url.parse()?;
        let options = options.application_name("lectern");
        PgConnection::connect_with(&options).await?.close().await?; // its error says more than the pool's
        let pool = PgPoolOptions::new()
            .max_connections(POSTGRES_CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT);
        Ok(Db::Postgres(pool.connect_with(options).await?))
    }
}
