//! Writes behind the work: sends what the journal holds, in order, until the
//! server has it all, and again what the server has lost.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep};

use super::adopt;
use super::error::{Fault, WayOn};
use super::journal::{Cursor, Journal};
use super::operation::Join;
use super::store::{Applied, Entry, Store};

/// How many operations are sent in one go.
const BATCH: usize = 256;
/// How often a worker shows that it is alive.
const BEAT: Duration = Duration::from_secs(1);

/// How far the record is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    /// The number of the last operation that the server has applied.
    pub(crate) applied: u64,
    /// What keeps the writer from going on, at the moment.
    pub(crate) fault: Option<Fault>,
    /// Faults since the last success.
    pub(crate) failures: u32,
    /// How often the connection was made again.
    pub(crate) reconnects: u64,
    /// How often the server had lost something that was sent again.
    pub(crate) rewinds: u64,
    /// What the user should know, told once.
    pub(crate) warnings: Vec<String>,
}

/// The task that sends a journal.
pub(crate) struct Writer {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) join: Join,
    pub(crate) journal: Arc<Journal>,
    /// Where the journals of others lie.
    pub(crate) folder: Option<PathBuf>,
    pub(crate) progress: watch::Sender<Progress>,
    pub(crate) wake: Arc<Notify>,
    /// Told when somebody waits and a server that was away is tried at once.
    pub(crate) hurry: Arc<Notify>,
    /// Set to true when nobody will record anything any more.
    pub(crate) stop: watch::Receiver<bool>,
    pub(crate) cursor: Cursor,
    pub(crate) joined: bool,
}

impl Writer {
    /// Runs until it is told to stop and there is nothing left to do, or
    /// nothing that can be done.
    pub(crate) async fn run(mut self) {
        let mut beaten = Instant::now();
        loop {
            let result = self.advance(&mut beaten).await;
            let failures = self.note(result);
            // A recorder that was dropped will not say more either.
            let stopped = *self.stop.borrow() || self.stop.has_changed().is_err();
            if stopped && (failures > 0 || self.is_done()) {
                return;
            }
            let stop = &mut self.stop;
            if failures == 0 {
                tokio::select! {
                    () = self.wake.notified() => {}
                    () = sleep(BEAT) => {}
                    _ = stop.changed() => {}
                }
            } else {
                // New operations do not bring the server back any sooner.
                tokio::select! {
                    () = sleep(pause(failures)) => {}
                    () = self.hurry.notified() => {}
                    _ = stop.changed() => {}
                }
            }
        }
    }

    fn is_done(&self) -> bool {
        self.progress.borrow().applied >= self.journal.last()
    }

    /// Sends all there is.
    async fn advance(&mut self, beaten: &mut Instant) -> Result<(), Fault> {
        if !self.joined {
            self.enter().await?;
        }
        while self.send().await? {}
        if beaten.elapsed() >= BEAT && !self.journal.closed() {
            *beaten = Instant::now();
            let known = self.progress.borrow().applied;
            let answer = self.store.beat(&self.join, known).await?;
            if answer != Applied::Done {
                self.rewind(&answer).await?;
            }
        }
        Ok(())
    }

    /// Sends two batches, the second while the server is busy with the first,
    /// and tells whether there may be more.
    async fn send(&mut self) -> Result<bool, Fault> {
        let first = self.cursor.next;
        let one = self.journal.read(&mut self.cursor, BATCH);
        let two = self.journal.read(&mut self.cursor, BATCH);
        if one.is_empty() {
            return Ok(false);
        }
        let second = first + one.len() as u64;
        let (answers, more) = tokio::join!(
            self.store.apply(&self.join, first, &one),
            self.store.apply(&self.join, second, &two),
        );
        let answers = answers.inspect_err(|_| self.journal.rewind(&mut self.cursor, first))?;
        let whole = answers.len() == one.len();
        if !self.take(first, answers).await? {
            return Ok(true);
        }
        if !whole {
            let applied = self.progress.borrow().applied;
            self.journal.rewind(&mut self.cursor, applied + 1);
            return Ok(true);
        }
        let more = more.inspect_err(|_| self.journal.rewind(&mut self.cursor, second))?;
        let whole = more.len() == two.len();
        if self.take(second, more).await? && !whole {
            let applied = self.progress.borrow().applied;
            self.journal.rewind(&mut self.cursor, applied + 1);
        }
        Ok(true)
    }

