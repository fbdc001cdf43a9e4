//! Rules about Rust code itself: size, opening line, banned calls, files that no crate knows.

use super::tree::File;
use std::collections::{BTreeMap, BTreeSet};

/// Twice the aim of 300 lines a file.
const FILE_LINES: usize = 600;
/// Twice the aim of 70 lines a function.
const FUNCTION_LINES: usize = 140;

/// Files and functions beyond twice the aim. `exceptions` names files that may be longer, with their length.
pub(super) fn sizes(files: &[File], exceptions: &[(&str, usize)]) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| file.is_rust() || file.is_typescript()) {
        let lines = file.text.lines().count();
        match exceptions.iter().find(|(path, _)| *path == file.path) {
            Some(_) if lines <= FILE_LINES => complaints.push(file.complain(1, "is short now: remove its exception")),
            Some((_, known)) if lines > *known => {
                complaints.push(file.complain(1, format!("grew beyond {known} lines")))
            }
            None if lines > FILE_LINES => complaints.push(file.complain(1, format!("has {lines} lines"))),
            _ => {}
        }
        if file.is_rust() {
            complaints.extend(long_functions(file));
        }
    }
    let gone = |path: &str| !files.iter().any(|file| file.path == path);
    complaints.extend(
        exceptions
            .iter()
            .filter(|(path, _)| gone(path))
            .map(|(path, _)| format!("{path}: no such file")),
    );
    complaints
}

/// A function reaches from the line with `fn` to the `}` in the same column, as rustfmt writes it.
fn long_functions(file: &File) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut open: Vec<(usize, usize, &str)> = Vec::new();
    for (number, line) in file.lines() {
        let code = line.trim_start();
        let column = line.len() - code.len();
        if code == "}" && open.last().is_some_and(|(at, ..)| *at == column) {
            let (_, start, name) = open.pop().expect("just seen");
            if number - start > FUNCTION_LINES {
                complaints.push(file.complain(start, format!("{name} has {} lines", number - start)));
            }
        } else if let Some(name) = function_name(code)
            && !code.ends_with(';')
            && !code.ends_with('}')
        {
            open.push((column, number, name));
        }
    }
    complaints
}

/// `f` of `pub(crate) async fn f(…`.
fn function_name(code: &str) -> Option<&str> {
    const BEFORE: [&str; 7] = ["pub", "pub(crate)", "pub(super)", "async", "const", "unsafe", "extern"];
    let (before, after) = code.split_once("fn ")?;
    let name = after.split(['(', '<']).next()?;
    before
        .split_whitespace()
        .all(|word| BEFORE.contains(&word))
        .then_some(name)
}

/// Rust files that do not open by saying what they are for.
pub(super) fn openings(files: &[File]) -> Vec<String> {
    let silent = |file: &&File| file.is_rust() && !file.text.starts_with("//! ");
    files
        .iter()
        .filter(silent)
        .map(|file| file.complain(1, "does not open with //!"))
        .collect()
}

