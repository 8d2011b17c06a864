//! What a store of the record must be able to do.
//!
//! There are two implementations, [`MemoryStore`](super::memory::MemoryStore)
//! and [`RedisStore`](super::redis::RedisStore), and one suite of tests that
//! both pass.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::error::Fault;
use super::health::ServerFacts;
use super::operation::{Join, Operation, Outcome};
use super::whole::WholeRun;
use crate::model::{Reason, RunId, StoryIdentifier};

/// The answer of a store, when it comes.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'a>>;

/// After this long without a sign of life a worker is taken for dead.
pub const SILENCE: Duration = Duration::from_secs(60);

/// How many events the stream of a run keeps at least. What was cut off is
/// still in the records.
pub const EVENTS_KEPT: usize = 100_000;

/// How many outcomes the history of a story keeps.
pub const OUTCOMES_KEPT: usize = 100;

/// Names what the execution store keeps: a completed step of a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StepKey {
    /// The run.
    pub run: RunId,
    /// What the step belongs to: a story, a snapshot, a log-in.
    pub subject: String,
    /// The step.
    pub step: String,
}

/// What became of a run that a worker has joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    /// Whether the run was there.
    pub how: Entry,
    /// The number of the last operation that is applied for this writer.
    pub applied: u64,
    /// How many workers have joined it, ever.
    pub writers: u64,
}

/// How a worker came into a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// It was not there.
    Created,
    /// It was there.
    Joined,
    /// It had ended and goes on.
    Reopened,
}

/// What became of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It is applied now.
    Done,
    /// Its turn was used, but something newer stands in its place.
    Stale,
    /// It was applied before; this is the last number that was.
    Duplicate(u64),
    /// The server misses operations: this is the last number that it has.
    Gap(u64),
    /// The server does not know the run.
    NoRun,
}

/// What became of the attempt to end a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It ended just now.
    Now(Reason),
    /// It had ended.
    Before(Reason),
    /// This many workers are alive, or, at 0, others may still come.
    Pending(u64),
    /// The store does not know the run.
    NoRun,
}

/// What became of the mark on an accepted snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marked {
    /// It is marked and told.
    Now,
    /// It was, by the same request.
    Before,
    /// The record is not the one that was looked at.
    Changed,
    /// The store does not know the run.
    NoRun,
}

/// One event of a run's stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamEntry {
    /// The entry's id: events after it are read with it.
    pub id: String,
    /// The event's JSON, without `id`.
    pub event: String,
}

impl StreamEntry {
    /// The event as it is published: with `id`.
    pub fn message(&self) -> String {
        let body = self.event.strip_suffix('}').unwrap_or(&self.event);
        format!("{body},\"id\":\"{}\"}}", self.id)
    }
}

/// Published events, as a doorbell: whoever wants all of them reads the
/// stream.
pub type Doorbell = tokio::sync::mpsc::Receiver<String>;

/// Keeps the record of runs. Every method is one atomic step.
pub trait Store: Send + Sync {
    /// Where the record is, in one line, without passwords.
    fn place(&self) -> String;

    /// Creates the run or joins it. `live` is false when the journal of a
    /// process that is gone is being sent: that opens no ended run again.
    fn join<'a>(&'a self, join: &'a Join, live: bool) -> Answer<'a, Joined>;

    /// Applies operations of a writer in order, numbered from `first`, and
    /// answers for each until one could not be.
    fn apply<'a>(
        &'a self,
        join: &'a Join,
        first: u64,
        operations: &'a [Operation],
    ) -> Answer<'a, Vec<Applied>>;

    /// Tells that a worker is alive and knows `applied` operations to be
    /// applied.
    fn beat<'a>(&'a self, join: &'a Join, applied: u64) -> Answer<'a, Applied>;

    /// The number of the last operation that is applied for a worker, without
    /// joining for it.
    fn applied<'a>(&'a self, join: &'a Join) -> Answer<'a, u64>;

    /// Ends a run that nobody works on: no worker showed a sign of life for
    /// [`SILENCE`], or those left are on the host `gone`. The run's end is the
    /// last sign of life.
    fn end<'a>(&'a self, run: &'a RunId, gone: Option<&'a str>) -> Answer<'a, Ended>;

    /// Replaces a snapshot's record by one that is marked as accepted, and
    /// tells `baseline:accepted`, if the record is still `was`.
    fn accept<'a>(
        &'a self,
        run: &'a RunId,
        story: &'a StoryIdentifier,
        was: &'a str,
        marked: &'a str,
    ) -> Answer<'a, Marked>;

    /// The ids of all runs with their start in milliseconds, newest first.
    fn runs(&self) -> Answer<'_, Vec<(RunId, i64)>>;

    /// The document of a run.
    fn run<'a>(&'a self, run: &'a RunId) -> Answer<'a, Option<String>>;

    /// The records of a run, by key, in no order.
    fn tests<'a>(&'a self, run: &'a RunId) -> Answer<'a, Vec<(StoryIdentifier, String)>>;

    /// The record of a snapshot.
    fn test<'a>(&'a self, run: &'a RunId, story: &'a StoryIdentifier)
    -> Answer<'a, Option<String>>;

    /// Up to `count` events behind the id `after` (`0` for the first).
    fn events<'a>(
        &'a self,
        run: &'a RunId,
        after: &'a str,
        count: usize,
    ) -> Answer<'a, Vec<StreamEntry>>;

    /// The last outcomes of a snapshot, oldest first.
    fn history<'a>(&'a self, story: &'a StoryIdentifier) -> Answer<'a, Vec<Outcome>>;

    /// Everything known of a run.
    fn export<'a>(&'a self, run: &'a RunId) -> Answer<'a, Option<WholeRun>>;

    /// Puts a whole run in. Gives false, and does nothing, if there is one of
    /// that id.
    fn import<'a>(&'a self, run: &'a WholeRun) -> Answer<'a, bool>;

    /// Removes a run, in steps that do not hold the server up. Histories keep
    /// its outcomes.
    fn remove<'a>(&'a self, run: &'a RunId) -> Answer<'a, ()>;

    /// Keeps a text for a time, at least as long as nobody needs the room.
    fn put<'a>(&'a self, key: &'a StepKey, text: &'a str, ttl: Duration) -> Answer<'a, ()>;

    /// A text that was kept and whose time is not over.
    fn get<'a>(&'a self, key: &'a StepKey) -> Answer<'a, Option<String>>;

    /// What the server tells of itself; nothing where there is none.
    fn facts(&self) -> Answer<'_, Option<ServerFacts>>;

    /// Rings for every event, of a run or of all. Messages may be missed.
    fn listen<'a>(&'a self, run: Option<&'a RunId>) -> Answer<'a, Doorbell>;
}
