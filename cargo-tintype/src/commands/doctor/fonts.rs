//! Fonts: without any, every letter is a box.

use std::process::Command;

use super::check::Check;

const NAME: &str = "fonts";

/// Asks fontconfig, where there is one.
pub(super) fn check() -> Check {
    if !cfg!(target_os = "linux") {
        return Check::good(NAME, "those of the system");
    }
    let Ok(output) = Command::new("fc-list").args([":", "family"]).output() else {
        return Check::warning(
            NAME,
            "fc-list is not on the PATH, so they could not be counted",
            "install fontconfig and a few fonts (Debian: fontconfig fonts-dejavu fonts-noto-color-emoji)",
        );
    };
    judge(&String::from_utf8_lossy(&output.stdout))
}

/// Judges the list of families, one a line.
fn judge(list: &str) -> Check {
    let mut families: Vec<_> = list
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    families.sort_unstable();
    families.dedup();
    match families.len() {
        0 => Check::problem(
            NAME,
            "there is no font, so every letter is a box",
            "install a few (Debian: fonts-dejavu), or let the stories bring theirs",
        ),
        count => Check::good(NAME, format!("{count} families")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::CheckState;
    use super::judge;

    #[test]
    fn families_are_counted_once() {
        let check = judge("DejaVu Sans\nDejaVu Serif\nDejaVu Sans\n\n");
        assert_eq!(check.found, "2 families");
        assert_eq!(judge("\n").state, CheckState::Problem);
    }
}
