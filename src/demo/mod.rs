//! `lectern demo`: a made class with a running clock and a tone, published by the real WHIP path, so that somebody
//! without a camera sees the product in one minute.

mod class;
mod clip;
mod publisher;

use crate::config::Config;
use anyhow::{Context, Result};
use class::Class;
use clip::Clip;
use publisher::Publisher;
use std::time::Duration;
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
}

/// Between two attempts to come back after the server went away.
const PAUSE: Duration = Duration::from_secs(1);

/// Publishes the clip, round and round, until Ctrl-C. A class that it made is ended then.
///
/// # Errors
/// When there is no server, when it refuses the session or its key, or when this machine's data folder is not the
/// server's.
pub async fn run(config: Config, args: Args) -> Result<()> {
    let clip = Clip::load()?;
    let server = match args.server {
        Some(url) => url,
        None => format!("http://localhost:{}", config.http.listen.port()).parse()?,
    };
    let Some((session, key)) = args.session.zip(args.stream_key) else {
        let class = Class::open(&config, &server).await?;
        let published = until_interrupted(publish(&server, class.id, &class.stream_key, &clip)).await;
        return published.and(class.end().await);
    };
    until_interrupted(publish(&server, session, &key, &clip)).await
}

/// The work, or the end of it by Ctrl-C or a service manager's stop.
async fn until_interrupted(work: impl Future<Output = Result<()>>) -> Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        result = work => result,
        result = tokio::signal::ctrl_c() => Ok(result?),
        _ = terminate.recv() => Ok(()),
    }
}

/// Publishes for ever; comes back when the server was away. Only the first connection must succeed.
async fn publish(server: &Url, session: Uuid, key: &str, clip: &Clip) -> Result<()> {
    let endpoint = server.join(&format!("/whip/{session}"))?;
    let mut publisher = Box::pin(Publisher::connect(&endpoint, key))
        .await
        .context("cannot publish the demo class")?;
    announce(server, session);
    loop {
        publisher.play(clip).await?;
        tracing::warn!("the server is gone; trying to come back");
        publisher = loop {
            tokio::time::sleep(PAUSE).await;
            match Box::pin(Publisher::connect(&endpoint, key)).await {
                Ok(publisher) => break publisher,
                Err(error) => tracing::debug!("not yet: {error:#}"),
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
