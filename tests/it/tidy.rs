//! The house rules that a test can keep: which module uses which, and what no file may hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Which module of `src/` may use which others. Whoever needs another arrow adds it here and in ARCHITECTURE.md.
const ARROWS: [(&str, &str); 25] = [
    ("channel", ""),
    ("health", ""),
    ("metrics", ""),
    ("record", ""),
    ("stomp", ""),
    ("event", "record"),
    ("config", "event"),
    ("selector", "event"),
    ("catalogue", "event health"),
    ("decode", "catalogue config event record"),
    ("route", "channel config event selector"),
    ("client_message", "channel publish record selector stomp"),
    ("hub", "channel client_message event metrics selector"),
    ("auth", "channel config health metrics selector"),
    ("session", "auth channel client_message config hub metrics publish selector stomp"),
    ("transport", "channel hub metrics session stomp"),
    ("embedded", "config health metrics publish record topics"),
    ("source", "config embedded health metrics record"),
    ("publish", "config embedded source"),
    ("topics", "config embedded source"),
    ("dead_letter", "config embedded health metrics publish record source"),
    ("pipeline", "auth client_message config dead_letter decode hub metrics record route source"),
    ("platform", "catalogue"),
    (
        "server",
        "auth catalogue channel config dead_letter decode embedded event health hub metrics pipeline publish record \
         route session source stomp topics transport",
    ),
    ("cli", "auth catalogue config platform publish server topics"),
];

/// Modules that use each other. The log on this node's disk is a source, a publisher and a keeper of topics at once: it
/// takes the values of `publish` and `topics`, whose files `embedded.rs` call it. No other ring may come.
const RING: [&str; 4] = ["embedded", "publish", "source", "topics"];

/// Folders that hold what was fetched or built.
const PASSED_OVER: [&str; 7] = [".git", ".run", "dist", "node_modules", "sluice-data", "target", "data"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below that folder, in order.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match path.is_dir() {
            true if PASSED_OVER.contains(&&*name) => {}
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found
}

/// The path of a file as a reader of the repository writes it.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

fn allowed(module: &str) -> BTreeSet<&'static str> {
    let arrows = ARROWS.iter().find(|(name, _)| *name == module);
    let (_, arrows) = arrows.unwrap_or_else(|| panic!("src/{module} is a new module: add it to ARROWS"));
    arrows.split_whitespace().collect()
}

/// The top-level modules that a file's text uses: `crate::a`, `crate::{a, b::{c}}`, and as many `super::` as lead out of
/// the module that stands `depth` levels below the crate.
fn imports(text: &str, depth: usize) -> BTreeSet<String> {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let mut found = BTreeSet::new();
    for start in ["crate::".to_owned(), "super::".repeat(depth)] {
        for (at, _) in code.match_indices(&start) {
            if !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == ':') {
                found.extend(heads(&code[at + start.len()..]));
            }
        }
    }
    found.remove("super");
    found
}

