//! Evaluates configurations and tests that are code, in Node.js.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::suite::ImportedSuite;

const SCRIPT: &str = include_str!("record.mjs");

/// What Node.js has found.
#[derive(Deserialize)]
pub(super) struct Recorded {
    /// The configuration, without functions.
    pub(super) config: Value,
    /// The screenshots that tests take.
    pub(super) shots: Vec<Shot>,
    notes: Vec<String>,
}

/// A screenshot that a test takes.
#[derive(Deserialize)]
pub(super) struct Shot {
    /// The test's file, relative to the project.
    pub(super) file: String,
    pub(super) titles: Vec<String>,
    /// The name that the test gives: a text, or a list of texts.
    #[serde(default)]
    pub(super) name: Value,
    /// Its number in the test, from 1 on.
    pub(super) index: usize,
    pub(super) url: Option<String>,
    /// The element of which it is.
    pub(super) selector: Option<String>,
    /// The steps before it, as in the manifest.
    pub(super) steps: Vec<Value>,
    #[serde(default)]
    pub(super) viewport: Value,
    #[serde(default, rename = "use")]
    pub(super) settings: Map<String, Value>,
    #[serde(default)]
    pub(super) options: Map<String, Value>,
}

/// The first of these files that the project has.
pub(super) fn find<'a>(folder: &Path, names: &[&'a str]) -> Option<&'a str> {
    names
        .iter()
        .copied()
        .find(|name| folder.join(name).is_file())
}

/// Evaluates a configuration, and for tools whose suites are tests also these.
pub(super) fn evaluate(
    suite: &mut ImportedSuite,
    tool: &str,
    config: Option<&str>,
) -> Result<Recorded> {
    let output = Command::new("node")
        .args([
            "--no-warnings",
            "--input-type=module",
            "--eval",
            SCRIPT,
            "--",
        ])
        .arg(tool)
        .arg(&suite.folder)
        .args(config)
        .current_dir(&suite.folder)
        .stdin(Stdio::null())
        .output()
        .context("failed to run node (help: install Node.js 20.6 or later)")?;
    let answer = String::from_utf8_lossy(&output.stdout);
    let last = answer.lines().next_back().unwrap_or_default();
    let answer: Value = serde_json::from_str(last).map_err(|_| {
        let error = String::from_utf8_lossy(&output.stderr);
        anyhow!("node failed: {}", error.trim())
    })?;
    if let Some(error) = answer["error"].as_str() {
        bail!("failed to load {}: {error}", config.unwrap_or(tool));
    }
    let recorded: Recorded =
        serde_json::from_value(answer).context("failed to read node's answer")?;
    recorded.notes.iter().for_each(|note| suite.note(note));
    Ok(recorded)
}
