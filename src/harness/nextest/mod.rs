//! Under nextest each test is a process of its own, and a browser, a server
//! and a record for each would cost more than the tests.
//!
//! So the first process of a suite starts this program once more, as the
//! *studio*: it has the whole plan and does what the others ask for, in the
//! browsers and on the pages that it has open already. It goes when the runner
//! goes, and ends the run. nextest itself tells nobody that it has ended.
//!
//! - `place`: where the processes of a suite find each other.
//! - `message`: what they say.
//! - `visitor`: a test's own process.
//! - `studio`: the process that works for all of them.

mod message;
mod place;
mod studio;
mod visitor;

pub(super) use message::Answer;
pub(super) use place::{Place, STUDIO};
pub(super) use studio::work;
pub(super) use visitor::ask;