/// The first name of a path, or of each path between braces.
fn heads(path: &str) -> Vec<String> {
    let name =
        |text: &str| text.trim_start().split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap().to_owned();
    let Some(list) = path.strip_prefix('{') else { return vec![name(path)] };
    let (mut names, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, character) in list.char_indices() {
        match character {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                names.push(name(&list[start..at]));
                start = at + 1;
                if character == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// The files of modules that are declared for tests only.
fn is_for_tests(file: &Path) -> bool {
    let mut module = file.with_extension("");
    if module.ends_with("mod") {
        module.pop();
    }
    while let Some(folder) = module.parent().filter(|_| module != root().join("src")) {
        let name = module.file_name().unwrap_or_default().to_string_lossy();
        let parents = [folder.join("mod.rs"), folder.with_extension("rs"), folder.join("lib.rs")];
        let declares = |parent: &PathBuf| {
            let text = fs::read_to_string(parent).unwrap_or_default();
            ["mod", "pub(crate) mod", "pub(super) mod"]
                .iter()
                .any(|word| text.contains(&format!("#[cfg(test)]\n{word} {name};")))
        };
        if parents.iter().any(declares) {
            return true;
        }
        module = folder.to_owned();
    }
    false
}

/// What each module of `src/` uses, and in which file first.
fn used() -> BTreeMap<String, BTreeMap<String, String>> {
    let source = root().join("src");
    let mut used: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for file in files(&source).into_iter().filter(|file| file.extension().is_some_and(|end| end == "rs")) {
        let mut levels: Vec<String> =
            file.strip_prefix(&source).unwrap().with_extension("").iter().map(|l| l.to_string_lossy().into()).collect();
        levels.retain(|level| level != "mod");
        if ["lib", "main"].contains(&levels[0].as_str()) || is_for_tests(&file) {
            continue;
        }
        let module = used.entry(levels[0].clone()).or_default();
        for name in imports(&fs::read_to_string(&file).unwrap(), levels.len()) {
            if name != levels[0] {
                module.entry(name).or_insert_with(|| shown(&file));
            }
        }
    }
    used
}

#[test]
fn imports_follow_the_arrows() {
    let mut faults = Vec::new();
    for (module, uses) in used() {
        let allowed = allowed(&module);
        let wrong = uses.iter().filter(|(name, _)| !allowed.contains(name.as_str()));
        faults.extend(wrong.map(|(name, file)| format!("{file}: `{module}` may not use `{name}`")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn arrows_go_one_way() {
    // Modules that use only what is out already go out too; what stays is a ring, or uses one.
    let mut left: BTreeMap<&str, BTreeSet<&str>> =
        ARROWS.iter().map(|(module, uses)| (*module, uses.split_whitespace().collect())).collect();
    for module in RING {
        left.remove(module);
    }
    loop {
        let waiting: BTreeSet<&str> = left.keys().copied().collect();
        left.retain(|_, uses| !uses.is_disjoint(&waiting));
        if left.is_empty() {
            break;
        }
        assert!(left.len() < waiting.len(), "these use each other: {waiting:?}");
    }
    for module in RING {
        let others: BTreeSet<&str> = allowed(module).into_iter().filter(|name| !RING.contains(name)).collect();
        let back = others.iter().find(|name| allowed(name).iter().any(|used| RING.contains(used)));
        assert_eq!(back, None, "`{module}` is in the ring, and so would this be");
    }
}

#[test]
fn the_page_on_architecture_has_the_same_arrows() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for (module, uses) in ARROWS {
        let uses: Vec<String> = uses.split_whitespace().map(|name| format!("`{name}`")).collect();
        let uses = if uses.is_empty() { "nothing of ours".to_owned() } else { uses.join(", ") };
        let row = format!("| `{module}` | {uses} |");
        assert!(page.contains(&row), "ARCHITECTURE.md lacks this row:\n{row}");
    }
}

#[test]
fn the_import_reader_reads_every_manner_of_import() {
    #[track_caller]
    fn check(text: &str, depth: usize, expected: &[&str]) {
        assert_eq!(imports(text, depth).iter().map(String::as_str).collect::<Vec<_>>(), expected, "{text}");
    }
    check("use crate::hub::Hub;", 1, &["hub"]);
    check("use crate::{auth, hub::{Hub, Outbox}, stomp::Frame};", 1, &["auth", "hub", "stomp"]);
    check("use crate::{\n    auth,\n    hub::{\n        Hub,\n    },\n};", 1, &["auth", "hub"]);
    check("let x = crate::metrics::session_opened();", 1, &["metrics"]);
    check("fn f(x: &crate::event::Event) -> Result<(), crate::auth::AuthError> {}", 1, &["auth", "event"]);
    check("pub(in crate::hub) fn f() {}", 1, &["hub"]);
    check("use super::super::hub::Hub;\nuse super::Action;", 2, &["hub"]);
    check("use super::hub::Hub;", 1, &["hub"]);
    check("use super::super::Action;", 3, &[]);
    check("// use crate::hub::Hub;\n//! [`crate::auth`]", 1, &[]);
    check("use mycrate::hub; use other_crate::auth;", 1, &[]);
    check("use crate::hub;\n#[cfg(test)]\nmod tests {\n    use crate::auth;\n}", 1, &["hub"]);
}

#[test]
fn each_file_says_first_what_it_is_for() {
    for folder in ["src", "tests"] {
        for file in files(&root().join(folder)).into_iter().filter(|file| file.extension().is_some_and(|e| e == "rs")) {
            let text = fs::read_to_string(&file).unwrap();
            assert!(text.starts_with("//! "), "{} does not begin with a `//!` sentence", shown(&file));
        }
    }
}

#[test]
fn no_file_names_a_place_on_somebodys_machine() {
    let mut places: Vec<String> = ["home", "root", "Users"].iter().map(|folder| format!("/{folder}/")).collect();
    // A checkout near the top of the tree has too short a name to look for.
    if root().components().count() > 3 {
        places.push(format!("{}/", root().display()));
    }
    for file in files(root()) {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        for (number, line) in text.lines().enumerate() {
            let found = places.iter().find(|place| {
                let is_start = |at: usize| {
                    !line[..at].ends_with(|before: char| before.is_alphanumeric() || "._-}".contains(before))
                };
                line.match_indices(place.as_str()).any(|(at, _)| is_start(at))
            });
            assert_eq!(found, None, "{}:{}", shown(&file), number + 1);
        }
    }
}
