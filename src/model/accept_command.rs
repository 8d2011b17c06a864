//! Renders the commands that accept current images as baselines.

use super::{RunId, Status, VisualTestResult};

/// `cargo tintype accept … --run …`, ready to paste into a shell: for one
/// result, or for everything in a run.
pub(crate) fn accept_command(run: &RunId, result: Option<&VisualTestResult>) -> String {
    let mut command = "cargo tintype accept".to_owned();
    if let Some(result) = result {
        command.push(' ');
        command.push_str(&shell_word(&result.story_identifier.test_name()));
        if result.status == Status::Changed {
            command.push_str(" --changed");
        }
    }
    command.push_str(" --run ");
    command.push_str(&shell_word(run.as_str()));
    command
}

/// `cargo tintype accept --cause … --run …`: accepts what these causes explain.
pub fn cause_command(ids: &[&str], run: Option<&RunId>) -> String {
    let mut command = "cargo tintype accept".to_owned();
    for id in ids {
        command.push_str(&format!(" --cause {}", shell_word(id)));
    }
    if let Some(run) = run {
        command.push_str(&format!(" --run {}", shell_word(run.as_str())));
    }
    command
}

/// A word for a POSIX shell, in single quotes unless it is safe without. Run
/// ids come from the environment and may contain anything.
fn shell_word(word: &str) -> String {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-_./:@=".contains(c);
    if !word.is_empty() && word.chars().all(is_safe) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::{accept_command, shell_word};
    use crate::model::{RunId, Status, StoryIdentifier, VisualTestResult};

    #[test]
    fn a_command_names_the_snapshot_and_the_run() {
        let run = RunId("run-1".to_owned());
        let viewport = "320x240".parse().unwrap();
        let story = StoryIdentifier::new("forms/card@firefox", "dark", viewport).unwrap();
        let mut result = VisualTestResult::new(run.clone(), story, Status::Failed);
        assert_eq!(
            accept_command(&run, Some(&result)),
            "cargo tintype accept forms/card@firefox::dark::320x240 --run run-1"
        );
        result.status = Status::Changed;
        assert_eq!(
            accept_command(&run, Some(&result)),
            "cargo tintype accept forms/card@firefox::dark::320x240 --changed --run run-1"
        );
        assert_eq!(
            accept_command(&run, None),
            "cargo tintype accept --run run-1"
        );
    }

    #[test]
    fn a_hostile_run_id_stays_one_word() {
        assert_eq!(shell_word("run-0198f0c2"), "run-0198f0c2");
        assert_eq!(shell_word("{run-1}"), "'{run-1}'");
        assert_eq!(shell_word("a'; rm -rf /"), r"'a'\''; rm -rf /'");
        assert_eq!(shell_word(""), "''");
    }
}
