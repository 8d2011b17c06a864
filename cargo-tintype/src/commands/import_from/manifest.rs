//! Writes the manifest of a converted suite.

use std::path::Path;

use anyhow::{Result, anyhow};
use serde_json::{Map, Value};
use tintype::internals::config::Config;
use tintype::internals::manifest::Manifest;
use tintype::internals::plan::Plan;
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table};

use super::suite::ImportedSuite;
use crate::commands::schema;

/// A manifest that was read back, with its snapshots.
pub(super) struct Converted {
    pub(super) manifest: Manifest,
    pub(super) plan: Plan,
}

/// The text of the manifest.
pub(super) fn text(suite: &ImportedSuite) -> String {
    let mut document = DocumentMut::new();
    for section in [
        "stories",
        "browser",
        "themes",
        "viewports",
        "device",
        "compare",
        "capture",
    ] {
        if let Some(Value::Object(keys)) = suite.sections.get(section) {
            document[section] = Item::Table(table(keys));
        }
    }
    let mut stories = ArrayOfTables::new();
    for story in &suite.stories {
        stories.push(table(story));
    }
    if !stories.is_empty() {
        document["story"] = Item::ArrayOfTables(stories);
    }
    format!("{}\n{}", schema::line(), document.to_string().trim_start())
}

/// Reads the manifest back: it must be valid.
pub(super) fn check(path: &Path, text: &str, config: &Config) -> Result<Converted> {
    let fail = |error: &dyn std::fmt::Display| {
        anyhow!("the converted manifest is invalid, please report this:\n{error}")
    };
    let manifest = Manifest::parse(path, text, config).map_err(|error| fail(&error))?;
    let plan = Plan::from_manifest(&manifest).map_err(|error| fail(&error))?;
    Ok(Converted { manifest, plan })
}

fn table(keys: &Map<String, Value>) -> Table {
    let mut table = Table::new();
    for (key, value) in keys {
        if let Some(value) = inline(value) {
            table.insert(key, Item::Value(value));
        }
    }
    table
}

/// TOML has no null.
fn inline(value: &Value) -> Option<toml_edit::Value> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64()?.into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().filter_map(inline).collect::<Array>().into(),
        Value::Object(entries) => {
            let mut table = InlineTable::new();
            for (key, value) in entries {
                if let Some(value) = inline(value) {
                    table.insert(key, value);
                }
            }
            table.into()
        }
    })
}
