//! The journal: the operations of a worker, on disk before they are sent.
//!
//! There is one file per worker, a sequence of frames. The frames with number 0
//! contain the [`JoinRequest`]. The process holds a lock on the file while it is
//! alive.
//!
//! If writing fails, further operations are kept in memory, and the user gets
//! one warning. Damaged frames are skipped: readers get [`Operation::Lost`] in
//! their place. The first process that finds damage keeps the file with the
//! extension `damaged`. A journal of a run that was pruned elsewhere is set aside
//! with the extension `pruned`.

mod contents;
mod file;
mod frame;
#[cfg(test)]
mod tests;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use self::contents::{Contents, encode_all};
use self::file::{create_file, damaged_name, file_name, pruned_name};
pub(super) use self::file::{is_damaged_journal, is_journal_of, is_pruned_journal, modified};
use self::frame::{MAX_TEXT, encode, next_frame};
use super::error::RecordError;
use super::operation::{JoinRequest, Operation};
use crate::files;

/// A journal of this process or of a dead one.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    state: Mutex<JournalState>,
}

#[derive(Debug)]
struct JournalState {
    /// Absent when the journal is only in memory.
    file: Option<File>,
    /// The length of the file.
    end: u64,
    /// The sequence number of the last operation.
    last: u64,
    /// Operations that could not be written, in order, up to `last`.
    spilled: Vec<String>,
    /// Whether the worker has left its run, so that the journal is complete.
    closed: bool,
    /// How many operations are lost.
    lost: u64,
    /// The first failed write or the damage, as a sentence.
    problem: Option<String>,
}

/// The position of a reader in a journal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JournalCursor {
    /// The sequence number of the next operation.
    pub(crate) next: u64,
    offset: u64,
}

impl JournalCursor {
    /// The position before the first operation.
    pub(crate) fn start() -> Self {
        Self { next: 1, offset: 0 }
    }
}

impl Journal {
    /// Creates a worker's journal in `folder`. Without a folder, or if the file
    /// cannot be created, the journal is kept in memory.
    pub(crate) fn create(folder: Option<&Path>, join: &JoinRequest) -> Self {
        let path = folder.map(|folder| folder.join(file_name(join)));
        let path = path.unwrap_or_default();
        let bytes = encode_all(join, []).unwrap_or_default();
        let mut state = JournalState {
            file: None,
            end: bytes.len() as u64,
            last: 0,
            spilled: Vec::new(),
            closed: false,
            lost: 0,
            problem: None,
        };
        if folder.is_some() {
            match create_file(&path, &bytes) {
                Ok(file) => state.file = Some(file),
                Err(error) => state.problem = Some(write_problem(&error)),
            }
        }
        Self {
            path,
            state: Mutex::new(state),
        }
    }

