//! Bringing the tables up to date: one portable, append-only set of files for both databases.
//!
//! A line that starts with `-- @sqlite ` or `-- @postgres ` is SQL for that database and a comment for the other. A
//! file that has been released is never changed (its checksum is kept in the database); a change is a new file.

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr};

use super::Db;

macro_rules! migrations {
    ($($version:literal $name:literal),* $(,)?) => {
        &[$(($version, $name, include_str!(concat!("../../migrations/", $version, "_", $name, ".sql")))),*]
    };
}

/// Version, name and text of each file of `migrations/`.
const FILES: &[(&str, &str, &str)] = migrations![
    "0001" "accounts",
    "0002" "sessions",
    "0003" "profiles",
    "0004" "tokens",
    "0005" "enrolments",
    "0006" "schedule",
    "0007" "conversation",
    "0010" "conversation_rules",
    "0011" "analytics",
    "0020" "job_details",
    "0021" "notifications",
    "0022" "runs",
    "0030" "sign_in",
    "0031" "settings",
    "0050" "recordings",
    "0060" "job_places",
    "0070" "frame_logins",
    "0080" "servers",
    "0081" "enrolment_mails",
    "0090" "listing",
];

impl Db {
    /// Runs the migrations that this database has not seen.
    ///
    /// # Errors
    /// The database's own, and a file that was changed after it ran.
    pub async fn migrate(&self) -> anyhow::Result<()> {
        let (mine, other) = match self {
            Db::Sqlite { .. } => ("-- @sqlite ", "-- @postgres "),
            Db::Postgres(_) => ("-- @postgres ", "-- @sqlite "),
        };
        let mut migrations = Vec::new();
        for (version, name, sql) in FILES {
            let lines = sql.lines().filter(|line| !line.starts_with(other));
            let text: Vec<&str> = lines.map(|line| line.strip_prefix(mine).unwrap_or(line)).collect();
            let sql = AssertSqlSafe(text.join("\n")).into_sql_str();
            let version = version.parse().expect("file names start with digits");
            migrations.push(Migration::new(
                version,
                (*name).into(),
                MigrationType::Simple,
                sql,
                false,
            ));
        }
        let migrator = Migrator::with_migrations(migrations);
        match self {
            Db::Sqlite { write, .. } => migrator.run(write).await?,
            Db::Postgres(pool) => migrator.run(pool).await?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::FILES;

    #[test]
    fn every_file_runs_in_the_order_of_its_number() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let mut there: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        there.sort();
        let listed: Vec<String> = FILES
            .iter()
            .map(|(version, name, _)| format!("{version}_{name}.sql"))
            .collect();
        assert_eq!(listed, there);
    }
}
