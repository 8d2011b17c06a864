//! The reviewer's decisions: accepting, rejecting, taking back, and a log of it.
//!
//! Decisions are appended to `target/tintype/review/decisions.ndjson`; what an
//! acceptance replaced is kept beside it under its hash, so that it can be
//! taken back, also after the server was started anew.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use tintype::model::{RunId, VisualTestResult, VisualTestRun, now_ms};
use tintype::{baseline, files};

use crate::images;
use crate::project::Project;

/// What somebody decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Decision {
    /// The current image became the baseline.
    Accept,
    /// The difference is a mistake; the baseline stays.
    Reject,
    /// The decision before was taken back.
    Undo,
}

/// One line of the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DecisionEntry {
    /// Milliseconds since the Unix epoch.
    pub(crate) at: i64,
    pub(crate) who: String,
    pub(crate) run: RunId,
    pub(crate) name: String,
    pub(crate) decision: Decision,
    /// SHA-256 of the baseline before an acceptance, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<String>,
    /// SHA-256 of the baseline after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
}

type SnapshotKey = (RunId, String);

/// Where decisions are made.
pub(crate) struct DecisionLog {
    folder: PathBuf,
    /// The last decision on every snapshot. Held while one is made, so that
    /// two on the same snapshot follow each other.
    last: Mutex<HashMap<SnapshotKey, DecisionEntry>>,
}

impl DecisionLog {
    /// Opens the desk of a project, with what its log says.
    pub(crate) fn open(work_folder: &Path) -> Result<Self> {
        let folder = work_folder.join("review");
        let path = folder.join(LOG);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("failed to read {}", path.display()));
            }
        };
        // A line that was cut off by a crash decided nothing.
        let entries = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let last = entries
            .map(|entry: DecisionEntry| (entry.key(), entry))
            .collect();
        Ok(Self {
            folder,
            last: Mutex::new(last),
        })
    }

    /// The decision that stands on a snapshot of a run.
    pub(crate) fn current(&self, run: &RunId, name: &str) -> Option<Decision> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = last.get(&(run.clone(), name.to_owned()))?;
        (entry.decision != Decision::Undo).then_some(entry.decision)
    }

    /// Makes the run's image the baseline, if the baseline is still the file
    /// with the hash `expected` (none: no file).
    pub(crate) fn accept(
        &self,
        project: &Project,
        run: &VisualTestRun,
        result: &VisualTestResult,
        expected: Option<&str>,
        who: &str,
    ) -> Result<DecisionEntry> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let path = project.baseline(&result.story_identifier)?;
        let image = images::current(&project.manifest, result)?;
        if let Some(hash) = expected {
            self.keep(&path, hash)?;
        }
        let provenance = images::provenance(run, result);
        let root = &project.manifest.root;
        let accepted = baseline::accept_if(root, &path, expected, &image, &provenance)?;
        self.note(
            &mut last,
            DecisionEntry {
                before: expected.map(str::to_owned),
                after: Some(accepted.file_sha256),
                ..DecisionEntry::new(run, result, Decision::Accept, who)
            },
        )
    }

    /// Says that the difference is a mistake.
    pub(crate) fn reject(
        &self,
        run: &VisualTestRun,
        result: &VisualTestResult,
        who: &str,
    ) -> Result<DecisionEntry> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = DecisionEntry::new(run, result, Decision::Reject, who);
        if let Some(standing) = last.get(&entry.key())
            && standing.decision == Decision::Accept
        {
            bail!("it is accepted: take that back first");
        }
        self.note(&mut last, entry)
    }

    /// Takes the last decision back. After an acceptance the baseline is what
    /// it was, unless somebody has changed it since.
    pub(crate) fn undo(
        &self,
        project: &Project,
        run: &VisualTestRun,
        result: &VisualTestResult,
        who: &str,
    ) -> Result<DecisionEntry> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = DecisionEntry::new(run, result, Decision::Undo, who);
        let standing = last.get(&entry.key()).cloned();
        let standing = standing.context("there is no decision to take back")?;
        match standing.decision {
            Decision::Undo => bail!("the decision has been taken back already"),
            Decision::Reject => {}
            Decision::Accept => self.restore(project, result, &standing)?,
        }
        self.note(&mut last, entry)
    }

    fn restore(
        &self,
        project: &Project,
        result: &VisualTestResult,
        entry: &DecisionEntry,
    ) -> Result<()> {
        let path = project.baseline(&result.story_identifier)?;
        let before = match &entry.before {
            Some(hash) => Some(images::read(&self.kept(hash)).context("failed to take it back")?),
            None => None,
        };
        let after = entry.after.as_deref().unwrap_or_default();
        baseline::restore_if(&project.manifest.root, &path, after, before.as_deref())?;
        Ok(())
    }

    /// Keeps what is about to be replaced. A file that is not the expected one
    /// will not be.
    fn keep(&self, path: &Path, hash: &str) -> Result<()> {
        let Ok(bytes) = fs::read(path) else {
            return Ok(());
        };
        if baseline::sha256(&bytes) != hash {
            return Ok(());
        }
        let kept = self.kept(hash);
        files::replace_durably(&kept, &bytes)
            .with_context(|| format!("failed to keep the old baseline in {}", kept.display()))
    }

    fn kept(&self, hash: &str) -> PathBuf {
        self.folder.join(format!("{hash}.png"))
    }

    fn note(
        &self,
        last: &mut HashMap<SnapshotKey, DecisionEntry>,
        entry: DecisionEntry,
    ) -> Result<DecisionEntry> {
        let path = self.folder.join(LOG);
        let write = || {
            fs::create_dir_all(&self.folder)?;
            let mut file: File = OpenOptions::new().create(true).append(true).open(&path)?;
            writeln!(file, "{}", serde_json::to_string(&entry)?)
        };
        write().with_context(|| format!("failed to write {}", path.display()))?;
        last.insert(entry.key(), entry.clone());
        Ok(entry)
    }
}

const LOG: &str = "decisions.ndjson";

impl DecisionEntry {
    fn new(run: &VisualTestRun, result: &VisualTestResult, decision: Decision, who: &str) -> Self {
        Self {
            at: now_ms(),
            who: who.to_owned(),
            run: run.run_id.clone(),
            name: result.story_identifier.test_name(),
            decision,
            before: None,
            after: None,
        }
    }

    fn key(&self) -> SnapshotKey {
        (self.run.clone(), self.name.clone())
    }
}
