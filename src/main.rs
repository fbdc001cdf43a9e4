//! The `lectern` command: arguments, settings, run. The only place that ends the process.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use lectern::accounts::password::Hasher;
use lectern::accounts::{NewUser, Role, admin};
use lectern::config::Config;
use lectern::db::Db;
use lectern::{Listeners, allocator, demo, telemetry};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

/// Self-hosted live classes: broadcast by WHIP, watch by WHEP, replay by HLS.
///
/// Without a command it runs the server.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Settings file instead of ./config.toml
    #[arg(long, env = "LECTERN_CONFIG", value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Read the settings, say what is wrong with them, and start nothing
    Check,
    /// Bring the tables of the database up to date, and start nothing (a start does it as well)
    Migrate,
    /// Make accounts and give roles, on the server's machine
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Publish a made clip with a running clock to a running server
    Demo(demo::Args),
}

#[derive(Subcommand)]
enum AdminCommand {
    /// Make an account; the password is read from LECTERN_PASSWORD, or from the first line of the standard input
    Create {
        /// E-mail address
        email: String,
        /// As shown to others
        #[arg(long)]
        name: String,
        /// What it may do
        #[arg(long, default_value = "admin", value_parser = role)]
        role: Role,
    },
    /// Give an account another role
    SetRole {
        /// E-mail address
        email: String,
        /// viewer, instructor or admin
        #[arg(value_parser = role)]
        role: Role,
    },
}

fn role(text: &str) -> Result<Role, String> {
    Role::try_from(text.to_owned()).map_err(|_| "is not viewer, instructor or admin".into())
}

fn main() -> ExitCode {
    allocator::bound();
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lectern: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "the verdict is what `check` is for")]
fn run(arguments: Arguments) -> anyhow::Result<()> {
    let config = Config::load(arguments.config.as_deref())?;
    match arguments.command {
        Some(Command::Check) => println!("the settings are right"),
        Some(Command::Migrate) => {
            runtime()?.block_on(migrate(&config))?;
            println!("the tables are up to date");
        }
        Some(Command::Admin(command)) => println!("{}", runtime()?.block_on(administrate(&config, command))?),
        Some(Command::Demo(args)) => runtime()?.block_on(logged(&config.clone(), demo::run(config, args)))?,
        None => runtime()?.block_on(logged(&config.clone(), serve(config)))?,
    }
    Ok(())
}

/// Does `work` with a log, and traces if they are wanted.
async fn logged(config: &Config, work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let telemetry = telemetry::start(config)?;
    let done = work.await;
    telemetry.end().await;
    done
}

async fn migrate(config: &Config) -> anyhow::Result<()> {
    std::fs::create_dir_all(&config.data.dir)?;
    Db::open(config).await?.close().await;
    Ok(())
}

async fn administrate(config: &Config, command: AdminCommand) -> anyhow::Result<String> {
    std::fs::create_dir_all(&config.data.dir)?;
    let db = Db::open(config).await?;
    let (user, what) = match command {
        AdminCommand::Create { email, name, role } => {
            let password = password()?;
            let new = NewUser { name, email, password };
            (admin::create(&db, &Hasher::default(), new, role).await?, "made")
        }
        AdminCommand::SetRole { email, role } => (admin::set_role(&db, &email, role).await?, "changed"),
    };
    db.close().await;
    Ok(format!("{} is {} ({what})", user.email, user.role.as_str()))
}

/// Not an argument: those are seen by everybody on the machine.
fn password() -> anyhow::Result<SecretString> {
    let text = match std::env::var("LECTERN_PASSWORD") {
        Ok(text) => text,
        Err(_) => {
            let mut line = String::new();
            std::io::stdin().read_line(&mut line)?;
            line.trim_end_matches(['\r', '\n']).to_owned()
        }
    };
    anyhow::ensure!(
        (8..=128).contains(&text.chars().count()),
        "the password must have 8 to 128 characters"
    );
    Ok(text.into())
}

async fn serve(config: Config) -> anyhow::Result<()> {
    raise_file_limit();
    let listeners = Listeners::bind(&config).await?;
    let shutdown = CancellationToken::new();
    tokio::spawn(cancel_on_signal(shutdown.clone())?);
    lectern::run(config, listeners, shutdown).await
}

/// Each connection over TCP is an open file, and many systems begin with room for 1,024 where they allow far more.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::info!(%error, "the limit of open files stays low; hundreds of viewers over TCP need more");
    }
}

/// The first SIGTERM or SIGINT asks for an orderly end; a second one does not wait for it.
fn cancel_on_signal(shutdown: CancellationToken) -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        let mut either = async || tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} };
        either().await;
        tracing::info!("stopping");
        shutdown.cancel();
        either().await;
        std::process::exit(130);
    })
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}
