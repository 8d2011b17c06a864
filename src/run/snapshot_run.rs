//! How far the snapshots of a group have come.

use std::collections::VecDeque;

use super::attempts::Attempts;
use crate::browser::BrowserError;
use crate::snapshot::{FinishedSnapshot, Looked, PendingVerdict};

/// How much memory the first looks of a group may take while its other snapshots
/// are looked at, in bytes.
const MAX_WAITING: usize = 64 << 20;

/// How many snapshots of a session may be judged while it captures others.
const MAX_JUDGING: usize = 2;

/// A snapshot that is being captured.
pub(super) struct SnapshotRun {
    pub(super) index: usize,
    pub(super) attempts: Attempts,
    /// What the current attempt has seen on the fast path.
    pub(super) looked: Option<Result<Looked, BrowserError>>,
}

impl SnapshotRun {
    pub(super) fn start(index: usize) -> Self {
        Self {
            index,
            attempts: Attempts::start(),
            looked: None,
        }
    }

    /// The memory that its first look takes, in bytes.
    fn size(&self) -> usize {
        match &self.looked {
            Some(Ok(Looked::Differs(look))) => look.size(),
            _ => 0,
        }
    }
}

/// How far a snapshot has come.
pub(super) enum SnapshotProgress {
    Finished(Box<FinishedSnapshot>),
    /// It does not pass on the fast path, and is to be judged.
    Waiting(Box<SnapshotRun>),
    /// It is being judged, and needs no browser any more.
    Judging(Box<JudgedRun>),
}

impl SnapshotProgress {
    pub(super) fn of(finished: FinishedSnapshot) -> Self {
        Self::Finished(Box::new(finished))
    }
}

/// The snapshots of a group that are not finished.
#[derive(Default)]
pub(super) struct GroupRest {
    pub(super) waiting: Vec<SnapshotRun>,
    pub(super) judging: VecDeque<Box<JudgedRun>>,
}

impl GroupRest {
    /// Whether another first look may wait.
    pub(super) fn has_room(&self) -> bool {
        let size: usize = self.waiting.iter().map(SnapshotRun::size).sum();
        size < MAX_WAITING
    }

    /// Takes a snapshot that is to be finished before others are judged.
    pub(super) fn take_surplus(&mut self) -> Option<JudgedRun> {
        let is_surplus = self.judging.len() > MAX_JUDGING;
        is_surplus
            .then(|| self.judging.pop_front())
            .flatten()
            .map(|judged| *judged)
    }
}

/// A snapshot whose verdict is being formed.
pub(super) struct JudgedRun {
    pub(super) index: usize,
    pub(super) attempts: Attempts,
    pub(super) verdict: PendingVerdict,
}
