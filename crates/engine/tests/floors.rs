//! The modules are floors: each uses only those that stand above it in `lib.rs`. And none knows of Node.
#![expect(clippy::unwrap_used, reason = "a source that cannot be read is a failed test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// The floors, in their order.
fn floors() -> Vec<String> {
    let lib = fs::read_to_string(sources().join("lib.rs")).unwrap();
    let declared = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    declared.map(str::to_owned).collect()
}

fn sources() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))
}

/// Every source below `path`, with how many modules it lies below the root.
fn read(path: &Path, depth: usize, found: &mut Vec<(usize, String)>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            let is_own = path.ends_with("mod.rs");
            read(&path, if is_own { depth } else { depth + 1 }, found);
        }
    } else {
        found.push((depth, fs::read_to_string(path).unwrap()));
    }
}

/// The sources of one floor: `error.rs`, or all of `chat/`.
fn sources_of(floor: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for path in [sources().join(floor), sources().join(format!("{floor}.rs"))] {
        if path.exists() {
            read(&path, 1, &mut found);
        }
    }
    found
}

/// The floors that a source names: `crate::error::Error`, `crate::{error::Error, types::{…}}`, and `super::` as often
/// as it takes.
fn named(source: &str, depth: usize) -> BTreeSet<String> {
    let code: Vec<_> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let roots = ["crate::".to_owned(), "super::".repeat(depth)];
    let mut names = BTreeSet::new();
    for root in roots {
        for (at, _) in code.match_indices(&root) {
            names.extend(first_names(&code[at + root.len()..]));
        }
    }
    names
}

/// The first name of a path, or of each path of a group.
fn first_names(path: &str) -> Vec<String> {
    let name = |path: &str| {
        let is_part = |character: &char| character.is_alphanumeric() || *character == '_';
        path.trim_start().chars().take_while(is_part).collect::<String>()
    };
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let mut names = vec![name(group)];
    let mut level = 0;
    for (at, character) in group.char_indices() {
        match character {
            '{' => level += 1,
            '}' if level == 0 => break,
            '}' => level -= 1,
            ',' if level == 0 => names.push(name(&group[at + 1..])),
            _ => {}
        }
    }
    names
}

#[test]
fn names_are_found_however_they_are_written() {
    let source = "
        use crate::{
            chat::Reading,
            types::{Answer, Event},
            error,
        };
        // crate::comment
        fn f(error: crate::policy::Delay) -> super::super::wire::Frame {}
    ";
    let found: Vec<_> = named(source, 2).into_iter().filter(|name| !name.is_empty()).collect();
    assert_eq!(found, ["chat", "error", "policy", "types", "wire"]);
}

#[test]
fn every_source_belongs_to_a_floor() {
    let floors = floors();
    assert!(floors.len() > 5, "{floors:?}");
    for entry in fs::read_dir(sources()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(name == "lib" || floors.contains(&name), "{name} is not declared in lib.rs");
    }
    for floor in &floors {
        assert!(!sources_of(floor).is_empty(), "{floor} has no source");
    }
}

#[test]
fn arrows_run_downwards_only() {
    let floors = floors();
    let mut arrows = 0;
    for (position, floor) in floors.iter().enumerate() {
        for (depth, source) in sources_of(floor) {
            for name in named(&source, depth) {
                let Some(target) = floors.iter().position(|other| *other == name) else { continue };
                assert!(target <= position, "{floor} uses {name}, which stands below it in lib.rs");
                arrows += usize::from(target < position);
            }
        }
    }
    // As many as there are floors at least: else the search finds nothing.
    assert!(arrows >= floors.len(), "only {arrows} arrows were found");
}

#[test]
fn the_engine_needs_no_node() {
    let lock = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock")).unwrap();
    let packages: BTreeMap<&str, Vec<&str>> = lock.split("[[package]]").filter_map(package).collect();
    assert!(packages.contains_key("napi"), "the binding needs it");
    let mut needed = BTreeSet::new();
    let mut waiting = vec!["local-llm-engine"];
    while let Some(name) = waiting.pop() {
        if needed.insert(name) {
            waiting.extend(&packages[name]);
        }
    }
    assert!(needed.contains("tokio"), "{needed:?}");
    let of_node: Vec<_> = needed.iter().filter(|name| name.starts_with("napi")).collect();
    assert!(of_node.is_empty(), "{of_node:?}");
}

/// A package of the lock file, and the names of what it needs. (Of several versions, one is enough here.)
fn package(entry: &str) -> Option<(&str, Vec<&str>)> {
    let name = entry.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))?;
    let needed = entry.split("dependencies = [").nth(1).unwrap_or_default();
    let needed = needed.lines().filter_map(|line| line.trim().strip_prefix('"')?.split(['"', ' ']).next());
    Some((name, needed.collect()))
}
