use std::fs;
use std::path::Path;

use super::project::Project;

/// The lines of commands in README and the pages of the guide.
fn command_lines() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let pages = fs::read_dir(root.join("docs")).unwrap();
    let pages = pages.map(|entry| entry.unwrap().path());
    let pages = pages.filter(|path| path.extension().is_some_and(|e| e == "md"));
    let mut lines = Vec::new();
    for path in pages.chain([root.join("README.md")]) {
        let text = fs::read_to_string(path).unwrap();
        let commands = text.lines().filter_map(|line| {
            let line = line.strip_prefix("$ ").unwrap_or(line);
            line.strip_prefix("cargo tintype ")
        });
        // Prose may begin with a command.
        let commands = commands.filter(|line| !line.contains('`'));
        lines.extend(commands.map(str::to_owned));
    }
    lines
}

/// The words of a command; what is in quotes is one.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for (number, part) in line.split('"').enumerate() {
        match number % 2 {
            0 => words.extend(part.split_whitespace()),
            _ => words.push(part),
        }
    }
    words
}

/// Every `cargo tintype …` that README and guide show is a command with those
/// options.
#[test]
fn readme_and_guide_show_commands_that_there_are() {
    let mut seen = 0;
    for line in command_lines() {
        let line = line.split(" #").next().unwrap();
        let mut words = words(line);
        words.push("--help");
        let said = Project::empty().tintype(&words);
        assert!(said.ok, "cargo tintype {line}: {}", said.err);
        // With --help no option is rejected, so options are searched in its
        // text.
        for option in words.iter().filter(|word| word.starts_with("--")) {
            assert!(
                said.out.contains(option),
                "{line}: no {option} in\n{}",
                said.out
            );
        }
        seen += 1;
    }
    assert!(seen >= 30, "{seen}");
}
