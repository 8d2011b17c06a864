//! Checks the fonts: without any, every letter is drawn as a box.

use std::process::Command;

use super::check::Check;

const NAME: &str = "fonts";

/// Counts the font families that fontconfig knows.
pub(super) fn check() -> Check {
    if !cfg!(target_os = "linux") {
        return Check::good(NAME, "provided by the system");
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
    match families.len() {
        0 => Check::problem(
            NAME,
            "no font is installed, so every letter is drawn as a box",
            "install fonts (Debian: fonts-dejavu), or use web fonts in the stories",
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
