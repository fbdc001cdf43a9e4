//! The built-in demonstration; a stand-in.

/// Arguments of `lectern demo`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {}

/// Publishes a made clip.
///
/// # Errors
/// Always, in this stand-in.
pub async fn run(_config: crate::config::Config, _args: Args) -> anyhow::Result<()> {
    anyhow::bail!("this build has no demonstration")
}
