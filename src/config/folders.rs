//! The folders of programs and fonts that a system has by convention.

use std::path::PathBuf;

use super::variables::Variables;

/// The folders of installed programs that are not on the `PATH`.
pub(super) fn applications(variables: &Variables, home: Option<&PathBuf>) -> Vec<PathBuf> {
    if cfg!(windows) {
        let names = ["PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"];
        let set = names.into_iter().filter_map(|name| variables.get(name));
        return set.map(PathBuf::from).collect();
    }
    if cfg!(target_os = "macos") {
        let of_user = home.map(|home| home.join("Applications"));
        return [PathBuf::from("/Applications")]
            .into_iter()
            .chain(of_user)
            .collect();
    }
    Vec::new()
}

/// The folders of the system's and the user's fonts; none where fontconfig lists
/// the fonts.
pub(super) fn fonts(variables: &Variables, home: Option<&PathBuf>) -> Vec<PathBuf> {
    if cfg!(windows) {
        let below = |name: &str, path: &str| Some(PathBuf::from(variables.get(name)?).join(path));
        let system = below("WINDIR", "Fonts");
        let of_user = below("LOCALAPPDATA", "Microsoft\\Windows\\Fonts");
        return system.into_iter().chain(of_user).collect();
    }
    if cfg!(target_os = "macos") {
        let of_user = home.map(|home| home.join("Library/Fonts"));
        return ["/System/Library/Fonts", "/Library/Fonts"]
            .map(PathBuf::from)
            .into_iter()
            .chain(of_user)
            .collect();
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::super::Variables;
    use super::{applications, fonts};

    #[test]
    fn folders_of_other_systems_are_not_searched() {
        let home = std::path::PathBuf::from("home");
        let variables = Variables::from([("WINDIR", "windows"), ("LOCALAPPDATA", "local")]);
        let (apps, fonts) = (
            applications(&variables, Some(&home)),
            fonts(&variables, Some(&home)),
        );
        let has_folders = cfg!(any(windows, target_os = "macos"));
        assert_eq!(!apps.is_empty(), has_folders, "{apps:?}");
        assert_eq!(!fonts.is_empty(), has_folders, "{fonts:?}");
    }
}
