//! The command line.

use anyhow::{Result, bail, ensure};
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

const EXAMPLES: &str = "\
Examples:
  # 500 viewers of a class that is running, for half a minute
  lectern-load http://localhost:8080/whep/SESSION

  # 1,000 viewers within one second, 20 others there before them; the clip published by the tester, so that delay is known
  lectern-load http://localhost:8080/whep/SESSION --viewers 1000 --ramp 1 --early 20 \\
      --publish http://localhost:8080/whip/SESSION --publish-token KEY --pid $(pidof lectern)

  # another server, a report for a program, a plot
  lectern-load http://localhost:8889/live/whep --publish http://localhost:8889/live/whip --json --plot load.svg

  # a server that makes the offer itself
  lectern-load https://host/whep/SESSION --peer --token TOKEN

Delay is measured from a stamp that the tester puts into the published H.264 as an SEI message (user_data_unregistered,
ITU-T H.264 section D.1.7): servers that forward packets leave it alone. It is read from the kernel's receive time, so a
busy tester does not add to it. Publisher and viewers must be of one run; without --publish no delay is reported.";

/// Holds many WHEP viewers against a server and reports what they got.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "lectern-load", version, after_help = EXAMPLES)]
pub struct Options {
    /// WHEP endpoint that the viewers ask
    #[arg(value_name = "WHEP-URL")]
    pub whep: Url,
    /// How many viewers
    #[arg(long, default_value_t = 500, value_name = "N")]
    pub viewers: usize,
    /// Seconds over which they come, evenly
    #[arg(long, default_value_t = 5.0, value_name = "S")]
    pub ramp: f64,
    /// Seconds to measure once all are there
    #[arg(long, default_value_t = 30.0, value_name = "S")]
    pub seconds: f64,
    /// Seconds between the last viewer's coming and the measurement
    #[arg(long, default_value_t = 3.0, value_name = "S")]
    pub settle: f64,
    /// So many viewers more, who come first; how they fare while the others come is told apart
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub early: usize,
    /// Every viewer leaves after so long, and another comes in its place
    #[arg(long, value_name = "S")]
    pub stay: Option<f64>,
    /// Bearer token of the viewers
    #[arg(long, env = "LECTERN_LOAD_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub token: Option<String>,
    /// The server makes the offers: an empty POST, then PATCH with the answer
    #[arg(long)]
    pub peer: bool,
    /// Viewers ask for what is missing, as browsers do; without it the loss is that of the line
    #[arg(long)]
    pub nack: bool,
    /// Also publish, to this WHIP endpoint
    #[arg(long, value_name = "WHIP-URL")]
    pub publish: Option<Url>,
    /// Bearer token of the publisher
    #[arg(
        long,
        env = "LECTERN_LOAD_PUBLISH_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    pub publish_token: Option<String>,
    /// MP4 to publish, H.264 without B-frames and Opus, round and round [default: a made clip of 0.2 Mb/s]
    #[arg(long, value_name = "MP4", requires = "publish")]
    pub file: Option<PathBuf>,
    /// A send stamp in every so many frames; 0: none
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub stamp_every: u32,
    /// Threads that receive [default: half of the cores]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// The server's process on this machine: its CPU time and memory are measured
    #[arg(long, value_name = "PID")]
    pub pid: Option<u32>,
    /// Print the report as JSON, and the table to standard error
    #[arg(long)]
    pub json: bool,
    /// Draw the course of the run
    #[arg(long, value_name = "SVG")]
    pub plot: Option<PathBuf>,
    /// Do not check the server's TLS certificate
    #[arg(long)]
    pub insecure: bool,
}

impl Options {
    /// Says in words what cannot be.
    ///
    /// # Errors
    /// A value is out of its range.
    pub fn check(&self) -> Result<()> {
        for (name, value, low) in [
            ("ramp", self.ramp, 0.0),
            ("seconds", self.seconds, 1.0),
            ("settle", self.settle, 0.0),
            ("stay", self.stay.unwrap_or(1.0), 0.1),
        ] {
            ensure!(
                (low..=86_400.0).contains(&value),
                "--{name} must be between {low} and 86400 seconds"
            );
        }
        ensure!(self.viewers + self.early > 0, "there must be at least one viewer");
        ensure!(self.threads != Some(0), "--threads must be at least 1");
        for url in [Some(&self.whep), self.publish.as_ref()].into_iter().flatten() {
            if !["http", "https"].contains(&url.scheme()) || url.host().is_none() {
                bail!("{url} is not an http or https URL");
            }
        }
        Ok(())
    }

    pub(crate) fn worker_count(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.unwrap_or((cores / 2).max(1))
    }

    pub(crate) fn ramp_time(&self) -> Duration {
        Duration::from_secs_f64(self.ramp)
    }

    pub(crate) fn settle_time(&self) -> Duration {
        Duration::from_secs_f64(self.settle)
    }

    pub(crate) fn steady_time(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    pub(crate) fn stay_time(&self) -> Option<Duration> {
        self.stay.map(Duration::from_secs_f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, Parser};

    #[test]
    fn the_command_line_is_sound() {
        Options::command().debug_assert();
    }

    #[test]
    fn what_cannot_be_is_refused_in_words() {
        for (arguments, want) in [
            (&["http://h/whep", "--viewers", "0"][..], "at least one viewer"),
            (&["http://h/whep", "--seconds", "0"], "--seconds must be"),
            (&["http://h/whep", "--ramp", "NaN"], "--ramp must be"),
            (&["http://h/whep", "--threads", "0"], "--threads"),
            (&["file:///x"], "not an http"),
        ] {
            let options = Options::parse_from([&["lectern-load"], arguments].concat());
            let error = options.check().unwrap_err().to_string();
            assert!(error.contains(want), "{arguments:?}: {error}");
        }
    }
}
