//! What came of comparing two files.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tintype::compare::{Comparison, Inspection, compare_png, inspect_png};

use super::Options;

/// In ascending order of what it means for the exit code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Same,
    Different,
    Failed,
}

impl Outcome {
    fn of(comparison: &Comparison) -> Self {
        if comparison.passes() {
            Self::Same
        } else {
            Self::Different
        }
    }
}

/// Two files in memory.
pub(crate) struct Files<'a> {
    paths: [&'a Path; 2],
    bytes: [Vec<u8>; 2],
}

impl<'a> Files<'a> {
    pub(crate) fn read(baseline: &'a Path, current: &'a Path) -> Result<Self> {
        let read = |path: &Path| {
            fs::read(path).with_context(|| format!("failed to read {}", path.display()))
        };
        Ok(Self {
            paths: [baseline, current],
            bytes: [read(baseline)?, read(current)?],
        })
    }

    pub(crate) fn compare(&self, options: &Options) -> Result<Compared<'_>> {
        let ([a, b], settings) = (&self.bytes, options.settings());
        let inspection = if options.diff.is_some() || options.explain {
            inspect_png(a, b, &settings)
        } else {
            compare_png(a, b, &settings).map(|comparison| comparison.inspect(a, b))
        };
        inspection.map(Compared).with_context(|| {
            let [baseline, current] = self.paths.map(Path::display);
            format!("failed to compare {baseline} with {current}")
        })
    }
}

/// Two files that were compared.
pub(crate) struct Compared<'a>(Inspection<'a>);

impl Compared<'_> {
    pub(crate) fn outcome(&self) -> Outcome {
        Outcome::of(&self.0.comparison)
    }

    /// Writes the picture of the difference, unless there is none.
    pub(crate) fn write_diff(&mut self, path: &Path) -> Result<()> {
        let comparison = &self.0.comparison;
        if comparison.differing == 0 && comparison.passes() {
            return Ok(());
        }
        let picture = self.0.picture()?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("failed to create {}", folder.display()))?;
        }
        fs::write(path, picture).with_context(|| format!("failed to write {}", path.display()))
    }

    /// The message; with `explain`, what other settings would have said too.
    pub(crate) fn text(&mut self, explain: bool) -> Result<String> {
        if !explain || self.0.comparison.differing == 0 {
            return Ok(self.0.comparison.message());
        }
        let sweep = self.0.sweep()?;
        Ok(self.0.comparison.lesson(&sweep))
    }

    pub(crate) fn json(&mut self, explain: bool) -> Result<Value> {
        let comparison = &self.0.comparison;
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
            object["sweep"] = json!(self.0.sweep()?);
        }
        Ok(object)
    }
}
