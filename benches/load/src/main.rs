//! The `lectern-load` command: arguments, a run, the report. Exit code 0: every viewer that was admitted got connected;
//! 1: something else, and the report or an error says what.

use anyhow::{Context, Result};
use clap::Parser;
use lectern_load::{Options, Report, plot};
use std::process::ExitCode;
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    match run(Options::parse()) {
        Ok(report) if report.viewers.connected == report.viewers.asked => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("lectern-load: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> Result<Report> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let stop = CancellationToken::new();
    let interrupted = stop.clone();
    runtime.spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            interrupted.cancel();
        }
    });
    let report = runtime.block_on(lectern_load::run(options.clone(), stop))?;
    print(&report, options.json)?;
    if let Some(path) = &options.plot {
        std::fs::write(path, plot::svg(&report)).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(report)
}

#[expect(clippy::print_stdout, reason = "the report is what the command is for")]
fn print(report: &Report, json: bool) -> Result<()> {
    if json {
        eprintln!("{report}");
        println!("{}", serde_json::to_string_pretty(report)?);
    } else {
        println!("{report}");
    }
    Ok(())
}
