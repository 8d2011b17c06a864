//! Names the inputs that differ between a recorded pass and now.

use serde::Serialize;
use serde_json::Value;

use crate::model::{CacheMissReason, bounded};

/// An input that differs from a recorded pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InputChange {
    /// The kind of input.
    pub input: CacheMissReason,
    /// The file, or the setting: `compare.threshold`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its value or digest when it passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Its value or digest now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// The longest value that is shown, in bytes.
const MAX_VALUE: usize = 200;

impl InputChange {
    pub(super) fn new(input: CacheMissReason, name: &str, from: &str, to: &str) -> Self {
        Self {
            input,
            name: name.to_owned(),
            from: Some(from.to_owned()),
            to: Some(to.to_owned()),
        }
    }

    /// Adds the values that differ, by their paths.
    pub(super) fn collect(path: &str, from: &Value, to: &Value, changes: &mut Vec<Self>) {
        if from == to {
            return;
        }
        if let (Value::Object(from), Value::Object(to)) = (from, to) {
            let names: std::collections::BTreeSet<_> = from.keys().chain(to.keys()).collect();
            for name in names {
                let value = |of: &serde_json::Map<String, Value>| of.get(name).cloned();
                let (from, to) = (
                    value(from).unwrap_or_default(),
                    value(to).unwrap_or_default(),
                );
                Self::collect(&format!("{path}.{name}"), &from, &to, changes);
            }
            return;
        }
        let (input, name) = input_of(path);
        let shown = |value: &Value| match value {
            Value::Null => None,
            Value::String(text) => Some(bounded(text.clone(), MAX_VALUE)),
            other => Some(bounded(other.to_string(), MAX_VALUE)),
        };
        changes.push(Self {
            input,
            name: name.to_owned(),
            from: shown(from),
            to: shown(to),
        });
    }
}

/// The kind of input at a path of the recipe, and its name for people.
fn input_of(path: &str) -> (CacheMissReason, &str) {
    use CacheMissReason::{Browser, Environment, Fonts, Hooks, Manifest, Version};
    match path {
        "context.browser" => (Browser, ""),
        "context.switches" => (Browser, "arguments"),
        "context.fonts" => (Fonts, ""),
        "context.tintype" | "format" => (Version, ""),
        "context.hooks" => (Hooks, "key"),
        _ => match path.split_once('.') {
            Some(("context", name)) => {
                let variable = name.strip_prefix("variables.");
                (Environment, variable.unwrap_or(name))
            }
            Some(("story", name)) => (Manifest, name),
            _ => (Manifest, path),
        },
    }
}
