//! Publishes the events of a run.
//!
//! - [`Event`]: everything that happens, as one enum.
//! - [`Bus`]: delivers each event to every [`Subscriber`].
//! - `record`: the record as a subscriber.
//! - `times`: when a snapshot and its parts began and ended.
//!
//! The run publishes and never reads reports; the record, the reports and the
//! terminal subscribe and never call the run.

mod bus;
mod event;
mod record;
mod times;

pub(crate) use bus::{Bus, Subscriber};
pub(crate) use event::{Event, LockWait, ReportKind, RunReport, RunSetup};
pub(crate) use times::{Part, PartLog, SnapshotTimes};
