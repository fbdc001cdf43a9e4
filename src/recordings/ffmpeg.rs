//! ffmpeg, for what the server cannot do itself: started for one piece of work, with bounds on time, memory and what it
//! says, reading and writing nothing but its own input and output.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

/// Kilobytes of address space. Decoders of large pictures want some hundred megabytes, and libraries reserve as much.
const MEMORY_KB: u32 = 4 << 20;

/// Sets the bounds in the child itself, below everything else that wants a processor, and becomes the program.
const BOUNDED: &str = "ulimit -v \"$1\"; ulimit -t \"$2\"; ulimit -c 0; shift 2; exec nice -n 15 \"$@\"";

/// The program, where the settings name one and the machine has it.
#[derive(Clone, Debug)]
pub struct Ffmpeg(PathBuf);

/// What one piece of work may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// By the clock, and of one processor core.
    pub time: Duration,
    /// Longest output.
    pub output_bytes: usize,
}

/// Why there is no output.
#[derive(Debug, thiserror::Error)]
pub enum FfmpegError {
    /// It took too long.
    #[error("ffmpeg took longer than {0:?}")]
    TooSlow(Duration),
    /// It wrote too much.
    #[error("ffmpeg gave more than {0} bytes")]
    TooMuch(usize),
    /// It says so itself.
    #[error("ffmpeg failed: {0}")]
    Failed(String),
    /// It could not be started or talked to.
    #[error("ffmpeg cannot be run: {0}")]
    Io(#[from] std::io::Error),
}

impl Ffmpeg {
    /// Looks for the program `name`, in `PATH` if it is no path; nothing for an empty name.
    #[must_use]
    pub fn find(name: &str) -> Option<Ffmpeg> {
        let is_program = |path: &PathBuf| path.is_file();
        if name.is_empty() {
            return None;
        }
        if name.contains('/') {
            return Some(PathBuf::from(name)).filter(is_program).map(Ffmpeg);
        }
        let path = std::env::var_os("PATH")?;
        let mut folders = std::env::split_paths(&path);
        folders.find_map(|folder| Some(folder.join(name)).filter(is_program).map(Ffmpeg))
    }

    /// Runs it with `input` on its standard input; gives its standard output.
    ///
    /// # Errors
    /// See [`FfmpegError`]; then nothing of it runs any more.
    pub async fn run(&self, arguments: &[&str], input: Vec<u8>, bounds: Bounds) -> Result<Vec<u8>, FfmpegError> {
        let work = self.talk(arguments, input, bounds);
        let done = tokio::time::timeout(bounds.time, work).await;
        done.unwrap_or(Err(FfmpegError::TooSlow(bounds.time)))
    }

    async fn talk(&self, arguments: &[&str], input: Vec<u8>, bounds: Bounds) -> Result<Vec<u8>, FfmpegError> {
        let mut child = self
            .command(bounds)
            .args(["-hide_banner", "-loglevel", "error", "-protocol_whitelist", "pipe"])
            .args(arguments)
            .spawn()?;
        let mut stdin = child.stdin.take().expect("it is piped");
        let feed = async move {
            // one that has enough, or fails, does not read on: what it says tells
            let _ = stdin.write_all(&input).await;
            Ok(())
        };
        let limit = u64::try_from(bounds.output_bytes).unwrap_or(u64::MAX);
        let mut stdout = child.stdout.take().expect("it is piped").take(limit.saturating_add(1));
        let mut stderr = child.stderr.take().expect("it is piped").take(4096);
        let (mut output, mut words) = (Vec::new(), Vec::new());
        let read = async {
            // too much ends everything at once: a program that nobody reads waits for ever
            match stdout.read_to_end(&mut output).await? {
                read if read > bounds.output_bytes => Err(FfmpegError::TooMuch(bounds.output_bytes)),
                _ => Ok(()),
            }
        };
        let hear = async { Ok(stderr.read_to_end(&mut words).await?) };
        tokio::try_join!(feed, read, hear)?;
        match child.wait().await?.success() {
            true => Ok(output),
            false => Err(FfmpegError::Failed(String::from_utf8_lossy(&words).trim().to_owned())),
        }
    }

    fn command(&self, bounds: Bounds) -> Command {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", BOUNDED, "bounded"])
            .args([MEMORY_KB.to_string(), bounds.time.as_secs().max(1).to_string()])
            .arg(&self.0)
            .current_dir(Path::new("/"))
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        time: Duration::from_secs(20),
        output_bytes: 100,
    };

    /// A program that does what its first argument behind ours says.
    fn shell(folder: &Path, script: &str) -> Ffmpeg {
        use std::os::unix::fs::PermissionsExt;
        let path = folder.join("program");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        Ffmpeg::find(path.to_str().unwrap()).unwrap()
    }

    #[tokio::test]
    async fn it_is_bounded_in_what_it_says_and_in_time() {
        let folder = tempfile::tempdir().unwrap();
        let echo = shell(folder.path(), "cat").run(&[], b"hello".to_vec(), BOUNDS).await;
        assert_eq!(echo.unwrap(), b"hello");
        let loud = shell(folder.path(), "yes").run(&[], Vec::new(), BOUNDS).await;
        assert!(matches!(loud, Err(FfmpegError::TooMuch(100))), "{loud:?}");
        let failed = shell(folder.path(), "echo broken >&2; exit 1")
            .run(&[], vec![0; 1 << 20], BOUNDS)
            .await;
        assert!(
            matches!(&failed, Err(FfmpegError::Failed(words)) if words == "broken"),
            "{failed:?}"
        );
        let short = Bounds {
            time: Duration::from_millis(200),
            ..BOUNDS
        };
        let slow = shell(folder.path(), "exec sleep 100").run(&[], Vec::new(), short).await;
        assert!(matches!(slow, Err(FfmpegError::TooSlow(_))), "{slow:?}");
        assert!(Ffmpeg::find("").is_none() && Ffmpeg::find("/nowhere/ffmpeg").is_none());
    }
}
