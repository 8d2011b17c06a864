//! What editors and shells use: the schema, completions and man pages.

use super::project::Project;

#[test]
fn schema_prints_the_committed_schema() {
    let said = Project::empty().tintype(&["schema"]);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/stories.schema.json");
    assert_eq!(said.out, std::fs::read_to_string(path).unwrap());
}

#[test]
fn init_names_the_schema_of_its_version() {
    let project = Project::empty();
    project.write(
        "Cargo.toml",
        b"[package]\nname = \"shop\"\nedition = \"2024\"\n",
    );
    project.write("src/lib.rs", b"");
    assert!(project.tintype(&["init"]).ok);
    let manifest = project.read("stories.toml");
    let first = manifest.lines().next().unwrap();
    let address = first.strip_prefix("#:schema https://").unwrap();
    let version = concat!("/raw/v", env!("CARGO_PKG_VERSION"), "/docs/");
    assert!(
        address.contains(version) && address.ends_with(".schema.json"),
        "{first}"
    );
}

#[test]
fn every_command_has_a_man_page() {
    let project = Project::empty();
    assert!(project.tintype(&["man", "--dir", "man"]).ok);
    for command in commands(&project) {
        let page = project.read(&format!("man/cargo-tintype-{command}.1"));
        assert!(page.contains("SYNOPSIS"), "{command}:\n{page}");
    }
}

#[test]
fn completions_have_every_command() {
    let project = Project::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = project.tintype(&["completions", shell]).out;
        for command in commands(&project) {
            assert!(script.contains(&command), "{shell}: {command}");
        }
    }
}

/// Those without `--json` write files, NDJSON or scripts, or show a page.
#[test]
fn commands_print_json() {
    const OTHERS: [&str; 8] = [
        "init",
        "test",
        "review",
        "export",
        "completions",
        "man",
        "schema",
        "mcp",
    ];
    let project = Project::empty();
    for command in commands(&project) {
        let words: &[&str] = match command.as_str() {
            "baselines" => &["baselines", "move"],
            "cache" => &["cache", "stats"],
            other => &[other],
        };
        let help = project.tintype(&[words, &["--help"]].concat()).out;
        let is_expected = !OTHERS.contains(&command.as_str());
        assert_eq!(help.contains("--json"), is_expected, "{command}:\n{help}");
    }
}

/// The names in `cargo tintype --help`.
fn commands(project: &Project) -> Vec<String> {
    let help = project.tintype(&["--help"]).out;
    let (_, list) = help.split_once("Commands:\n").unwrap();
    let (list, _) = list.split_once("\n\n").unwrap();
    let names = list.lines().filter_map(|line| {
        let is_name = line.starts_with("  ") && !line.starts_with("   ");
        let name = line.split_whitespace().next()?;
        (is_name && name != "help").then(|| name.to_owned())
    });
    let names: Vec<_> = names.collect();
    assert!(names.len() > 20, "{help}");
    names
}
