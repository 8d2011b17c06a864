//! The outcome of comparing two files, as text and as JSON.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tintype::compare::{Comparison, Inspection, Verdict};

use super::output::print_line;

/// In ascending order of the exit code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CompareOutcome {
    Same,
    Different,
    Failed,
}

impl CompareOutcome {
    fn of(comparison: &Comparison) -> Self {
        if comparison.passes() {
            Self::Same
        } else {
            Self::Different
        }
    }
}

/// Two files that were compared.
pub(crate) struct Compared<'a>(Inspection<'a>);

impl<'a> Compared<'a> {
    pub(super) fn new(inspection: Inspection<'a>) -> Self {
        Self(inspection)
    }

    pub(crate) fn outcome(&self) -> CompareOutcome {
        CompareOutcome::of(&self.0.comparison)
    }

    /// Writes the diff image if the images differ. A diff image that would be too
    /// large is left out with a warning.
    pub(crate) fn write_diff(&mut self, path: &Path) -> Result<()> {
        let comparison = &self.0.comparison;
        if comparison.verdict == Verdict::Same {
            return Ok(());
        }
        let diff = match self.0.diff_png() {
            Ok(diff) => diff,
            Err(error) => {
                let path = path.display();
                return print_line(
                    io::stderr(),
                    &format!("warning: {path} was not written: {error}"),
                );
            }
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("failed to create {}", folder.display()))?;
        }
        fs::write(path, diff).with_context(|| format!("failed to write {}", path.display()))
    }

    /// The message; with `explain`, also the counts at other thresholds.
    pub(crate) fn text(&mut self, explain: bool) -> Result<String> {
        if !explain || self.0.comparison.verdict == Verdict::Same {
            return Ok(self.0.comparison.message());
        }
        let sweep = self.0.sweep()?;
        Ok(self.0.comparison.detailed_message(&sweep))
    }

    pub(crate) fn json(&mut self, explain: bool) -> Result<Value> {
        let comparison = &self.0.comparison;
        let mut object = json!({
            "same": comparison.passes(),
            "verdict": comparison.verdict,
            "differing": comparison.differing,
            "antialiased": comparison.antialiased,
            "belowThreshold": comparison.below_threshold,
            "compared": comparison.compared,
            "diffRatio": comparison.diff_ratio(),
            "regions": comparison.regions,
            "moves": comparison.moves,
            "densestWindow": comparison.densest_window,
            "visibility": comparison.visibility,
            "baselineSize": comparison.baseline_size,
            "currentSize": comparison.current_size,
            "message": comparison.message(),
        });
        if explain {
            object["sweep"] = json!(self.0.sweep()?);
        }
        Ok(object)
    }
}
