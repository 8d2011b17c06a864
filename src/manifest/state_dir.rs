//! The folder where Tintype keeps what is not committed, and the project's name.

use std::path::{Path, PathBuf};

use toml::de::DeTable;

use crate::config::System;

/// The folder `target/tintype` of a manifest in `root`, which is absolute. It
/// is below `CARGO_TARGET_DIR` if that is set, otherwise below the nearest
/// `target` that cargo made.
///
/// Packages of a workspace share a target folder. Each of them, except one at
/// the root of the workspace, has a separate folder in it, so that no package
/// uses the runs, caches and record of another.
pub(super) fn state_dir(root: &Path, system: &System) -> PathBuf {
    let (target, member) = target_dir(root, system);
    let state_dir = target.join("tintype");
    match member {
        Some(name) => state_dir.join("packages").join(name),
        None => state_dir,
    }
}

/// The name of the package to which a manifest in `root` belongs, otherwise of
/// the folder.
pub(super) fn project_name(root: &Path) -> String {
    let folder = || {
        let name = root.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    nearest_cargo_toml(root)
        .and_then(package_name)
        .unwrap_or_else(folder)
}

/// The name of the package of a manifest in `root`, if the package shares its
/// target folder with others.
pub(super) fn workspace_member(root: &Path, system: &System) -> Option<String> {
    target_dir(root, system).1
}

/// The target folder, and the package if it shares the folder with others.
fn target_dir(root: &Path, system: &System) -> (PathBuf, Option<String>) {
    let package = nearest_cargo_toml(root);
    let (target, is_shared) = if let Some(folder) = &system.target_dir {
        let is_shared = package.is_some_and(is_workspace_member);
        (root.join(folder), is_shared)
    } else {
        let mut owners = root.ancestors();
        let owner = owners.find(|folder| is_target_dir(&folder.join("target")));
        let is_shared = package
            .zip(owner)
            .is_some_and(|(package, owner)| package != owner && package.starts_with(owner));
        (owner.unwrap_or(root).join("target"), is_shared)
    };
    let member = package.filter(|_| is_shared).and_then(package_name);
    (target, member)
}

/// Whether cargo builds into a folder. It writes the first mark only if it has made
/// the folder itself.
pub(super) fn is_target_dir(folder: &Path) -> bool {
    let marks = ["CACHEDIR.TAG", ".rustc_info.json"];
    marks.iter().any(|mark| folder.join(mark).is_file())
}

/// The nearest folder with a `Cargo.toml`, from `folder` upwards.
fn nearest_cargo_toml(folder: &Path) -> Option<&Path> {
    let mut folders = folder.ancestors();
    folders.find(|folder| folder.join("Cargo.toml").is_file())
}

/// Whether a folder above that of a package is a workspace.
fn is_workspace_member(package: &Path) -> bool {
    let is_workspace = |folder: &Path| has_key(folder, "workspace");
    let mut above = package.ancestors().skip(1);
    !is_workspace(package) && above.any(is_workspace)
}

fn has_key(folder: &Path, key: &str) -> bool {
    let text = std::fs::read_to_string(folder.join("Cargo.toml"));
    let table = text.as_deref().map(DeTable::parse);
    table.is_ok_and(|table| table.is_ok_and(|table| table.get_ref().contains_key(key)))
}

/// The name of a package, which is unique in its workspace.
fn package_name(package: &Path) -> Option<String> {
    let text = std::fs::read_to_string(package.join("Cargo.toml")).ok()?;
    let table = DeTable::parse(&text).ok()?;
    let package = table.get_ref().get("package")?.get_ref().as_table()?;
    let name = package.get("name")?.get_ref().as_str()?;
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use tempfile::TempDir;

    use super::{project_name, state_dir};
    use crate::config::System;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A workspace with packages at its root and in two folders.
    fn workspace() -> TempDir {
        let folder = TempDir::new().unwrap();
        let package = |name: &str| format!("[package]\nname = \"{name}\"\n");
        let root = package("shop") + "[workspace]\nmembers = [\"crates/*\"]\n";
        write(folder.path(), "Cargo.toml", &root);
        write(folder.path(), "crates/a/Cargo.toml", &package("cart"));
        write(folder.path(), "crates/b/Cargo.toml", &package("search"));
        folder
    }

    fn state_dirs(workspace: &Path, system: &System) -> Vec<String> {
        ["", "crates/a", "crates/a/suites", "crates/b"]
            .map(|folder| {
                let folder = workspace.join(folder);
                let folder: std::path::PathBuf = folder.components().collect();
                let state = state_dir(&folder, system);
                let state = state.strip_prefix(workspace).unwrap();
                state.display().to_string()
            })
            .to_vec()
    }

    #[test]
    fn each_package_of_a_workspace_has_a_folder_of_its_own() {
        let workspace = workspace();
        write(workspace.path(), "target/CACHEDIR.TAG", "");
        let expected = [
            "target/tintype",
            "target/tintype/packages/cart",
            "target/tintype/packages/cart",
            "target/tintype/packages/search",
        ];
        assert_eq!(state_dirs(workspace.path(), &System::default()), expected);
        let system = System {
            target_dir: Some(workspace.path().join("target")),
            ..System::default()
        };
        assert_eq!(state_dirs(workspace.path(), &system), expected);
    }

    #[test]
    fn a_target_folder_that_cargo_has_not_made_is_shared() {
        let workspace = workspace();
        write(workspace.path(), "target/tools/bin/tool", "");
        write(workspace.path(), "target/.rustc_info.json", "{}");
        let state = state_dir(&workspace.path().join("crates/a"), &System::default());
        assert!(state.ends_with("target/tintype/packages/cart"), "{state:?}");
        assert!(!state.starts_with(workspace.path().join("crates")));
    }

    #[test]
    fn a_project_is_named_after_its_package_otherwise_after_its_folder() {
        let workspace = workspace();
        let name = |folder: &str| project_name(&workspace.path().join(folder));
        assert_eq!(name("crates/a/suites"), "cart");
        let folder = TempDir::with_prefix("shop-").unwrap();
        assert!(project_name(folder.path()).starts_with("shop-"));
    }

    #[test]
    fn a_package_with_a_target_folder_of_its_own_uses_it() {
        let workspace = workspace();
        write(workspace.path(), "target/CACHEDIR.TAG", "");
        write(workspace.path(), "crates/b/target/CACHEDIR.TAG", "");
        let state = state_dir(&workspace.path().join("crates/b"), &System::default());
        assert!(state.ends_with("crates/b/target/tintype"));
    }
}
