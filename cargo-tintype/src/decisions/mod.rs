//! Accepts, rejects and undoes, for the commands, the terminal review and the
//! review page.
//!
//! A decision changes the baseline first, then the log of the project
//! (`target/tintype/review/decisions.ndjson`), then the record. The log keeps
//! what an acceptance replaced, so that it can be undone later, by any of the
//! three.

mod apply;
mod decision;
mod log;
mod publish;

pub(crate) use apply::{Decisions, RecordedSnapshot};
pub(crate) use decision::{Decision, DecisionState, ExpectedBaseline};
pub(crate) use publish::publish;
