//! The project keeps its own rules: sizes, who may import whom, banned calls, unused files, papers that tell the truth.
//!
//! Each rule is a function from a list of files to a list of complaints, tried on the repository and on a planted
//! fault, so that every rule is known to be able to fail. The rules themselves are written down in `README.md` (how it
//! works) and in each rule's docstring. Plain `std`, no dependency.

mod code;
mod imports;
mod papers;
mod tree;
mod web;

use tree::{File, repository};

/// Files over the size limit when the rule came, with their length in lines. The list may only shrink: an entry
/// that is no longer needed, or a file that has grown beyond its entry, is a complaint as well.
const TOO_LONG: &[(&str, usize)] = &[];

/// Files that know something they should not, when the rule came. The list may only shrink.
const MISPLACED: &[&str] = &[];

/// Runs one rule on the repository and shows every complaint at once.
#[track_caller]
fn clean(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// Runs one rule on a planted fault and on its cure: the first must give exactly one complaint, the second none.
#[track_caller]
fn can_fail(rule: impl Fn(&[File]) -> Vec<String>, faulty: &[(&str, &str)], cured: &[(&str, &str)]) {
    let plant = |files: &[(&str, &str)]| {
        files
            .iter()
            .map(|(path, text)| File::new(path, text))
            .collect::<Vec<_>>()
    };
    let complaints = rule(&plant(faulty));
    assert_eq!(complaints.len(), 1, "the planted fault gave {complaints:?}");
    let complaints = rule(&plant(cured));
    assert!(complaints.is_empty(), "the cure gave {complaints:?}");
}

#[test]
fn files_and_functions_are_short() {
    clean(code::sizes(&repository(), TOO_LONG));
    let long = "//! x\n".repeat(601);
    can_fail(
        |files| code::sizes(files, &[]),
        &[("src/a.rs", &long)],
        &[("src/a.rs", "//! x\n")],
    );
    can_fail(
        |files| code::sizes(files, &[("src/a.rs", 601)]),
        &[("src/a.rs", "//! x\n")],
        &[("src/a.rs", &long)],
    );
    let function = format!(
        "//! x\n    pub(crate) async fn f() {{\n{}    }}\n",
        "        g();\n".repeat(140)
    );
    can_fail(
        |files| code::sizes(files, &[]),
        &[("src/a.rs", &function)],
        &[("src/a.rs", "fn f() {\n}\n")],
    );
}

#[test]
fn every_rust_file_says_what_it_is_for() {
    clean(code::openings(&repository()));
    can_fail(
        code::openings,
        &[("src/a.rs", "use std::fs;\n")],
        &[("src/a.rs", "//! Files.\n")],
    );
}

#[test]
fn banned_calls_stay_out() {
    clean(code::banned(&repository()));
    for call in ["x.unwrap()", "todo!()", "println!(\"x\")", "dbg!(x)"] {
        let faulty = format!("fn f() {{\n    {call};\n}}\n");
        let tested = format!("#[cfg(test)]\nmod tests {{\n{faulty}\n}}\n");
        can_fail(code::banned, &[("src/a.rs", &faulty)], &[("src/a.rs", &tested)]);
    }
    let clock = "let now = Instant::now();\n";
    can_fail(code::banned, &[("media/src/a.rs", clock)], &[("src/a.rs", clock)]);
    can_fail(
        code::banned,
        &[("src/a.rs", "#[allow(dead_code)]\n")],
        &[("src/a.rs", "#[expect(dead_code)]\n")],
    );
    can_fail(
        code::banned,
        &[("tests/it/a.rs", "std::thread::sleep(x);\n")],
        &[("tests/it/a.rs", "advance(x);\n")],
    );
    can_fail(
        code::banned,
        &[("tests/it/a.rs", "#[ignore]\n")],
        &[("tests/it/a.rs", "#[test]\n")],
    );
}

#[test]
fn every_rust_file_is_part_of_a_crate() {
    clean(code::unused(&repository()));
    let (root, part) = (("src/lib.rs", "pub mod a;\n"), ("src/a/mod.rs", "mod b;\n"));
    can_fail(
        code::unused,
        &[root, part, ("src/b.rs", "")],
        &[root, part, ("src/a/b.rs", "")],
    );
}

#[test]
fn modules_know_only_whom_they_may() {
    clean(imports::rust(&repository(), MISPLACED));
    let rule = |files: &[File]| imports::rust(files, &[]);
    let (sql, http) = ("let x = sqlx::query(y);\n", "use axum::Router;\n");
    can_fail(
        rule,
        &[("src/chat/mod.rs", sql)],
        &[("src/chat/store.rs", ""), ("src/db/mod.rs", sql)],
    );
    can_fail(rule, &[("src/chat/store.rs", http)], &[("src/chat/routes.rs", http)]);
    can_fail(
        rule,
        &[("src/live/mod.rs", "use crate::db::Db;\n")],
        &[("src/live/mod.rs", "use bytes::Bytes;\n")],
    );
    let known = |files: &[File]| imports::rust(files, &["src/chat/mod.rs"]);
    can_fail(
        known,
        &[("src/chat/mod.rs", "//! Chat.\n")],
        &[("src/chat/mod.rs", http)],
    );
    let (up, down) = ("use crate::sessions::Session;\n", "use crate::accounts::User;\n");
    can_fail(rule, &[("src/accounts/mod.rs", up)], &[("src/sessions/mod.rs", down)]);
    let inside = "use crate::accounts::store::find;\n";
    can_fail(
        rule,
        &[("src/sessions/mod.rs", inside)],
        &[("src/accounts/mod.rs", inside)],
    );
    can_fail(
        rule,
        &[("media/src/a.rs", "use tokio::net;\n")],
        &[("media/src/a.rs", "use bytes::Bytes;\n")],
    );
}

#[test]
fn web_modules_know_only_whom_they_may() {
    clean(web::imports(&repository()));
    let (here, there) = ("web/src/features/watch/page.tsx", "web/src/ui/button.tsx");
    let sibling = "import { x } from \"../chat/panel\";\n";
    can_fail(
        web::imports,
        &[(here, sibling)],
        &[(here, "import { x } from \"../../ui/button\";\n")],
    );
    can_fail(
        web::imports,
        &[(there, "import { x } from \"@/features/a/b\";\n")],
        &[(there, "import { x } from \"./b\";\n")],
    );
    let panel = "import { x } from \"../../conversation/panel\";\n";
    can_fail(web::imports, &[("web/src/ui/a/button.tsx", panel)], &[(here, panel)]);
    let react = "import { useState } from \"react\";\n";
    can_fail(
        web::imports,
        &[("web/src/media/whep.ts", react)],
        &[("web/src/ui/button.tsx", react)],
    );
}

#[test]
fn web_files_keep_the_style() {
    clean(web::style(&repository()));
    let path = "web/src/ui/button.tsx";
    can_fail(
        web::style,
        &[(path, "export default function Button() {}\n")],
        &[(path, "export function Button() {}\n")],
    );
    can_fail(
        web::style,
        &[("web/src/ui/BigButton.tsx", "")],
        &[("web/src/ui/big-button.tsx", "")],
    );
    can_fail(
        web::style,
        &[("web/e2e/a.spec.ts", "test.only(x)\n")],
        &[("web/e2e/a.spec.ts", "test(x)\n")],
    );
}

#[test]
fn no_machine_shows_in_a_tracked_file() {
    clean(papers::machines(&repository()));
    let path = concat!("see /ro", "ot/x\n");
    can_fail(
        papers::machines,
        &[("README.md", path)],
        &[("README.md", "see docs/x\n")],
    );
    can_fail(
        papers::machines,
        &[("web/package-lock.json", "\"resolved\": \"https://npm.example/a.tgz\"\n")],
        &[("web/package-lock.json", "\"version\": \"1.0.0\"\n")],
    );
}

#[test]
fn the_papers_name_things_that_exist() {
    clean(papers::references(&repository()));
    let makefile = ("Makefile", "run: ## Starts\n");
    can_fail(
        papers::references,
        &[makefile, ("README.md", "`make dance`\n")],
        &[makefile, ("README.md", "`make run`\n")],
    );
    can_fail(
        papers::references,
        &[("README.md", "[x](docs/x.md)\n")],
        &[("README.md", "[x](https://x.example)\n")],
    );
}

#[test]
fn every_dependency_has_its_reason() {
    clean(papers::reasons(&repository()));
    let dependency = |end: &str| format!("[dependencies]\nbytes = \"1\"{end}\n");
    let (bare, reasoned) = (dependency(""), dependency(" # shared bodies"));
    can_fail(papers::reasons, &[("Cargo.toml", &bare)], &[("Cargo.toml", &reasoned)]);
}

#[test]
fn no_banned_crate_and_no_unknown_licence_is_in_the_tree() {
    let deny = repository()
        .into_iter()
        .find(|file| file.path == "deny.toml")
        .expect("deny.toml is tracked");
    clean(papers::supply(&deny.text, &papers::dependency_tree()));
    let complain = |tree: &str| papers::supply("deny = [\n{ name = \"ring\" },\n]\nallow = [\n\"MIT\",\n]\n", tree);
    assert_eq!(complain("ring v0.17.14|MIT\n").len(), 1);
    assert_eq!(complain("bytes v1.12.0|GPL-3.0\n").len(), 1);
    assert!(complain("bytes v1.12.0|GPL-3.0 OR MIT\n").is_empty());
}
