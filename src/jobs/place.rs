//! Which server this is, among those that share a database: some work is about what is on one server's disk.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};

const FILE: &str = "server-id";

/// The name of the server with the data folder `dir`, made at its first start.
///
/// # Errors
/// The disk's.
pub(super) fn of(dir: &Path) -> Result<Arc<str>> {
    let path = dir.join(FILE);
    match std::fs::read_to_string(&path) {
        Ok(known) if !known.trim().is_empty() => return Ok(known.trim().into()),
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot read {}", path.display()));
        }
        _ => {}
    }
    let new = crate::id::new().to_string();
    std::fs::write(&path, &new).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(new.into())
}