/// Calls that the product's code may not make: crashes, left-overs, clocks in the engine, races in tests.
pub(super) fn banned(files: &[File]) -> Vec<String> {
    const ANYWHERE: [(&str, &str); 3] = [
        ("#[allow(", "use #[expect(lint, reason = \"…\")]"),
        ("#![allow(", "use #![expect(lint, reason = \"…\")]"),
        ("#[ignore", "a test that does not run is no test"),
    ];
    const IN_TESTS: [(&str, &str); 1] = [(
        "thread::sleep(",
        "waiting hides a race: wait for the event, or advance the time",
    )];
    const IN_PRODUCT: [(&str, &str); 6] = [
        (".unwrap()", "say why it holds with expect, or return an error"),
        ("todo!(", "not done"),
        ("unimplemented!(", "not done"),
        ("dbg!(", "left over"),
        ("eprint", "use tracing"),
        ("FIXME", "not done"),
    ];
    const IN_ENGINE: [(&str, &str); 7] = [
        ("Instant::now", "time is an argument of the engine"),
        ("SystemTime", "time is an argument of the engine"),
        ("std::fs", "the engine has no files"),
        ("std::thread", "the engine has no threads"),
        ("UdpSocket", "the engine has no sockets"),
        ("getrandom", "randomness is an argument of the engine"),
        ("async fn", "the engine does not wait"),
    ];
    const PRINT: [(&str, &str); 2] = [("println!(", "use tracing"), ("print!(", "use tracing")];

    let mut complaints = Vec::new();
    // This test speaks of the calls that it looks for.
    for file in files
        .iter()
        .filter(|file| file.is_rust() && !file.path.starts_with("tests/it/tidy"))
    {
        let is_main = file.path == "src/main.rs"; // prints start-up errors before the log exists
        let prints = file.text.contains("clippy::print_stdout") || is_main;
        let mut search = |(number, line): (usize, &str), list: &[(&str, &str)]| {
            if let Some((call, why)) = list.iter().find(|(call, _)| line.contains(call)) {
                complaints.push(file.complain(number, format!("{call} — {why}")));
            }
        };
        file.lines().for_each(|line| search(line, &ANYWHERE));
        let product: Vec<_> = file.product_lines().collect();
        file.lines()
            .filter(|line| !product.contains(line))
            .for_each(|line| search(line, &IN_TESTS));
        for line in product {
            if !(is_main && line.1.contains("eprint")) {
                search(line, &IN_PRODUCT);
            }
            if !prints && !line.1.contains("eprint") {
                search(line, &PRINT);
            }
            if file.path.starts_with("media/src/") {
                search(line, &IN_ENGINE);
            }
        }
    }
    complaints
}

/// Rust files that no crate reaches by `mod`.
pub(super) fn unused(files: &[File]) -> Vec<String> {
    let rust: BTreeMap<&str, &File> = files
        .iter()
        .filter(|f| f.is_rust())
        .map(|f| (f.path.as_str(), f))
        .collect();
    let mut reached: BTreeSet<String> = BTreeSet::new();
    let mut waiting: Vec<String> = rust
        .keys()
        .filter(|path| is_crate_root(path))
        .map(|path| (*path).to_owned())
        .collect();
    while let Some(path) = waiting.pop() {
        if let Some(file) = rust.get(path.as_str())
            && reached.insert(path.clone())
        {
            waiting.extend(children(file));
        }
    }
    let lost = |path: &&&str| !reached.contains(**path);
    rust.keys()
        .filter(lost)
        .map(|path| format!("{path}:1: no crate has a mod for this file"))
        .collect()
}

/// `src/{lib,main}.rs`, `build.rs`, `src/bin/*.rs`, and what Cargo finds by itself in `tests`, `benches`, `examples`
/// and a fuzz crate.
fn is_crate_root(path: &str) -> bool {
    let parts: Vec<&str> = path.rsplit('/').collect();
    let parent = |index: usize| parts.get(index).copied().unwrap_or_default();
    match parent(0) {
        "lib.rs" => parent(1) == "src",
        "main.rs" => ["src", "tests", "benches", "examples"]
            .iter()
            .any(|name| parent(1) == *name || parent(2) == *name),
        "build.rs" => parent(1) != "src",
        _ => ["tests", "benches", "examples", "bin", "fuzz_targets"].contains(&parent(1)) && parent(2) != "src",
    }
}

/// Where the modules that a file declares may live.
fn children(file: &File) -> Vec<String> {
    let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
    let stem = name.trim_end_matches(".rs");
    let own = if ["lib", "main", "mod"].contains(&stem) || is_crate_root(&file.path) {
        folder.to_owned()
    } else {
        format!("{folder}/{stem}")
    };
    let mut found = Vec::new();
    let mut path_attribute = None;
    for (_, line) in file.lines() {
        let code = line.trim();
        if let Some(path) = code
            .strip_prefix("#[path = \"")
            .and_then(|rest| rest.strip_suffix("\"]"))
        {
            path_attribute = Some(format!("{folder}/{path}"));
        } else if let Some(module) = code.strip_suffix(';').and_then(|code| code.split_once("mod "))
            && (module.0.is_empty() || module.0.starts_with("pub"))
        {
            let name = module.1.trim();
            found.extend(path_attribute.take());
            found.extend([format!("{own}/{name}.rs"), format!("{own}/{name}/mod.rs")]);
        }
    }
    found
}
