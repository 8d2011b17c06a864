//! Publishes the events of a run.
//!
//! - [`Event`]: everything that happens, as one enum.
//! - [`Bus`]: delivers each event to every [`Subscriber`].
//! - `record`: the record as a subscriber.
//!
//! The run publishes and never reads reports; the record, the reports and the
//! terminal subscribe and never call the run.

mod bus;
mod event;
mod record;

pub(crate) use bus::{Bus, Subscriber};
pub(crate) use event::{Event, LockWait, ReportKind, RunReport, RunSetup};
