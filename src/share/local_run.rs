//! What a worker needs from the process that it works in.

use tokio::sync::Notify;

use super::elsewhere::ElsewhereOutcome;
use crate::record::ClaimedGroup;

/// The process that works on claimed groups.
pub trait LocalRun: Send + Sync {
    /// The number of sessions.
    fn sessions(&self) -> usize;

    /// The number of sessions without work, and of claimed groups that no session
    /// has begun.
    fn backlog(&self) -> (usize, usize);

    /// Notified whenever the backlog changes.
    fn demand(&self) -> &Notify;

    /// Begins a group.
    fn start(&self, group: &ClaimedGroup);

    /// Removes groups with these snapshots that no session has begun, and returns
    /// the keys of what it has removed.
    fn take_back(&self, keys: &[String]) -> Vec<String>;

    /// Those of these keys whose snapshots have no outcome here.
    fn unfinished_of(&self, keys: &[String]) -> Vec<String>;

    /// The keys of snapshots that are being captured.
    fn current(&self) -> Vec<String>;

    /// Notes that snapshots have their outcome from elsewhere.
    fn finish_elsewhere(&self, outcomes: Vec<ElsewhereOutcome>);

    /// Fails snapshots with a message.
    fn fail(&self, keys: &[String], message: &str);

    /// Interrupts the whole process, as the run was canceled.
    fn cancel(&self);

    /// Notes that no more groups will come.
    fn close(&self);
}
