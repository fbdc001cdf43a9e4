//! Rules about the web client: app → features → conversation → {media, api, ui}; a feature never imports a feature;
//! `media` there imports no React; kebab-case files, no default exports, no test switched off.

use super::tree::File;

/// Imports in `web/src` that go the wrong way.
pub(super) fn imports(files: &[File]) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| file.is_typescript()) {
        let Some(inside) = file.path.strip_prefix("web/src/") else {
            continue;
        };
        for (number, line) in file.lines() {
            let Some(name) = imported(line) else { continue };
            let react = name == "react" || name.starts_with("react/") || name.starts_with("react-");
            if inside.starts_with("media/") && react {
                complaints.push(file.complain(number, "media knows no React"));
            }
            if let Some(what) = resolve(inside, name).and_then(|target| objection(inside, &target)) {
                complaints.push(file.complain(number, what));
            }
        }
    }
    complaints
}

/// The module that a line imports or re-exports: `./x` of `import { a } from "./x";`.
fn imported(line: &str) -> Option<&str> {
    let rest = ["from \"", "import \"", "import(\""]
        .iter()
        .find_map(|start| line.split_once(start))?
        .1;
    rest.split('"').next()
}

/// Path below `web/src` of an imported module, or nothing for a package.
fn resolve(from: &str, name: &str) -> Option<String> {
    if let Some(rest) = name.strip_prefix("@/").or_else(|| name.strip_prefix("~/")) {
        return Some(rest.to_owned());
    }
    if !name.starts_with('.') {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in name.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn objection(from: &str, to: &str) -> Option<String> {
    let mut from = from.split('/');
    let mut to = to.split('/');
    let (layer, target) = (from.next()?, to.next()?);
    let allowed: &[&str] = match layer {
        "features" => &["features", "conversation", "media", "api", "ui"],
        // What the watch page and the broadcast page share.
        "conversation" => &["conversation", "media", "api", "ui"],
        "ui" => &["ui"],
        "api" => &["api"],
        "media" => &["media", "api"],
        _ => return None, // app and the entry file know everybody
    };
    let layers = ["app", "features", "conversation", "media", "api", "ui"];
    if !allowed.contains(&target) && layers.contains(&target) {
        return Some(format!("{layer} does not know {target}"));
    }
    let (feature, other) = (from.next()?, to.next()?);
    (layer == "features" && target == "features" && feature != other)
        .then(|| format!("feature {feature} does not know feature {other}"))
}

/// File names, exports and switched-off tests.
pub(super) fn style(files: &[File]) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| file.is_typescript()) {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        let is_config = name.ends_with(".config.ts");
        if name.chars().any(|character| character.is_ascii_uppercase()) {
            complaints.push(file.complain(1, "file names are in kebab-case"));
        }
        for (number, line) in file.lines() {
            let code = line.trim_start();
            if code.starts_with("export default") && !is_config {
                complaints.push(file.complain(number, "exports have names"));
            }
            if file.is_test() || name.contains(".test.") {
                let off = [
                    "test.only(",
                    "test.skip(",
                    "test.fixme(",
                    "it.only(",
                    "it.skip(",
                    "waitForTimeout(",
                ];
                if let Some(call) = off.iter().find(|call| code.contains(**call)) {
                    complaints.push(file.complain(number, format!("{call} hides something")));
                }
            }
        }
    }
    complaints
}
