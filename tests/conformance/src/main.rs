//! `lectern-conformance`: grades a WHIP or WHEP endpoint. Exit code 0 when no rule is broken, 1 when one is, 2 when the
//! arguments do not make sense.

#![expect(clippy::print_stdout, reason = "the table is the product of this command")]

use anyhow::{Context, Result, bail};
use clap::Parser;
use lectern_conformance::{Depth, Kind, Target, grade};
use std::path::PathBuf;
use std::process::ExitCode;
use url::Url;

/// Tries the rules of WHIP and WHEP on any server.
#[derive(Parser)]
struct Arguments {
    /// The endpoint, such as https://host/whip/stream
    #[arg(env = "URL")]
    url: Url,
    /// What it is. Told from the address when not given
    #[arg(long, env = "KIND", value_enum)]
    kind: Option<Kind>,
    /// The bearer token that opens it
    #[arg(long, env = "TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// A token that is good for another endpoint of the same server
    #[arg(long, env = "OTHER_TOKEN", hide_env_values = true)]
    other_token: Option<String>,
    /// Where the stream of a WHEP endpoint is published, for the rules that need a publisher
    #[arg(long, env = "PUBLISH_URL")]
    publish_url: Option<Url>,
    /// The bearer token of that
    #[arg(long, env = "PUBLISH_TOKEN", hide_env_values = true)]
    publish_token: Option<String>,
    /// The server's log: no token may stand in it
    #[arg(long, env = "LOG")]
    log: Option<PathBuf>,
    /// Writes the report to this file as JSON
    #[arg(long, env = "JSON")]
    json: Option<PathBuf>,
    /// Only HTTP, no media
    #[arg(long, conflicts_with = "heavy")]
    http_only: bool,
    /// Also a flood of requests, and waiting for the server's time limits
    #[arg(long)]
    heavy: bool,
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            println!("{error:#}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<bool> {
    let arguments = Arguments::parse();
    let json = arguments.json.clone();
    let target = arguments.target()?;
    let runtime = tokio::runtime::Runtime::new().context("no runtime")?;
    let report = runtime.block_on(grade(&target));
    print!("{report}");
    if let Some(path) = json {
        let text = serde_json::to_string_pretty(&report)?;
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(report.is_clean())
}

impl Arguments {
    fn target(self) -> Result<Target> {
        let path = self.url.path();
        let kind = match (self.kind, path.contains("whip"), path.contains("whep")) {
            (Some(kind), ..) => kind,
            (None, true, false) => Kind::Whip,
            (None, false, true) => Kind::Whep,
            _ => bail!("say KIND=whip or KIND=whep: the address does not tell"),
        };
        Ok(Target {
            kind,
            url: self.url,
            token: self.token,
            other_token: self.other_token,
            publish: self.publish_url.map(|url| (url, self.publish_token)),
            log: self.log,
            depth: match (self.http_only, self.heavy) {
                (true, _) => Depth::Http,
                (false, false) => Depth::Media,
                (false, true) => Depth::Heavy,
            },
        })
    }
}
