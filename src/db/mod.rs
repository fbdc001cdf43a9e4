//! One SQL text, two databases: SQLite in a file by default, PostgreSQL by URL. The only engine-specific code.
//!
//! Capabilities write plain SQL in their `store.rs` and bind with [`args!`](crate::args); a row type derives
//! `sqlx::FromRow`. What keeps one text right for both:
//! - column types UUID, BIGINT, BOOLEAN, DOUBLE PRECISION, TEXT, BYTEA, JSONB; times are BIGINT ([`Ts`]), bound from Rust;
//! - `$1`, `CAST(x AS BIGINT)`, `lower(x)`; no `::`, no `now()`, no arrays, no `ALTER COLUMN`;
//! - `ON CONFLICT`, `RETURNING`, partial indexes, common table expressions and window functions are fine.

mod connect;
mod migrate;
mod notify;
mod value;

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow, PgPool, Postgres, Sqlite, SqlitePool, Transaction};
use uuid::Uuid;

pub use notify::{Heard, MOST_NOTE_BYTES, Notes};
pub use value::{Ts, Val};
use value::{for_postgres, for_sqlite};

/// The database: cheap to clone, shared by everything.
#[derive(Clone, Debug)]
pub enum Db {
    /// Readers run beside the one writer (write-ahead log); the writer's queue is the pool, so nobody sees "busy".
    Sqlite {
        /// Read-only connections.
        read: SqlitePool,
        /// One connection.
        write: SqlitePool,
    },
    /// Any connection reads and writes.
    Postgres(PgPool),
}

