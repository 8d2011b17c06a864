//! The journal: the operations of a worker, on disk before they are sent.
//!
//! There is one file per worker, a sequence of frames. Frame 0 contains the
//! [`JoinRequest`]. The process holds a lock on the file while it is alive.
//!
//! If writing fails, further operations are kept in memory, and the user gets
//! one warning.

mod file;
mod frame;
#[cfg(test)]
mod tests;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use self::file::{create_file, file_name};
pub(super) use self::file::{is_journal_of, modified};
use self::frame::{encode, frame_at};
use super::error::RecordError;
use super::operation::{JoinRequest, Operation};

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
    /// The end of the last valid frame.
    end: u64,
    /// The sequence number of the last operation.
    last: u64,
    /// Operations that could not be written, in order, up to `last`.
    spilled: Vec<String>,
    /// Whether the worker has left its run, so that the journal is complete.
    closed: bool,
    /// The error of the first failed write, or a description of damage.
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
        let frame = encode(0, &super::operation::json(join));
        let mut state = JournalState {
            file: None,
            end: frame.len() as u64,
            last: 0,
            spilled: Vec::new(),
            closed: false,
            problem: None,
        };
        if folder.is_some() {
            match create_file(&path, &frame) {
                Ok(file) => state.file = Some(file),
                Err(error) => state.problem = Some(error.to_string()),
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
        let opened = OpenOptions::new().read(true).append(true).open(path);
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
        let unreadable = || fail("read the journal", damaged());
        let (text, mut end) = frame_at(&file, 0, 0).ok_or_else(unreadable)?;
        let join = serde_json::from_str(&text).map_err(|_| unreadable())?;
        let (mut last, mut closed) = (0, false);
        while let Some((text, next)) = frame_at(&file, end, last + 1) {
            (last, end) = (last + 1, next);
            closed = closes(&text);
        }
        let length = file.metadata().map_or(end, |m| m.len());
        let problem = (length > end).then(|| {
            let lost = length - end;
            // New frames are appended after the last valid one.
            let _ = file.set_len(end);
            format!("the last {lost} bytes were damaged and are ignored")
        });
        let state = JournalState {
            file: Some(file),
            end,
            last,
            spilled: Vec::new(),
            closed,
            problem,
        };
        let journal = Self {
            path: path.to_owned(),
            state: Mutex::new(state),
        };
        Ok(Some((join, journal)))
    }

    /// Whether the process that writes a journal is alive; true if the file
    /// system does not support locks.
    pub(crate) fn is_held(path: &Path) -> bool {
        // A shared lock does not disturb other processes that check.
        File::open(path).is_ok_and(|file| file.try_lock_shared().is_err())
    }

    /// Reads a journal without a lock, whether its process is alive or not.
    pub(crate) fn read_all(path: &Path) -> Result<(JoinRequest, Vec<Operation>), RecordError> {
        let fail = |source| RecordError::File {
            action: "read the journal",
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(fail)?;
        let (text, mut end) = frame_at(&file, 0, 0).ok_or_else(|| fail(damaged()))?;
        let join = serde_json::from_str(&text).map_err(|_| fail(damaged()))?;
        let mut operations = Vec::new();
        while let Some((text, next)) = frame_at(&file, end, operations.len() as u64 + 1)
            && let Some(operation) = Operation::decode(&text)
        {
            operations.push(operation);
            end = next;
        }
        Ok((join, operations))
    }

    /// Appends an operation and returns its sequence number. Never fails: what
    /// cannot be written is kept in memory.
    pub(crate) fn append(&self, operation: &Operation) -> u64 {
        let text = operation.encode();
        let mut state = self.state();
        let number = state.last + 1;
        state.last = number;
        state.closed = closes(&text);
        // Once one operation is kept in memory, the later ones must be too.
        let written = state.spilled.is_empty() && state.write(&encode(number, &text));
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

    /// The error of the first failed write, or a description of damage.
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
        let state = self.state();
        let first_spilled = state.last + 1 - state.spilled.len() as u64;
        let mut operations = Vec::new();
        while operations.len() < count && cursor.next <= state.last {
            let text = if cursor.next >= first_spilled {
                let index = usize::try_from(cursor.next - first_spilled).unwrap_or(usize::MAX);
                state.spilled.get(index).cloned()
            } else {
                state.read(cursor)
            };
            let Some(operation) = text.as_deref().and_then(Operation::decode) else {
                break;
            };
            operations.push(operation);
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
            if state.read(cursor).is_none() {
                break;
            }
            cursor.next += 1;
        }
        cursor.next = next;
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
    fn write(&mut self, frame: &[u8]) -> bool {
        let Some(file) = &mut self.file else {
            return false;
        };
        match file.write_all(frame) {
            Ok(()) => {
                self.end += frame.len() as u64;
                true
            }
            Err(error) => {
                // A partial frame would hide the frames after it.
                let _ = file.set_len(self.end);
                self.problem = Some(error.to_string());
                false
            }
        }
    }

    /// Reads the frame at the cursor and advances the cursor's offset.
    fn read(&self, cursor: &mut JournalCursor) -> Option<String> {
        let file = self.file.as_ref()?;
        if cursor.offset == 0 {
            cursor.offset = frame_at(file, 0, 0)?.1;
        }
        let (text, next) = frame_at(file, cursor.offset, cursor.next)?;
        cursor.offset = next;
        Some(text)
    }
}

fn damaged() -> std::io::Error {
    std::io::Error::other("its first frame is damaged")
}

/// Whether an operation ends the journal of its worker.
fn closes(text: &str) -> bool {
    text.starts_with("L\n") || text.starts_with("X\n")
}
