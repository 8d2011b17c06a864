use super::project::Project;

/// Every `cargo tintype …` that README shows is a command with those options.
#[test]
fn readme_shows_commands_that_there_are() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let lines = readme
        .lines()
        .filter_map(|line| line.strip_prefix("cargo tintype "));
    let mut seen = 0;
    for line in lines {
        let line = line.split('#').next().unwrap();
        let mut words: Vec<_> = line.split_whitespace().collect();
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
    assert!(seen >= 7, "{seen}");
}
