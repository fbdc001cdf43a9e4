//! Both databases for a test: a SQLite file, and a PostgreSQL that this test binary starts for itself.
//!
//! The PostgreSQL runs Debian's binaries on a Unix socket in a temporary folder, and ends with the test binary however
//! that ends: a small shell around it hears of the end (`PR_SET_PDEATHSIG`), stops it and removes the folder.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{OnceLock, mpsc};

use lectern::config::Config;
use lectern::db::Db;
use tempfile::TempDir;

/// Runs the server (`$3`, as the words of `$2` make it) on the folder `$1` until somebody ends it or this shell.
const KEEPER: &str = r#"$2 "$3" -D "$1/data" -k "$1" -c listen_addresses= -c fsync=off -c max_connections=200 &
server=$!
trap 'kill -INT $server' TERM
wait $server
wait $server
rm -rf "$1""#;

/// One empty database of each kind, named for messages. The folder must outlive them.
pub(crate) async fn both() -> Vec<(&'static str, Db, TempDir)> {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = Db::open(&config_for(folder.path(), "")).await.unwrap();
    let other = tempfile::tempdir().unwrap();
    let postgres = Db::open(&config_for(other.path(), &postgres_url().await))
        .await
        .unwrap();
    vec![("SQLite", sqlite, folder), ("PostgreSQL", postgres, other)]
}

/// The address of a new, empty database on the shared PostgreSQL.
pub(crate) async fn postgres_url() -> String {
    let socket = shared_server().to_str().unwrap();
    let name = format!("test_{}", lectern::id::new().simple());
    let admin = sqlx::PgPool::connect(&format!("postgres://postgres@localhost/postgres?host={socket}"))
        .await
        .unwrap();
    let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::query(create).execute(&admin).await.unwrap();
    admin.close().await;
    format!("postgres://postgres@localhost/{name}?host={socket}")
}

fn config_for(dir: &Path, url: &str) -> Config {
    let mut config = Config::from_toml(&format!("[database]\nurl = {url:?}")).unwrap();
    config.data.dir = dir.to_owned();
    config
}

/// The folder of the server's socket; starts the server at the first call.
fn shared_server() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let (ready, wait) = mpsc::channel();
        // The signal at the parent's death is sent when the *thread* that started the child ends: this one stays.
        std::thread::spawn(move || run_server(&ready));
        wait.recv().expect("PostgreSQL did not start; its output is above")
    })
}

fn run_server(ready: &mpsc::Sender<PathBuf>) {
    let bin = find_programs();
    let folder = tempfile::Builder::new().prefix("lectern-pg-").tempdir().unwrap().keep();
    let user = unprivileged_user();
    if let Some(user) = user {
        run(Command::new("chown").args([user, folder.to_str().unwrap()]));
    }
    let become_user = user.map_or(String::new(), |user| {
        format!("setpriv --reuid={user} --regid={user} --clear-groups")
    });
    let mut initdb = command_as(&become_user, &bin.join("initdb"));
    run(initdb
        .args([
            "--username=postgres",
            "--auth=trust",
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "-D",
        ])
        .arg(folder.join("data")));
    let mut server = Command::new("setpriv")
        .args(["--pdeathsig=TERM", "sh", "-c", KEEPER, "keeper"])
        .args([
            folder.as_os_str(),
            OsStr::new(&become_user),
            bin.join("postgres").as_os_str(),
        ])
        .current_dir("/")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    for line in BufReader::new(server.stderr.take().unwrap())
        .lines()
        .map_while(Result::ok)
    {
        if line.contains("ready to accept connections") {
            ready.send(folder.clone()).ok();
        } else if line.contains("FATAL") || line.contains("PANIC") {
            eprintln!("{line}");
        }
    }
    server.wait().unwrap();
}

/// PostgreSQL refuses to run as root.
fn unprivileged_user() -> Option<&'static str> {
    let id = |args: &[&str]| Command::new("id").args(args).output().unwrap();
    if id(&["-u"]).stdout != b"0\n" {
        return None;
    }
    ["postgres", "nobody"]
        .into_iter()
        .find(|user| id(&["-u", user]).status.success())
}

/// Debian keeps them out of the path, in a folder for each version; the newest that runs is taken.
fn find_programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let runs = |program: &Path| {
        Command::new(program)
            .arg("--version")
            .output()
            .is_ok_and(|out| out.status.success())
    };
    let found = folders
        .into_iter()
        .find(|folder| runs(&folder.join("initdb")) && runs(&folder.join("postgres")));
    found.expect("the tests need PostgreSQL's programs; `make test` installs them (Debian: apt install postgresql)")
}

fn command_as(become_user: &str, program: &Path) -> Command {
    let mut words = become_user.split_whitespace();
    match words.next() {
        Some(first) => {
            let mut command = Command::new(first);
            command.args(words).arg(program);
            command
        }
        None => Command::new(program),
    }
}

fn run(command: &mut Command) {
    let output = command.current_dir("/").output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
