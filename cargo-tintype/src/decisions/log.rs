//! The log of all decisions, and the baselines that acceptances replaced.

use std::collections::HashMap;
use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use tintype::internals::model::{RunId, now_ms};
use tintype::internals::{baseline, files};

use super::decision::Decision;
use crate::output::print_error;

const FILE: &str = "decisions.ndjson";
/// The largest log that is read, in bytes: several million decisions.
const MAX_BYTES: u64 = 1 << 30;

/// One line of the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct DecisionEntry {
    /// Milliseconds since the Unix epoch.
    at: i64,
    who: String,
    run: RunId,
    /// The test name of the snapshot.
    name: String,
    pub(super) decision: Decision,
    /// SHA-256 of the baseline before an acceptance, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) before: Option<String>,
    /// SHA-256 of the baseline after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) after: Option<String>,
}

impl DecisionEntry {
    pub(super) fn new(run: &RunId, name: &str, decision: Decision, who: &str) -> Self {
        Self {
            at: now_ms(),
            who: who.to_owned(),
            run: run.clone(),
            name: name.to_owned(),
            decision,
            before: None,
            after: None,
        }
    }

    /// Parses a line. The hash before an acceptance names a file.
    fn parse(line: &[u8]) -> Result<Self, String> {
        let entry: Self = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        let is_hash =
            |hash: &String| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
        if entry.before.iter().chain(&entry.after).all(is_hash) {
            Ok(entry)
        } else {
            Err("it has an invalid hash".to_owned())
        }
    }

    /// Adds the hashes of the baseline before and after an acceptance.
    pub(super) fn with_hashes(self, before: Option<String>, after: String) -> Self {
        Self {
            before,
            after: Some(after),
            ..self
        }
    }
}

/// The log of a project, as far as it has been read.
#[derive(Debug)]
pub(super) struct DecisionLog {
    folder: PathBuf,
    /// The last entry for every snapshot of every run.
    last: HashMap<(RunId, String), DecisionEntry>,
    /// The length of the file when it was read.
    length: u64,
    /// The last line that a warning has named.
    warned: usize,
}

impl DecisionLog {
    /// Opens the log of a project. It is read when it is needed.
    pub(super) fn new(state_dir: &Path) -> Self {
        Self {
            folder: state_dir.join("review"),
            last: HashMap::new(),
            length: 0,
            warned: 0,
        }
    }

    /// Reads what this and other processes have appended.
    pub(super) fn refresh(&mut self) -> Result<()> {
        let path = self.path();
        let context = || format!("failed to read {}", path.display());
        let length = match fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            Err(error) => return Err(error).with_context(context),
        };
        if length == self.length {
            return Ok(());
        }
        let bytes = match files::read(&path, MAX_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error).with_context(context),
        };
        self.last.clear();
        // Lines that a crash cut off or that are no decisions are skipped.
        let lines = bytes.split(|byte| *byte == b'\n').zip(1..);
        for (line, number) in lines.filter(|(line, _)| !line.is_empty()) {
            match DecisionEntry::parse(line) {
                Ok(entry) => {
                    self.last
                        .insert((entry.run.clone(), entry.name.clone()), entry);
                }
                Err(problem) if self.warned < number => {
                    self.warned = number;
                    print_error!(
                        "warning: {}:{number} was skipped: {problem}",
                        path.display()
                    );
                }
                Err(_) => {}
            }
        }
        self.length = bytes.len() as u64;
        Ok(())
    }

    /// The last entry for a snapshot of a run.
    pub(super) fn last(&self, run: &RunId, name: &str) -> Option<&DecisionEntry> {
        self.last.get(&(run.clone(), name.to_owned()))
    }

    /// The decision that is in effect on a snapshot of a run.
    pub(super) fn effective(&self, run: &RunId, name: &str) -> Option<Decision> {
        let decision = self.last(run, name)?.decision;
        (decision != Decision::Undo).then_some(decision)
    }

    /// Appends an entry.
    pub(super) fn append(&mut self, entry: &DecisionEntry) -> Result<()> {
        let path = self.path();
        let write = || -> io::Result<()> {
            fs::create_dir_all(&self.folder)?;
            let mut file = files::append(&path)?;
            // One write, so that lines of several processes do not mix. A line
            // that a crash cut off is ended first.
            let written = files::read(&path, MAX_BYTES)?;
            let is_cut = written.last().is_some_and(|byte| *byte != b'\n');
            let start = if is_cut { "\n" } else { "" };
            let line = format!("{start}{}\n", serde_json::to_string(entry)?);
            file.write_all(line.as_bytes())
        };
        write().with_context(|| format!("failed to write {}", path.display()))?;
        self.refresh()
    }

    /// Keeps a copy of the file of the baseline that is about to be replaced, if it is the
    /// expected one. Otherwise it will not be replaced.
    pub(super) fn keep_replaced(&self, file: &[u8], hash: &str) -> Result<()> {
        if baseline::sha256(file) != hash {
            return Ok(());
        }
        let copy = self.replaced(hash);
        files::replace_durably(&copy, file)
            .with_context(|| format!("failed to keep the old baseline in {}", copy.display()))
    }

    /// The copy of a baseline that was replaced.
    pub(super) fn replaced(&self, hash: &str) -> PathBuf {
        self.folder.join(format!("{hash}.png"))
    }

    fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }
}

#[cfg(test)]
mod tests {
    use super::{Decision, DecisionEntry, DecisionLog};
    use tintype::internals::model::RunId;

    #[test]
    fn entries_of_other_processes_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunId("run-1".to_owned());
        let (mut ours, mut theirs) = (
            DecisionLog::new(folder.path()),
            DecisionLog::new(folder.path()),
        );
        ours.append(&DecisionEntry::new(&run, "a", Decision::Accept, "ada"))
            .unwrap();
        theirs
            .append(&DecisionEntry::new(&run, "b", Decision::Reject, "bob"))
            .unwrap();
        assert_eq!(ours.effective(&run, "b"), None);
        ours.refresh().unwrap();
        assert_eq!(ours.effective(&run, "a"), Some(Decision::Accept));
        assert_eq!(ours.effective(&run, "b"), Some(Decision::Reject));
    }

    #[test]
    fn an_undone_decision_is_not_in_effect() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunId("run-1".to_owned());
        let mut log = DecisionLog::new(folder.path());
        for decision in [Decision::Reject, Decision::Undo] {
            log.append(&DecisionEntry::new(&run, "a", decision, "ada"))
                .unwrap();
        }
        assert_eq!(log.effective(&run, "a"), None);
    }
}
