//! `docs/commands.md` is the help of every command.

use std::fs;

use super::project::Project;

/// With this variable, the file is written instead of compared.
const UPDATE: &str = "UPDATE_DOCS";

#[test]
fn the_reference_of_commands_is_up_to_date() {
    let mut text = String::from(
        "# Commands\n\n\
         <!-- Written by `UPDATE_DOCS=1 cargo test --workspace --test commands -- reference`. -->\n\n\
         `cargo tintype` finds `stories.toml` in the current folder or above, otherwise in the\n\
         only package of the workspace that has one. It exits with 0, or with 1 after an error;\n\
         `compare` exits with 1 for a difference and with 2 for an error.\n",
    );
    let project = Project::empty();
    for command in commands(&project, &[]) {
        let words = [command.as_str()];
        section(&project, &words, &mut text);
        for inner in commands(&project, &words) {
            section(&project, &[&command, &inner], &mut text);
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/commands.md");
    if std::env::var_os(UPDATE).is_some() {
        fs::write(path, &text).unwrap();
    }
    let found = fs::read_to_string(path).unwrap();
    assert!(
        found == text,
        "docs/commands.md is outdated (help: set {UPDATE}=1)"
    );
}

fn section(project: &Project, words: &[&str], text: &mut String) {
    let help = project.tintype(&[words, &["--help"]].concat()).out;
    // Every command has these.
    let (help, _) = help.split_once("\n  -h, --help").unwrap_or((&help, ""));
    let lines: Vec<_> = help.lines().map(str::trim_end).collect();
    *text += &format!(
        "\n## {}\n\n```text\n{}\n```\n",
        words.join(" "),
        lines.join("\n").trim()
    );
}

/// The names in the help of a command.
fn commands(project: &Project, words: &[&str]) -> Vec<String> {
    let help = project.tintype(&[words, &["--help"]].concat()).out;
    let list = help.split_once("Commands:\n").map_or("", |(_, list)| list);
    let list = list.split("\n\n").next().unwrap_or_default();
    let names = list.lines().filter_map(|line| {
        let is_name = line.starts_with("  ") && !line.starts_with("   ");
        let name = line.split_whitespace().next()?;
        (is_name && name != "help").then(|| name.to_owned())
    });
    names.collect()
}
