//! Adds what a suite needs to `Cargo.toml`, without changing the rest.

use std::path::Path;

use anyhow::{Context, Result, bail};
use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, value};

/// The crates that decode, hash and compare images. Unoptimised they take ten to
/// sixty times as long.
const HOT: [&str; 10] = [
    "adler2",
    "blake3",
    "crc32fast",
    "fdeflate",
    "miniz_oxide",
    "png",
    "sha2",
    "simd-adler32",
    "tintype-compare",
    "zlib-rs",
];

/// Crates for which debug assertions of the standard library are disabled:
/// comparing would take 50 % longer with them.
const UNCHECKED: [&str; 2] = ["tintype-compare", "zlib-rs"];

/// The name of the package.
pub(super) fn package_name(text: &str) -> Option<String> {
    let document: DocumentMut = text.parse().ok()?;
    Some(document.get("package")?.get("name")?.as_str()?.to_owned())
}

/// Adds the dependency and the test target.
pub(super) fn add_test(text: &str, path: Option<&Path>) -> Result<String> {
    let mut document: DocumentMut = text.parse().context("it is not valid TOML")?;
    if document.get("package").is_none() {
        bail!("it has no [package] (help: name a member of the workspace: cargo tintype init DIR)");
    }
    let dependencies = table(document.as_table_mut(), "dev-dependencies")?;
    if !dependencies.contains_key("tintype") {
        dependencies["tintype"] = dependency(path);
    }
    let tests = document.entry("test");
    let tests = tests.or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    let tests = tests
        .as_array_of_tables_mut()
        .context("its `test` is not an array of tables")?;
    let named = |test: &Table| test.get("name").and_then(Item::as_str) == Some("visual");
    if !tests.iter().any(named) {
        let mut test = Table::new();
        test["name"] = value("visual");
        test["harness"] = value(false);
        tests.push(test);
    }
    Ok(document.to_string())
}

fn dependency(path: Option<&Path>) -> Item {
    let version = env!("CARGO_PKG_VERSION");
    match path {
        None => value(version),
        Some(path) => {
            let mut table = InlineTable::new();
            table.insert("path", path.to_string_lossy().as_ref().into());
            value(table)
        }
    }
}

/// Adds optimisation for the crates that handle images. Existing settings stay.
pub(super) fn add_profile(text: &str) -> Result<String> {
    let mut document: DocumentMut = text.parse().context("it is not valid TOML")?;
    let profile = table(document.as_table_mut(), "profile")?;
    profile.set_implicit(true);
    let dev = table(profile, "dev")?;
    dev.set_implicit(true);
    let package = table(dev, "package")?;
    for name in HOT {
        if !package.contains_key(name) {
            let mut settings = Table::new();
            settings.set_dotted(true);
            settings["opt-level"] = value(3);
            if UNCHECKED.contains(&name) {
                settings["debug-assertions"] = value(false);
                settings["overflow-checks"] = value(false);
            }
            package[name] = Item::Table(settings);
        }
    }
    Ok(document.to_string())
}

fn table<'a>(parent: &'a mut Table, key: &str) -> Result<&'a mut Table> {
    let item = parent.entry(key).or_insert(Item::Table(Table::new()));
    item.as_table_mut()
        .with_context(|| format!("`{key}` is not a table with a header such as `[{key}]`"))
}

#[cfg(test)]
mod tests {
    use super::{add_profile, add_test};

    const PLAIN: &str = "[package]\nname = \"shop\" # ours\nedition = \"2024\"\n\n[dependencies]\n";

    #[test]
    fn everything_is_added_to_a_plain_project() {
        let text = add_profile(&add_test(PLAIN, None).unwrap()).unwrap();
        insta::assert_snapshot!(text);
    }

    #[test]
    fn adding_again_changes_nothing() {
        let once = add_profile(&add_test(PLAIN, None).unwrap()).unwrap();
        let twice = add_profile(&add_test(&once, None).unwrap()).unwrap();
        assert_eq!(once, twice);
    }

    #[test]
    fn what_is_there_stays() {
        let text = format!(
            "{PLAIN}\n[dev-dependencies]\ntintype = {{ git = \"x\" }}\ninsta = \"1\"\n\n\
             [[test]]\nname = \"other\"\n\n[profile.dev]\ndebug = 1\n\n\
             [profile.dev.package.png]\nopt-level = 1\n"
        );
        let text = add_profile(&add_test(&text, None).unwrap()).unwrap();
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_workspace_without_a_package_is_refused() {
        let error = add_test("[workspace]\nmembers = []\n", None).unwrap_err();
        assert!(error.to_string().contains("no [package]"), "{error}");
    }
}