    /// Notes what became of operations from `first` on; false if the server
    /// turned out to have lost something and all of it is sent again.
    async fn take(&mut self, first: u64, answers: Vec<Applied>) -> Result<bool, Fault> {
        for (number, answer) in (first..).zip(answers) {
            match answer {
                Applied::Done | Applied::Stale | Applied::Duplicate(_) => self.applied(number),
                Applied::Gap(_) | Applied::NoRun => {
                    self.rewind(&answer).await?;
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Joins the run, and looks after journals that were left behind.
    async fn enter(&mut self) -> Result<(), Fault> {
        let joined = self.store.join(&self.join, true).await?;
        self.joined = true;
        self.journal.rewind(&mut self.cursor, joined.applied + 1);
        self.progress.send_modify(|p| p.applied = joined.applied);
        if let Ok(Some(facts)) = self.store.facts().await {
            self.progress.send_modify(|p| p.warnings = facts.warnings());
        }
        let Some(folder) = self.folder.clone() else {
            return Ok(());
        };
        let run = &self.join.run_id;
        let whose = match joined.how {
            // The first of a run looks after all; it also is the one who finds
            // a server that has forgotten the run.
            Entry::Created => None,
            _ if (super::journal::journals(&folder, Some(run)).len() as u64) > joined.writers => {
                Some(run)
            }
            _ => return Ok(()),
        };
        let adopted = adopt::adopt(&*self.store, &folder, &self.join, whose).await;
        if joined.how == Entry::Created {
            // Runs whose processes all died are closed by the next one.
            adopt::close(&*self.store, Some(run)).await?;
        }
        self.progress
            .send_modify(|p| p.warnings.extend(adopted.warnings));
        Ok(())
    }

    /// The server has lost something: sends again from there, and what dead
    /// workers of the run had sent, too.
    async fn rewind(&mut self, answer: &Applied) -> Result<(), Fault> {
        self.progress.send_modify(|p| p.rewinds += 1);
        if let Applied::Gap(last) = *answer {
            self.journal.rewind(&mut self.cursor, last + 1);
            self.progress.send_modify(|p| p.applied = last);
        } else {
            self.enter().await?;
        }
        if let Some(folder) = self.folder.clone() {
            adopt::adopt(&*self.store, &folder, &self.join, Some(&self.join.run_id)).await;
        }
        Ok(())
    }

    fn applied(&self, number: u64) {
        self.progress.send_modify(|p| p.applied = number);
    }

    /// Notes how it went, and gives the number of failures in a row.
    fn note(&mut self, result: Result<(), Fault>) -> u32 {
        match result {
            Ok(()) => self.progress.send_modify(|p| {
                if p.failures > 0 {
                    p.reconnects += 1;
                    tracing::info!("the record is reached again");
                }
                (p.fault, p.failures) = (None, 0);
            }),
            Err(fault) => {
                let reconnect = fault.kind.way_on() == WayOn::Reconnect;
                self.joined &= !reconnect;
                self.progress.send_modify(|p| {
                    if p.failures == 0 {
                        tracing::warn!("{fault}; results are kept in the journal meanwhile");
                    }
                    p.failures = p.failures.saturating_add(1);
                    p.fault = Some(fault);
                });
            }
        }
        self.progress.borrow().failures
    }
}

/// How long to wait after so many failures in a row.
fn pause(failures: u32) -> Duration {
    let doubled = 25_u64 << failures.min(6);
    Duration::from_millis(doubled.min(1000))
}