    /// Opens the journal of a dead process; `None` if the process is alive, or
    /// if another process has opened the journal.
    pub(crate) fn open_orphan(path: &Path) -> Result<Option<(JoinRequest, Self)>, RecordError> {
        let fail = |action, source| RecordError::File {
            action,
            path: path.to_owned(),
            source,
        };
        let opened = files::open_own(path, OpenOptions::new().read(true).append(true));
        let file = match opened {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(fail("open the journal", e)),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(e)) => return Err(fail("lock the journal", e)),
        }
        let Some(contents) = contents::read(&file, |_| ()) else {
            let kept = damaged_name(path);
            fs::rename(path, &kept).map_err(|error| fail("rename the damaged journal", error))?;
            return Err(RecordError::DamagedJournal { kept });
        };
        let mut problem = None;
        let file = if contents.damage.is_none() {
            file
        } else {
            let damage = contents.damage.describe();
            let (file, result) = match repair(path, &file, &contents.join) {
                Ok((repaired, kept)) => (repaired, format!("it is kept as {}", kept.display())),
                Err(error) => (file, format!("failed to keep it: {error}")),
            };
            let path = path.display();
            problem = Some(format!("the journal {path} is damaged: {damage}; {result}"));
            file
        };
        let state = JournalState {
            end: file.metadata().map_or(0, |file| file.len()),
            file: Some(file),
            last: contents.last,
            spilled: Vec::new(),
            closed: contents.closed,
            lost: contents.lost,
            problem,
        };
        let journal = Self {
            path: path.to_owned(),
            state: Mutex::new(state),
        };
        Ok(Some((contents.join, journal)))
    }

    /// Whether the process that writes a journal is alive; true if the file
    /// system does not support locks.
    pub(crate) fn is_held(path: &Path) -> bool {
        // A shared lock does not disturb other processes that check.
        let file = files::open_own(path, OpenOptions::new().read(true));
        file.is_ok_and(|file| file.try_lock_shared().is_err())
    }

    /// Reads a journal without a lock, whether its process is alive or not.
    /// Damaged operations are [`Operation::Lost`]; the flag says whether there is
    /// damage, which the end of a live journal always may seem to have.
    pub(crate) fn read_all(
        path: &Path,
    ) -> Result<(JoinRequest, Vec<Operation>, bool), RecordError> {
        let fail = |source| RecordError::File {
            action: "read the journal",
            path: path.to_owned(),
            source,
        };
        let file = files::open_own(path, OpenOptions::new().read(true)).map_err(fail)?;
        let mut operations = Vec::new();
        let contents = contents::read(&file, |operation| operations.push(operation));
        let Contents { join, damage, .. } = contents.ok_or_else(|| fail(damaged()))?;
        Ok((join, operations, !damage.is_none()))
    }

    /// Appends an operation and returns its sequence number. Never fails: what
    /// cannot be written is kept in memory.
    pub(crate) fn append(&self, operation: &Operation) -> u64 {
        let text = operation.encode();
        let mut state = self.state();
        let number = state.last + 1;
        state.last = number;
        state.closed = operation.is_last();
        // Once one operation is kept in memory, the later ones must be too.
        let written = state.spilled.is_empty() && state.write(number, &text);
        if !written {
            state.spilled.push(text);
        }
        number
    }

    /// The sequence number of the last operation.
    pub(crate) fn last(&self) -> u64 {
        self.state().last
    }

    /// Whether the worker has left its run.
    pub(crate) fn is_closed(&self) -> bool {
        self.state().closed
    }

    /// The time of the last write, in milliseconds since the Unix epoch.
    pub(crate) fn modified(&self) -> Option<i64> {
        modified(&self.path)
    }

    /// How many operations are lost.
    pub(crate) fn lost(&self) -> u64 {
        self.state().lost
    }

    /// The first failed write or the damage, as a sentence.
    pub(crate) fn problem(&self) -> Option<String> {
        self.state().problem.clone()
    }

    /// The file, if it contains all operations.
    pub(crate) fn path(&self) -> Option<&Path> {
        let state = self.state();
        (state.file.is_some() && state.spilled.is_empty()).then_some(self.path.as_path())
    }

    /// Reads up to `count` operations and advances the cursor.
    pub(crate) fn read(&self, cursor: &mut JournalCursor, count: usize) -> Vec<Operation> {
        let mut state = self.state();
        let first_spilled = state.last + 1 - state.spilled.len() as u64;
        let mut operations = Vec::new();
        while operations.len() < count && cursor.next <= state.last {
            let operation = if cursor.next >= first_spilled {
                let index = usize::try_from(cursor.next - first_spilled).unwrap_or(usize::MAX);
                let text = state.spilled.get(index);
                text.and_then(|text| Operation::decode(text))
            } else {
                state.read(cursor)
            };
            operations.push(operation.unwrap_or_else(|| state.note_lost(&self.path)));
            cursor.next += 1;
        }
        operations
    }

    /// Moves a cursor before the operation `next`.
    pub(crate) fn rewind(&self, cursor: &mut JournalCursor, next: u64) {
        *cursor = JournalCursor::start();
        let state = self.state();
        let in_file = state.last - state.spilled.len() as u64;
        while cursor.next < next && cursor.next <= in_file {
            state.read(cursor);
            cursor.next += 1;
        }
        cursor.next = next;
    }

    /// Renames the journal of a pruned run, so that it is not sent. Returns a
    /// warning if that fails.
    pub(crate) fn set_aside(&self) -> Option<String> {
        let path = self.path.display();
        let renamed = fs::rename(&self.path, pruned_name(&self.path));
        let error = renamed.err()?;
        Some(format!(
            "failed to set the journal {path} of a pruned run aside: {error}"
        ))
    }

    /// Removes the file.
    pub(crate) fn remove(&self) {
        if !self.path.as_os_str().is_empty() {
            let _ = fs::remove_file(&self.path);
        }
    }

    fn state(&self) -> MutexGuard<'_, JournalState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl JournalState {
    /// Writes a frame. One that readers would refuse is not written.
    fn write(&mut self, number: u64, text: &str) -> bool {
        let Some(file) = &mut self.file else {
            return false;
        };
        let written = match encode(number, text) {
            Some(frame) => file.write_all(&frame).map(|()| frame.len()),
            None => Err(std::io::Error::other(format!(
                "an operation has {} bytes, more than the maximum of {MAX_TEXT}",
                text.len()
            ))),
        };
        match written {
            Ok(length) => {
                self.end += length as u64;
                true
            }
            Err(error) => {
                // A partial frame is removed.
                let _ = file.set_len(self.end);
                self.problem = Some(write_problem(&error));
                false
            }
        }
    }

    /// Reads the operation at the cursor and advances the cursor's offset;
    /// `None` if it is lost.
    fn read(&self, cursor: &mut JournalCursor) -> Option<Operation> {
        let (frame, _) = next_frame(self.file.as_ref()?, cursor.offset, cursor.next)?;
        if frame.number > cursor.next {
            cursor.offset = frame.start;
            return None;
        }
        cursor.offset = frame.end;
        Operation::decode(&frame.text)
    }

    /// Notes damage that occurred after the file was opened.
    fn note_lost(&mut self, path: &Path) -> Operation {
        self.lost += 1;
        self.problem.get_or_insert_with(|| {
            format!(
                "the journal {} was damaged by another program while it was in use",
                path.display()
            )
        });
        Operation::Lost
    }
}

/// Keeps a damaged journal under another name, and replaces it by its valid
/// operations. Returns the new file, which is locked, and the name.
fn repair(path: &Path, file: &File, join: &JoinRequest) -> std::io::Result<(File, PathBuf)> {
    let mut operations = Vec::new();
    contents::read(file, |operation| operations.push(operation));
    let bytes = encode_all(join, operations).ok_or_else(damaged)?;
    let kept = damaged_name(path);
    fs::copy(path, &kept)?;
    let modified = file.metadata()?.modified()?;
    let repaired = create_file(path, &bytes)?;
    // The last write is the end of a killed process.
    repaired.set_modified(modified)?;
    Ok((repaired, kept))
}

fn write_problem(error: &std::io::Error) -> String {
    format!("failed to write the journal: {error}")
}

fn damaged() -> std::io::Error {
    std::io::Error::other("its first frame is damaged")
}
