//! Checks the examples, commands and variables in README and docs.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use tintype::internals::config::{Config, Variables};
use tintype::internals::manifest::Manifest;
use tintype::internals::plan::Plan;

fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The fenced blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let starts = text.split(&fence).skip(1);
    starts
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

fn check_manifest(text: &str) {
    let folder = TempDir::new().unwrap();
    let storybook = folder.path().join("storybook-static");
    fs::create_dir_all(&storybook).unwrap();
    let index = r#"{"v":5,"entries":{"controls-button--primary":{"type":"story",
        "id":"controls-button--primary","title":"Controls/Button","name":"Primary"}}}"#;
    fs::write(storybook.join("index.json"), index).unwrap();
    for page in ["button.html", "forms/address/street.html", "map.html"] {
        let path = folder.path().join("stories").join(page);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    // Parts of a manifest are shown without their stories.
    let text = match text.contains("[stories]") {
        true => text.to_owned(),
        false => format!("[stories]\ndir = \"stories\"\n\n{text}"),
    };
    let manifest = Manifest::parse(
        &folder.path().join("stories.toml"),
        &text,
        &Config::default(),
    );
    let manifest = manifest.unwrap_or_else(|error| panic!("{error}"));
    let plan = Plan::from_manifest(&manifest).unwrap_or_else(|error| panic!("{error}"));
    assert!(!plan.snapshots.is_empty());
}

/// The blocks of TOML in README and guide, each with the name of its document.
fn toml_blocks() -> Vec<(String, String)> {
    let mut names = vec!["README.md".to_owned()];
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") {
            names.push(format!("docs/{name}"));
        }
    }
    let blocks = names.into_iter().flat_map(|name| {
        let blocks = blocks(&document(&name), "toml");
        blocks.into_iter().map(move |block| (name.clone(), block))
    });
    blocks.collect()
}

/// Whether a block is part of another file than the manifest.
fn is_of_other_file(block: &str) -> bool {
    block.starts_with("# Cargo.toml") || block.contains("[[quarantine]]")
}

#[test]
fn every_manifest_in_the_documents_is_without_errors() {
    let mut seen = 0;
    for (_, block) in toml_blocks() {
        if !is_of_other_file(&block) {
            check_manifest(&block);
            seen += 1;
        }
    }
    assert!(seen >= 13, "{seen}");
}

/// An unknown key that is like none makes the error list all that there are:
/// each of them is in the reference.
#[test]
fn every_key_of_the_manifest_is_in_the_reference() {
    let reference = document("docs/manifest.md");
    let mut keys = 0;
    for section in [
        "",
        "[stories]",
        "[browser]",
        "[browser.firefox]",
        "[browser.webkit]",
        "[themes.light]",
        "[viewports.phone]",
        "[baselines]",
        "[artifacts]",
        "[alerts]",
        "[[alert]]",
        "[retention]",
        "[budget]",
        "[login.member]",
        "[device]",
        "[compare]",
        "[compare.firefox]",
        "[capture]",
        "[[story]]",
        "[[story]]\n[[story.steps]]",
    ] {
        let text = format!("{section}\nzzzzzzzzzzzz = 1\n");
        let error =
            Manifest::parse(Path::new("stories.toml"), &text, &Config::default()).unwrap_err();
        let error = error.to_string();
        let unknown = error.split("unknown key `zzzzzzzzzzzz`").nth(1).unwrap();
        let known = unknown.split("= help: ").nth(1).unwrap();
        let known = known.lines().next().unwrap();
        for key in known.split('`').skip(1).step_by(2) {
            assert!(reference.contains(key), "`{key}` of {section}");
            keys += 1;
        }
    }
    assert!(keys > 40, "{keys}");
}

#[test]
fn what_is_said_to_stand_in_cargo_toml_is_toml() {
    let mut seen = 0;
    for (name, block) in toml_blocks() {
        if is_of_other_file(&block) {
            let parsed = block.parse::<toml::Table>();
            parsed.unwrap_or_else(|error| panic!("{name}: {error}"));
            seen += 1;
        }
    }
    assert!(seen >= 4, "{seen}");
}

#[test]
fn the_three_lines_are_those_that_init_writes() {
    let readme = document("README.md");
    let written = document("cargo-tintype/src/commands/init/visual.rs");
    let block = &blocks(&readme, "rust,no_run")[0];
    let code = |text: &str| {
        let lines = text.lines().filter(|line| !line.starts_with("//"));
        lines.collect::<Vec<_>>().join("\n").trim().to_owned()
    };
    assert_eq!(code(block), code(&written));
}

/// Every value that the table of settings names is understood, and every
/// variable in it is one: an invalid value is an error.
#[test]
fn the_settings_are_those_that_are_read() {
    let manifest = document("docs/manifest.md");
    let rows = manifest
        .lines()
        .filter(|line| line.starts_with("| `TINTYPE_"));
    let mut seen = 0;
    for row in rows {
        let mut words = row.split('`').skip(1).step_by(2);
        let variable = words.next().unwrap();
        // A shared run needs a server and an id.
        let shared = [("REDIS_URL", "redis://ci"), ("TINTYPE_RUN_ID", "run-1")];
        let read = |value: &str| {
            let variables = shared.into_iter().chain([(variable, value)]);
            Config::from_variables(variables.collect::<Variables>())
        };
        let free = ["TINTYPE_MANIFEST"].contains(&variable);
        let nonsense = "../ nonsense";
        assert_eq!(read(nonsense).is_ok(), free, "{variable}");
        for value in words {
            read(value).unwrap_or_else(|error| panic!("{error}"));
        }
        seen += 1;
    }
    assert_eq!(seen, 12);
}
