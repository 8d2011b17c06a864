//! Runs a suite under cargo-nextest, which starts a process for each test.
//!
//! A browser, a server and a record for each test would cost more than the
//! tests. So the first process of a suite starts this program once more, as the
//! *coordinator*: it owns the browsers, serves all test processes, and exits
//! with the runner. nextest has no end-of-run hook, so the coordinator ends the
//! run.
//!
//! - `rendezvous`: how the processes of a suite find the coordinator.
//! - `message`: the messages between them.
//! - `client`: asks the coordinator for a test's result.
//! - `coordinator`: runs the snapshots that the clients ask for.

mod client;
mod coordinator;
mod message;
mod rendezvous;

pub(super) use client::request;
pub(super) use coordinator::coordinate;
pub(super) use message::TestResponse;
pub(super) use rendezvous::Rendezvous;
