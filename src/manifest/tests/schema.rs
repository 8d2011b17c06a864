//! The schema accepts what the reader accepts, and both know the same keys.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Map, Value, json};
use walkdir::WalkDir;

use super::{Project, STORYBOOK};
use crate::manifest::SCHEMA;

/// Not a key of any table, and not close to one.
const UNKNOWN: &str = "zzzzzzzzzzzzzzzz";

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(SCHEMA).unwrap());
static VALIDATOR: LazyLock<Validator> =
    LazyLock::new(|| jsonschema::validator_for(&DOCUMENT).unwrap());

/// The errors of a manifest by the schema, one a line.
pub(super) fn errors(manifest: &str) -> String {
    errors_of(&toml::from_str(manifest).unwrap())
}

fn errors_of(manifest: &Value) -> String {
    let errors = VALIDATOR.iter_errors(manifest);
    let lines = errors.map(|error| format!("{}: {error}\n", error.instance_path()));
    lines.collect()
}

#[test]
fn it_is_valid() {
    jsonschema::meta::validate(&DOCUMENT).unwrap();
}

#[test]
fn every_manifest_of_the_repository_is_valid() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_source = |path: &Path| !path.ends_with("target") && !path.ends_with("node_modules");
    let walk = WalkDir::new(root).into_iter();
    let files = walk.filter_entry(|entry| is_source(entry.path()));
    let manifests: Vec<PathBuf> = files
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.ends_with("stories.toml"))
        .collect();
    assert!(manifests.len() >= 4, "{manifests:?}");
    for path in manifests {
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(errors(&text), "", "{}", path.display());
    }
}

#[test]
fn every_manifest_of_the_guide_is_valid() {
    let (keys, storybook) = guide();
    assert_eq!(errors(&keys), "");
    assert_eq!(errors(&storybook), "");
}

/// Adds an unknown key to each table of a manifest that has all keys. The reader
/// then lists the keys that it knows, which must be those of the schema.
#[test]
fn every_table_has_the_keys_that_the_reader_knows() {
    let project = Project::new();
    let (keys, storybook) = guide();
    let mut tables = 0;
    for manifest in [&keys, &storybook, EVERY_TABLE] {
        let whole: Value = toml::from_str(manifest).unwrap();
        for pointer in table_pointers(&whole, "") {
            let mut changed = whole.clone();
            changed.pointer_mut(&pointer).unwrap()[UNKNOWN] = json!({});
            // It is accepted where names are the user's own.
            let Err(error) = project.parse(&toml::to_string(&changed).unwrap()) else {
                continue;
            };
            let Some(known) = known_keys(&error.to_string()) else {
                continue;
            };
            let schema = schemas_at(&pointer);
            assert!(
                schema.contains(&known),
                "{pointer}: the reader knows {known:?}, the schema {schema:?}"
            );
            tables += 1;
        }
    }
    assert!(tables > 50, "only {tables} tables");
}

/// Tables that the guide does not show.
const EVERY_TABLE: &str = r#"
[stories]
storybook = "storybook-static"
include = [{ tag = "**" }]
[artifacts]
url = "file:///srv/pictures"
[alerts]
built-in = false
[[alert]]
when = "duration > 2 x p95"
[compare.other-environment]
threshold = 0.2
[capture]
target = { element = "main" }
wait-for = { selector = "main" }
[login.a]
path = "/"
steps = [{ select = { in = "a", value = "" } }]
expired = { path = "/login" }
[[story]]
id = "button--primary"
compare = { perceptual = { max-delta-e = 2 }, linux = {}, chromium = {} }
known-failure = { reason = "issue 12" }
"#;

/// The blocks of the guide with all keys.
fn guide() -> (String, String) {
    let block = |page: &str, heading: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("docs")
            .join(page);
        let guide = fs::read_to_string(path).unwrap();
        let (_, rest) = guide.split_once(heading).unwrap();
        let (_, rest) = rest.split_once("```toml\n").unwrap();
        rest.split_once("```").unwrap().0.to_owned()
    };
    // Commented keys that fit to the others are tested too.
    let keys = block("manifest.md", "\n## All keys\n").replace("# [artifacts]", "[artifacts]");
    let keys = keys.replace("# url = \"s3://", "url = \"s3://");
    (keys, block("stories.md", "\n## Storybook\n"))
}

fn table_pointers(value: &Value, at: &str) -> Vec<String> {
    let mut pointers = Vec::new();
    match value {
        Value::Object(entries) => {
            pointers.push(at.to_owned());
            for (name, value) in entries {
                let name = name.replace('~', "~0").replace('/', "~1");
                pointers.extend(table_pointers(value, &format!("{at}/{name}")));
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                pointers.extend(table_pointers(value, &format!("{at}/{index}")));
            }
        }
        _ => {}
    }
    pointers
}

/// The keys in the help for the unknown key, sorted.
fn known_keys(error: &str) -> Option<Vec<String>> {
    let (_, help) = error.split_once(&format!("unknown key `{UNKNOWN}`"))?;
    let (_, help) = help
        .split_once("choose one of ")
        .or_else(|| help.split_once("the only choice is "))
        .unwrap();
    let line = help.lines().next().unwrap();
    let mut names: Vec<_> = line
        .split(", ")
        .map(|name| name.trim().trim_matches('`').to_owned())
        .collect();
    names.sort();
    Some(names)
}

/// The property names of each schema that applies to a place, sorted.
fn schemas_at(pointer: &str) -> Vec<Vec<String>> {
    let mut schemas = alternatives(&DOCUMENT);
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        schemas = schemas
            .into_iter()
            .filter_map(|schema| {
                let property = schema.get("properties").and_then(|all| all.get(&part));
                property
                    .or_else(|| schema.get("items"))
                    .or_else(|| schema.get("additionalProperties"))
            })
            .flat_map(alternatives)
            .collect();
    }
    let keys = |all: &Map<String, Value>| {
        let mut names: Vec<_> = all.keys().cloned().collect();
        names.sort();
        names
    };
    let properties = schemas.iter().filter_map(|schema| schema.get("properties"));
    properties
        .map(|all| keys(all.as_object().unwrap()))
        .collect()
}

/// A schema with those that it refers to.
fn alternatives(schema: &'static Value) -> Vec<&'static Value> {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = reference.strip_prefix('#').unwrap();
        return alternatives(DOCUMENT.pointer(target).unwrap());
    }
    match schema.get("anyOf").and_then(Value::as_array) {
        Some(choices) => choices.iter().flat_map(alternatives).collect(),
        None => vec![schema],
    }
}

#[test]
fn a_wrong_value_is_invalid() {
    for wrong in [
        "[browser]\nnames = [\"chrome\"]\n",
        "[browser]\nsessions = 0\n",
        "[viewports]\nphone = \"375*667\"\n",
        "[compare]\nthreshold = 2\n",
        "[capture]\ntimeout = \"15\"\n",
        "[[story]]\nid = \"a\"\nskip = true\n",
        "[[story]]\nid = \"a\"\nsteps = [{}]\n",
    ] {
        assert_ne!(errors(&format!("{STORYBOOK}{wrong}")), "", "{wrong}");
    }
}