/// A transaction, undone when dropped without [`Tx::commit`]. On SQLite it holds the write lock from its start, so it
/// never fails half-way for want of it.
#[derive(Debug)]
pub enum Tx {
    /// `BEGIN IMMEDIATE`
    Sqlite(Transaction<'static, Sqlite>),
    /// `BEGIN`, read committed
    Postgres(Transaction<'static, Postgres>),
}

/// A row that both drivers can build; `#[derive(sqlx::FromRow)]` gives it.
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}
impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

macro_rules! query {
    ($(#[$doc:meta])* $name:ident, $fetch:ident, $result:ty, $pool:ident) => {
        impl Db {
            $(#[$doc])*
            ///
            /// # Errors
            /// The database's own.
            pub async fn $name<T: Row>(&self, sql: &'static str, args: Vec<Val>) -> sqlx::Result<$result> {
                match self {
                    Db::Sqlite { $pool: pool, .. } => {
                        sqlx::query_as_with::<_, T, _>(sql, for_sqlite(args)).$fetch(pool).await
                    }
                    Db::Postgres(pool) => sqlx::query_as_with::<_, T, _>(sql, for_postgres(args)).$fetch(pool).await,
                }
            }
        }
    };
}
query!(/// Reads one row; none is an error.
    one, fetch_one, T, read);
query!(/// Reads one row or none.
    opt, fetch_optional, Option<T>, read);
query!(/// Reads all rows.
    all, fetch_all, Vec<T>, read);
query!(/// Writes, and reads one row back (`RETURNING`); none is an error.
    write_one, fetch_one, T, write);
query!(/// Writes, and reads one row back or none (`RETURNING`).
    write_opt, fetch_optional, Option<T>, write);

impl Db {
    /// Reads the rows whose key is one of `keys`: `sql` has `IN ({keys})` behind its other values. No keys, no rows.
    ///
    /// # Errors
    /// The database's own.
    pub async fn among<T: Row>(&self, sql: &'static str, mut args: Vec<Val>, keys: &[Uuid]) -> sqlx::Result<Vec<T>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let places: Vec<String> = (1..=keys.len()).map(|at| format!("${}", args.len() + at)).collect();
        let sql = AssertSqlSafe(sql.replace("{keys}", &places.join(", "))); // places only, no values
        args.extend(keys.iter().copied().map(Val::from));
        match self {
            Db::Sqlite { read, .. } => {
                sqlx::query_as_with::<_, T, _>(sql, for_sqlite(args))
                    .fetch_all(read)
                    .await
            }
            Db::Postgres(pool) => {
                sqlx::query_as_with::<_, T, _>(sql, for_postgres(args))
                    .fetch_all(pool)
                    .await
            }
        }
    }
}

macro_rules! query_tx {
    ($(#[$doc:meta])* $name:ident, $fetch:ident, $result:ty) => {
        impl Tx {
            $(#[$doc])*
            ///
            /// # Errors
            /// The database's own.
            pub async fn $name<T: Row>(&mut self, sql: &'static str, args: Vec<Val>) -> sqlx::Result<$result> {
                match self {
                    Tx::Sqlite(tx) => sqlx::query_as_with::<_, T, _>(sql, for_sqlite(args)).$fetch(&mut **tx).await,
                    Tx::Postgres(tx) => sqlx::query_as_with::<_, T, _>(sql, for_postgres(args)).$fetch(&mut **tx).await,
                }
            }
        }
    };
}
query_tx!(/// Reads one row; none is an error.
    one, fetch_one, T);
query_tx!(/// Reads one row or none.
    opt, fetch_optional, Option<T>);
query_tx!(/// Reads all rows.
    all, fetch_all, Vec<T>);

impl Db {
    /// Writes; says how many rows it touched.
    ///
    /// # Errors
    /// The database's own.
    pub async fn exec(&self, sql: &'static str, args: Vec<Val>) -> sqlx::Result<u64> {
        Ok(match self {
            Db::Sqlite { write, .. } => sqlx::query_with(sql, for_sqlite(args))
                .execute(write)
                .await?
                .rows_affected(),
            Db::Postgres(pool) => sqlx::query_with(sql, for_postgres(args))
                .execute(pool)
                .await?
                .rows_affected(),
        })
    }

    /// Starts a transaction.
    ///
    /// # Errors
    /// The database's own.
    pub async fn begin(&self) -> sqlx::Result<Tx> {
        Ok(match self {
            Db::Sqlite { write, .. } => Tx::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
            Db::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// That it gave none.
    pub async fn ping(&self) -> sqlx::Result<()> {
        self.one::<(i64,)>("SELECT CAST(1 AS BIGINT)", vec![]).await.map(drop)
    }

    /// Closes all connections; SQLite folds its log back into the file.
    pub async fn close(&self) {
        match self {
            Db::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Db::Postgres(pool) => pool.close().await,
        }
    }
}

/// Rows that are forgotten in one transaction: nobody waits long for a writer that is at it.
const FORGOTTEN_AT_ONCE: i64 = 1000;

impl Db {
    /// Forgets old rows, some at a time. `sql` deletes at most `$2` of those from before `$1`.
    ///
    /// # Errors
    /// The database's own; what was forgotten stays so.
    pub async fn forget(&self, sql: &'static str, before: Ts) -> sqlx::Result<()> {
        let most = u64::try_from(FORGOTTEN_AT_ONCE).expect("above zero");
        while self.exec(sql, crate::args![before, FORGOTTEN_AT_ONCE]).await? >= most {
            tokio::task::yield_now().await; // others may write in between
        }
        Ok(())
    }
}

impl Tx {
    /// Writes; says how many rows it touched.
    ///
    /// # Errors
    /// The database's own.
    pub async fn exec(&mut self, sql: &'static str, args: Vec<Val>) -> sqlx::Result<u64> {
        Ok(match self {
            Tx::Sqlite(tx) => sqlx::query_with(sql, for_sqlite(args))
                .execute(&mut **tx)
                .await?
                .rows_affected(),
            Tx::Postgres(tx) => sqlx::query_with(sql, for_postgres(args))
                .execute(&mut **tx)
                .await?
                .rows_affected(),
        })
    }

    /// Makes everything written in it last.
    ///
    /// # Errors
    /// The database's own; then nothing of it lasts.
    pub async fn commit(self) -> sqlx::Result<()> {
        match self {
            Tx::Sqlite(tx) => tx.commit().await,
            Tx::Postgres(tx) => tx.commit().await,
        }
    }
}

/// A pattern for `lower(x) LIKE lower($1) ESCAPE '!'` that finds `text` anywhere, whatever is in it. The database folds the
/// case of both in the same way: SQLite that of ASCII letters only.
#[must_use]
pub fn like(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.chars() {
        if matches!(character, '!' | '%' | '_') {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern + "%"
}

/// Whether a write failed because a row with that unique value exists.
#[must_use]
pub fn is_duplicate(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(|error| error.is_unique_violation())
}
