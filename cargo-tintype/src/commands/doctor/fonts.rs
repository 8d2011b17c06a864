//! Checks the fonts: without any, every letter is drawn as a box.

use std::path::PathBuf;
use std::process::Command;

use tintype::internals::run::font_files;

use super::check::Check;

const NAME: &str = "fonts";

/// Counts the font families that fontconfig knows, or the files in `folders`.
pub(super) fn check(folders: &[PathBuf]) -> Check {
    if !folders.is_empty() {
        let files = font_files(folders).len();
        return found(files, "files", &shown(folders));
    }
    let Ok(output) = Command::new("fc-list").args([":", "family"]).output() else {
        return Check::warning(
            NAME,
            "not checked: fc-list is not on the PATH",
            "install fontconfig and a few fonts (Debian: fontconfig fonts-dejavu fonts-noto-color-emoji)",
        );
    };
    judge(&String::from_utf8_lossy(&output.stdout))
}

/// Checks the list of families, one per line.
fn judge(list: &str) -> Check {
    let mut families: Vec<_> = list
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    families.sort_unstable();
    families.dedup();
    found(families.len(), "families", "Debian: fonts-dejavu")
}

fn found(count: usize, what: &str, place: &str) -> Check {
    match count {
        0 => Check::problem(
            NAME,
            "no font is installed, so every letter is drawn as a box",
            format!("install fonts ({place}), or use web fonts in the stories"),
        ),
        count => Check::good(NAME, format!("{count} {what}")),
    }
}

fn shown(folders: &[PathBuf]) -> String {
    let folders = folders.iter().map(|folder| folder.display().to_string());
    format!("in {}", folders.collect::<Vec<_>>().join(" or "))
}

#[cfg(test)]
mod tests {
    use super::super::check::CheckState;
    use super::{check, judge};

    #[test]
    fn families_are_counted_once() {
        let check = judge("DejaVu Sans\nDejaVu Serif\nDejaVu Sans\n\n");
        assert_eq!(check.found, "2 families");
        assert_eq!(judge("\n").state, CheckState::Problem);
    }

    #[test]
    fn without_fontconfig_files_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let folders = [folder.path().to_owned()];
        let none = check(&folders);
        assert_eq!(none.state, CheckState::Problem);
        let advice = none.advice.unwrap();
        assert!(
            advice.contains(&*folder.path().to_string_lossy()),
            "{advice}"
        );
        std::fs::write(folder.path().join("a.ttf"), "").unwrap();
        assert_eq!(check(&folders).found, "1 files");
    }
}
