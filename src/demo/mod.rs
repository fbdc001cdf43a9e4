//! `lectern demo`: a made class with a running clock and a tone, published by the real WHIP path, so that somebody
//! without a camera sees the product in one minute; and example data, so that an empty server shows what it can do.

mod class;
mod clip;
mod publisher;
pub mod sample;

use crate::config::Config;
use crate::db::Db;
use anyhow::{Context, Result};
use class::Class;
use clip::Clip;
use publisher::Publisher;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

/// What `lectern demo` takes on the command line.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The running server [default: the one of this configuration, on localhost]
    #[arg(long, value_name = "URL")]
    server: Option<Url>,
    /// Publish to this session; without it, a public class is made with the data folder of this machine
    #[arg(long, value_name = "ID", requires = "stream_key")]
    session: Option<Uuid>,
    /// The stream key of that session
    #[arg(
        long,
        value_name = "KEY",
        requires = "session",
        env = "LECTERN_STREAM_KEY",
        hide_env_values = true
    )]
    stream_key: Option<String>,
    /// Load the example data (classes, a replay, a conversation, polls) into this machine's data folder, once; publish
    /// nothing
    #[arg(long, conflicts_with_all = ["server", "session"])]
    sample: bool,
}

/// Between two attempts to come back after the server went away.
const PAUSE: Duration = Duration::from_secs(1);

/// Publishes the clip, round and round, until Ctrl-C. A class that it made is ended then.
///
/// # Errors
/// When there is no server, when it refuses the session or its key, or when this machine's data folder is not the
/// server's. When the example data is there already.
pub async fn run(config: Config, args: Args) -> Result<()> {
    if args.sample {
        return load_sample(&config).await;
    }
    let clip = Clip::load()?;
    let server = match args.server {
        Some(url) => url,
        None => format!("http://localhost:{}", config.http.listen.port()).parse()?,
    };
    let interrupted = interruption()?;
    match args.session.zip(args.stream_key) {
        Some((session, key)) => publish(&server, session, &key, &clip, &interrupted).await,
        None => {
            let class = Class::open(&config, &server).await?;
            let published = publish(&server, class.id, &class.stream_key, &clip, &interrupted).await;
            published.and(class.end().await)
        }
    }
}

#[expect(clippy::print_stdout, reason = "the command's own output")]
async fn load_sample(config: &Config) -> Result<()> {
    std::fs::create_dir_all(&config.data.dir)?;
    let db = Db::open(config).await?;
    let loaded = sample::load(&db, config).await;
    db.close().await;
    loaded.map_err(|error| anyhow::anyhow!("the example data cannot be loaded: {error}"))?;
    println!("The example data is there. An administrator takes it away again on the page /admin.");
    Ok(())
}

/// Cancelled by Ctrl-C, and by a service manager's stop.
fn interruption() -> Result<CancellationToken> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let token = CancellationToken::new();
    let interrupted = token.clone();
    tokio::spawn(async move {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        interrupted.cancel();
    });
    Ok(token)
}

/// Publishes until `interrupted`; comes back when the server was away. Only the first connection must succeed.
async fn publish(server: &Url, session: Uuid, key: &str, clip: &Clip, interrupted: &CancellationToken) -> Result<()> {
    let endpoint = server.join(&format!("/whip/{session}"))?;
    let connect = || Box::pin(interrupted.run_until_cancelled(Publisher::connect(&endpoint, key)));
    let Some(first) = connect().await else { return Ok(()) };
    let mut publisher = first.context("cannot publish the demo class")?;
    announce(server, session);
    loop {
        match interrupted.run_until_cancelled(publisher.play(clip)).await {
            Some(played) => played?,
            None => {
                publisher.close().await;
                return Ok(());
            }
        }
        tracing::warn!("the server is gone; trying to come back");
        publisher = loop {
            if interrupted
                .run_until_cancelled(tokio::time::sleep(PAUSE))
                .await
                .is_none()
            {
                return Ok(());
            }
            match connect().await {
                Some(Ok(publisher)) => break publisher,
                Some(Err(error)) => tracing::debug!("not yet: {error:#}"),
                None => return Ok(()),
            }
        };
        tracing::info!("publishing again");
    }
}

#[expect(clippy::print_stdout, reason = "the command's own output")]
fn announce(server: &Url, session: Uuid) {
    println!("The demo class is live. Watch it at");
    println!();
    println!("    {server}streams/{session}/watch");
    println!();
    println!("Ctrl-C ends it.");
}
