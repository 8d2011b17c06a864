//! What came of comparing two files.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tintype::compare::{Comparison, Options as Settings, compare_png};

/// In ascending order of what it means for the exit code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Same,
    Different,
    Failed,
}

impl Outcome {
    pub(crate) fn of(comparison: &Comparison) -> Self {
        if comparison.passes() {
            Self::Same
        } else {
            Self::Different
        }
    }
}

/// Two files that were read and compared.
pub(crate) struct Compared {
    files: [Vec<u8>; 2],
    pub(crate) comparison: Comparison,
}

impl Compared {
    pub(crate) fn read(baseline: &Path, current: &Path, settings: &Settings) -> Result<Self> {
        let read = |path: &Path| {
            fs::read(path).with_context(|| format!("failed to read {}", path.display()))
        };
        let files = [read(baseline)?, read(current)?];
        let comparison = compare_png(&files[0], &files[1], settings).with_context(|| {
            format!(
                "failed to compare {} with {}",
                baseline.display(),
                current.display()
            )
        })?;
        Ok(Self { files, comparison })
    }

    /// Writes the picture of the difference, unless there is none.
    pub(crate) fn write_diff(&self, path: &Path) -> Result<()> {
        if self.comparison.differing == 0 && self.comparison.passes() {
            return Ok(());
        }
        let picture = self.comparison.picture(&self.files[0], &self.files[1])?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("failed to create {}", folder.display()))?;
        }
        fs::write(path, picture).with_context(|| format!("failed to write {}", path.display()))
    }

    /// The message; with `explain`, what other settings would have said too.
    pub(crate) fn text(&self, explain: bool) -> Result<String> {
        if !explain || self.comparison.differing == 0 {
            return Ok(self.comparison.message());
        }
        let sweep = self.comparison.sweep(&self.files[0], &self.files[1])?;
        Ok(self.comparison.lesson(&sweep))
    }

    pub(crate) fn json(&self, explain: bool) -> Result<Value> {
        let comparison = &self.comparison;
        let mut object = json!({
            "same": comparison.passes(),
            "verdict": comparison.verdict,
            "differing": comparison.differing,
            "antialiased": comparison.antialiased,
            "compared": comparison.compared,
            "diffRatio": comparison.diff_ratio(),
            "regions": comparison.regions,
            "moves": comparison.moves,
            "visibility": comparison.visibility,
            "baselineSize": comparison.baseline_size,
            "currentSize": comparison.current_size,
            "message": comparison.message(),
        });
        if explain {
            object["sweep"] = json!(comparison.sweep(&self.files[0], &self.files[1])?);
        }
        Ok(object)
    }
}
