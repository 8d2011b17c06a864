//! Checks the structure of each crate: no circles between files, and in
//! `tintype` no reference from a room to one above it. The order of the rooms
//! is read from the `# Layout` section of `src/lib.rs`. No two types of the
//! three crates share a name. Only two rooms contain code for a single operating
//! system.

mod crate_source;
mod graph;
mod references;
mod system_uses;
mod type_names;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate_source::CrateSource;
use graph::{Graph, cycles};
use type_names::Definitions;

const CRATES: [&str; 3] = ["src", "tintype-compare/src", "cargo-tintype/src"];

/// The folders with code for each operating system: processes and files.
const SYSTEM_FOLDERS: [&str; 2] = ["src/process/", "src/files/"];

/// Type names that are defined more than once, each with the reason.
const SHARED_NAMES: [(&str, &str); 2] = [
    ("LocalStream", "one for each operating system"),
    ("ProcessTree", "one for each operating system"),
];

fn read(folder: &str) -> CrateSource {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    CrateSource::read(&root).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn no_files_reference_each_other_in_a_circle() {
    let mut found = Vec::new();
    for folder in CRATES {
        let graph = references::graph(&read(folder));
        for cycle in cycles(&graph) {
            let members: BTreeSet<_> = cycle.iter().cloned().collect();
            let mut lines = vec![format!("{folder}: {} files form a circle", cycle.len())];
            for file in &cycle {
                let targets = graph[file].iter().filter(|(to, _)| members.contains(*to));
                lines.extend(targets.map(|(to, path)| format!("  {file} -> {to}  ({path})")));
            }
            found.push(lines.join("\n"));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n\n"));
}

#[test]
fn no_room_references_one_above_it() {
    let source = read("src");
    let order = source.layout();
    let position: BTreeMap<&str, usize> = order
        .iter()
        .enumerate()
        .map(|(index, room)| (room.as_str(), index))
        .collect();
    let mut found = Vec::new();
    for (file, targets) in &references::graph(&source) {
        // The facade at the root may name everything.
        let Some(from) = CrateSource::room(file) else {
            continue;
        };
        for (to, path) in targets {
            let Some(room) = CrateSource::room(to) else {
                found.push(format!(
                    "{file} -> {to}  ({path}): rooms do not use the facade"
                ));
                continue;
            };
            let (Some(lower), Some(upper)) = (position.get(room), position.get(from)) else {
                continue;
            };
            if lower > upper {
                found.push(format!("{file} -> {to}  ({path})"));
            }
        }
    }
    assert!(
        found.is_empty(),
        "references that run upward:\n{}",
        found.join("\n")
    );
}

#[test]
fn the_layout_names_every_room_once() {
    let source = read("src");
    let order = source.layout();
    let named: BTreeSet<_> = order.iter().map(String::as_str).collect();
    assert_eq!(
        named.len(),
        order.len(),
        "a room is listed twice: {order:?}"
    );
    let rooms: BTreeSet<_> = source.files().filter_map(CrateSource::room).collect();
    assert_eq!(
        named, rooms,
        "`# Layout` in src/lib.rs and the folders of src differ"
    );
}

#[test]
fn each_type_has_its_own_name() {
    let mut definitions = Definitions::new();
    for folder in CRATES {
        type_names::collect(folder, &read(folder), &mut definitions);
    }
    let shared = definitions.iter().filter(|(_, files)| files.len() > 1);
    let shared: BTreeMap<&str, _> = shared.map(|(name, files)| (name.as_str(), files)).collect();
    let allowed: BTreeSet<&str> = SHARED_NAMES.iter().map(|(name, _)| *name).collect();
    let found: BTreeSet<&str> = shared.keys().copied().collect();
    assert_eq!(
        found, allowed,
        "the names of types and those in `SHARED_NAMES` differ: {shared:#?}"
    );
}

#[test]
fn only_two_rooms_contain_code_for_one_system() {
    let mut found = Vec::new();
    for folder in CRATES {
        for (_, path, file) in read(folder).modules() {
            let path = format!("{folder}/{path}");
            let uses = system_uses::of_file(file);
            if !uses.is_empty()
                && !SYSTEM_FOLDERS
                    .iter()
                    .any(|allowed| path.starts_with(allowed))
            {
                found.push(format!("{path}: {}", uses.join(", ")));
            }
        }
    }
    assert!(
        found.is_empty(),
        "code for one system belongs into {SYSTEM_FOLDERS:?}:\n{}",
        found.join("\n")
    );
}

/// Tests of the checks themselves.
#[test]
fn circles_and_their_members_are_found() {
    let sources = [
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use crate::b::B; pub struct A(B);"),
        ("b/mod.rs", "mod inner; pub use inner::B;"),
        (
            "b/inner.rs",
            "pub struct B; impl B { fn f() { let _ = crate::c::make(); } }",
        ),
        ("c.rs", "use crate::a; pub fn make() -> a::A { loop {} }"),
    ];
    let files = sources.map(|(path, text)| (path.to_owned(), text.to_owned()));
    let graph: Graph = references::graph(&CrateSource::parse(files).unwrap());
    let found = cycles(&graph);
    let expected = ["a.rs", "b/inner.rs", "c.rs"].map(str::to_owned).to_vec();
    assert_eq!(found, [expected]);
}

#[test]
fn references_of_tests_do_not_count() {
    let sources = [
        ("lib.rs", "mod a; mod b;"),
        (
            "a.rs",
            "use crate::b::B; pub struct A(B); #[cfg(test)] mod tests { use super::*; }",
        ),
        (
            "b.rs",
            "pub struct B; #[cfg(test)] mod tests { use crate::a::A; }",
        ),
    ];
    let files = sources.map(|(path, text)| (path.to_owned(), text.to_owned()));
    let graph = references::graph(&CrateSource::parse(files).unwrap());
    assert!(cycles(&graph).is_empty());
}

#[test]
fn a_type_name_is_found_in_every_file_but_not_in_tests() {
    let sources = [
        ("lib.rs", "mod a; mod b; struct Other;"),
        ("a.rs", "pub struct Report;"),
        (
            "b.rs",
            "enum Report {} #[cfg(test)] struct Other; #[cfg(test)] mod tests { struct Report; }",
        ),
    ];
    let files = sources.map(|(path, text)| (path.to_owned(), text.to_owned()));
    let mut found = Definitions::new();
    type_names::collect("src", &CrateSource::parse(files).unwrap(), &mut found);
    assert_eq!(found["Report"], ["src/a.rs", "src/b.rs"]);
    assert_eq!(found["Other"], ["src/lib.rs"]);
}

#[test]
fn code_for_one_system_is_found_except_in_tests() {
    let file = syn::parse_file(
        r#"
        use std::os::unix::fs::MetadataExt;
        /// Reads /proc or calls sh.
        fn shell() { Command::new("sh"); read("/proc/loadavg"); }
        fn selected() { tokio::select! { _ = tokio::signal::ctrl_c() => {} } }
        #[cfg(test)]
        mod tests { fn own() { rustix::process::geteuid(); } }
        "#,
    );
    let found = system_uses::of_file(&file.unwrap());
    assert_eq!(found, ["\"/proc/loadavg\"", "\"sh\"", "ctrl_c", "unix"]);
}
