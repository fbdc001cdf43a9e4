//! Rules about what stands beside the code: documents that tell the truth, no trace of a machine, dependencies with
//! reasons and licences.

use super::tree::{File, ROOT};
use std::path::Path;
use std::process::Command;

/// Absolute paths of somebody's machine, and the addresses of package registries.
pub(super) fn machines(files: &[File]) -> Vec<String> {
    const PATHS: [&str; 4] = [
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("/Us", "ers/"),
        concat!("/wo", "rk/"),
    ];
    let mut complaints = Vec::new();
    for file in files {
        for (number, line) in file.lines() {
            let at_word = |path: &&&str| {
                line.match_indices(**path)
                    .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-/}".contains(c)))
            };
            if let Some(path) = PATHS.iter().find(at_word) {
                complaints.push(file.complain(number, format!("{path} is a path of one machine")));
            }
            if file.path.ends_with("package-lock.json") && line.trim().starts_with("\"resolved\": ") {
                complaints.push(file.complain(number, "names a registry: whoever installs has one of their own"));
            }
        }
    }
    complaints
}

/// `make` commands and links in the papers that lead nowhere.
pub(super) fn references(files: &[File]) -> Vec<String> {
    let makefile = files
        .iter()
        .find(|file| file.path == "Makefile")
        .map_or("", |file| file.text.as_str());
    let is_target = |name: &str| makefile.lines().any(|line| line.starts_with(&format!("{name}:")));
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".md")) {
        let folder = Path::new(ROOT)
            .join(&file.path)
            .parent()
            .expect("a file has a folder")
            .to_owned();
        for (number, line) in file.lines() {
            let commands = line
                .split('`')
                .skip(1)
                .step_by(2)
                .chain(line.starts_with("make ").then_some(line));
            for target in commands.filter_map(|code| code.strip_prefix("make ")?.split_whitespace().next()) {
                if !is_target(target) {
                    complaints.push(file.complain(number, format!("there is no `make {target}`")));
                }
            }
            for link in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let path = link.split('#').next().unwrap_or_default();
                if !link.contains("://") && !path.is_empty() && !folder.join(path).exists() {
                    complaints.push(file.complain(number, format!("{link} leads nowhere")));
                }
            }
        }
    }
    complaints
}

/// Dependencies without a comment that says why they are there.
pub(super) fn reasons(files: &[File]) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files
        .iter()
        .filter(|file| file.path == "Cargo.toml" || file.path.ends_with("/Cargo.toml"))
    {
        let mut inside = false;
        for (number, line) in file.lines() {
            if line.starts_with('[') {
                inside = line.contains("dependencies");
            } else if inside && line.contains('=') && !line.contains('#') && !line.contains("path =") {
                complaints.push(file.complain(number, "a dependency needs its reason as a comment"));
            }
        }
    }
    complaints
}

/// Every crate that is compiled for this machine, one line each: `name version|licence`.
pub(super) fn dependency_tree() -> String {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--offline",
            "--workspace",
            "--all-features",
            "--edges",
            "normal,build,dev",
        ])
        .args(["--prefix", "none", "--no-dedupe", "--format", "{p}|{l}"])
        .current_dir(ROOT)
        .output()
        .expect("cargo lists the dependencies");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo prints UTF-8")
}

/// Crates that `deny.toml` bans, and licences it does not allow, among the lines of [`dependency_tree`].
pub(super) fn supply(deny: &str, tree: &str) -> Vec<String> {
    let list = |key: &str| {
        let lines = deny.lines().skip_while(move |line| !line.starts_with(key)).skip(1);
        lines
            .take_while(|line| !line.starts_with(']'))
            .filter_map(|line| line.split('"').nth(1))
            .collect::<Vec<_>>()
    };
    let (banned, allowed) = (list("deny = ["), list("allow = ["));
    let fine = |name: &str| allowed.contains(&name.trim().trim_matches(['(', ')']));
    // `A AND (B OR C)`: brackets hold alternatives only in the trees seen so far, so AND splits first.
    let acceptable = |licence: &str| {
        licence
            .split(" AND ")
            .all(|all| all.split(" OR ").flat_map(|one| one.split('/')).any(fine))
    };
    let mut lines: Vec<&str> = tree.lines().collect();
    lines.sort_unstable();
    lines.dedup();
    let mut complaints = Vec::new();
    for line in lines {
        let (package, licence) = line.split_once('|').unwrap_or((line, ""));
        let name = package.split(' ').next().unwrap_or_default();
        if banned.contains(&name) {
            complaints.push(format!(
                "{package}: banned by deny.toml (cargo tree -i {name} shows who brings it)"
            ));
        }
        if !acceptable(licence) && !licence.is_empty() {
            complaints.push(format!("{package}: its licence {licence} is not allowed by deny.toml"));
        }
    }
    complaints
}
