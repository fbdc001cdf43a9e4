//! The outbox: mails as files that any mail program opens, where the settings name no SMTP server.

use std::io::{ErrorKind, Result};
use std::path::{Path, PathBuf};

use crate::App;
use crate::db::Ts;
use crate::jobs::Job;
use crate::notice::Template;

/// What the name of each file begins with: the moment at which its mail was wanted, so that names sort by it.
const MOMENT: &str = "%Y%m%dT%H%M%SZ";
/// The same, each digit as a zero.
const MOMENT_SHAPE: &str = "00000000T000000Z";
const ENDING: &str = ".eml";
/// What is added while a mail is being written.
const UNFINISHED: &str = ".new";

/// The folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outbox(PathBuf);

impl Outbox {
    /// In the data folder.
    #[must_use]
    pub fn of(app: &App) -> Outbox {
        Outbox(app.config.data.dir.join("outbox"))
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// Keeps the mail of `job`; one that is kept twice is one file. It is written whole under another name first: a mail
    /// program never sees half a mail.
    ///
    /// # Errors
    /// The disk's.
    pub(super) async fn keep(&self, job: &Job, template: Template, mail: Vec<u8>) -> Result<()> {
        let name = file_name(job, template);
        tokio::fs::create_dir_all(&self.0).await?;
        let new = self.0.join(format!(".{name}{UNFINISHED}"));
        tokio::fs::write(&new, mail).await?;
        tokio::fs::rename(&new, self.0.join(name)).await
    }

    /// Deletes the mails that were wanted before `before`, and gives how many there were. Other files in the folder stay.
    ///
    /// # Errors
    /// The disk's.
    pub async fn forget(&self, before: Ts) -> Result<usize> {
        let before = before.timestamp().strftime(MOMENT).to_string();
        let mut files = match tokio::fs::read_dir(&self.0).await {
            Ok(files) => files,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0), // no mail was ever kept
            Err(error) => return Err(error),
        };
        let mut forgotten = 0;
        while let Some(file) = files.next_entry().await? {
            let name = file.file_name();
            let wanted_at = name.to_str().and_then(wanted_at);
            if wanted_at.is_some_and(|wanted_at| wanted_at < before.as_str()) {
                tokio::fs::remove_file(file.path()).await?;
                forgotten += 1;
            }
        }
        Ok(forgotten)
    }
}

/// The same for each attempt.
fn file_name(job: &Job, template: Template) -> String {
    let at = job.created_at.timestamp().strftime(MOMENT);
    format!("{at}-{}-{}{ENDING}", template.as_str(), job.id)
}

/// The moment in the name of a mail, finished or not; `None`: the file is not one of ours.
fn wanted_at(name: &str) -> Option<&str> {
    let mail = match name.strip_prefix('.') {
        Some(hidden) => hidden.strip_suffix(UNFINISHED)?,
        None => name,
    };
    let (moment, _) = mail.strip_suffix(ENDING)?.split_once('-')?;
    let shape = moment.replace(|c: char| c.is_ascii_digit(), "0");
    (shape == MOMENT_SHAPE).then_some(moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_mails_of_ours_are_known() {
        for (name, want) in [
            ("20261128T234500Z-enrolled-0193.eml", Some("20261128T234500Z")),
            (".20261128T234500Z-enrolled-0193.eml.new", Some("20261128T234500Z")),
            (".20261128T234500Z-enrolled-0193.eml", None),
            ("20261128T234500Z-enrolled-0193.eml.bak", None),
            ("20261128-notes.eml", None),
            ("letter.eml", None),
            ("ελλάδα-x.eml", None),
            ("", None),
        ] {
            assert_eq!(wanted_at(name), want, "{name}");
        }
    }
}
