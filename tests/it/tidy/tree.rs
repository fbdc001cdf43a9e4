//! The files that belong to the project: what git tracks, and what it would track after the next `git add`.

use std::path::Path;
use std::process::Command;

/// The repository's root folder.
pub(super) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// One text file of the repository, or a planted one.
#[derive(Debug, Clone)]
pub(super) struct File {
    /// Path from the root, with `/`.
    pub(super) path: String,
    /// The whole content.
    pub(super) text: String,
}

impl File {
    pub(super) fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    pub(super) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Declarations are left out: the server's description of itself makes them.
    pub(super) fn is_typescript(&self) -> bool {
        (self.path.ends_with(".ts") || self.path.ends_with(".tsx")) && !self.path.ends_with(".d.ts")
    }

    /// Whether the file as a whole is test code.
    pub(super) fn is_test(&self) -> bool {
        let part = |name: &str| self.path.starts_with(&format!("{name}/")) || self.path.contains(&format!("/{name}/"));
        ["tests", "e2e", "benches", "fuzz", "sim"].into_iter().any(part)
            || ["/tests.rs", "/sim.rs", "_test.rs", "_tests.rs"]
                .iter()
                .any(|end| self.path.ends_with(end))
    }

    /// Numbered lines that are code of the product: without comments and without the test module at the bottom.
    pub(super) fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let end = if self.is_test() { 0 } else { usize::MAX };
        let mut after_tests = false;
        self.lines().take(end).filter(move |(_, line)| {
            after_tests |= line.starts_with("#[cfg(test)]") || line.starts_with("#[cfg(all(test");
            !after_tests && !line.trim_start().starts_with("//")
        })
    }

    /// Lines with their numbers, from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// A complaint about a line of this file.
    pub(super) fn complain(&self, line: usize, what: impl std::fmt::Display) -> String {
        format!("{}:{line}: {what}", self.path)
    }
}

/// Every text file of the repository that is ours; binary files are left out, and crates of others but for what we say of
/// them.
pub(super) fn repository() -> Vec<File> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(ROOT)
        .output()
        .expect("git lists the repository's files");
    let paths = String::from_utf8(output.stdout).expect("paths are UTF-8");
    let read = |path: &str| {
        std::fs::read_to_string(Path::new(ROOT).join(path))
            .ok()
            .map(|text| File::new(path, &text))
    };
    let is_ours = |path: &&str| !path.starts_with("vendor/") || path.ends_with("/LECTERN.md");
    let files: Vec<_> = paths.split_terminator('\0').filter(is_ours).filter_map(read).collect();
    assert!(
        files.len() > 20,
        "the tidy test needs a git clone; found {} files",
        files.len()
    );
    files
}
