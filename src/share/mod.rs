//! Takes part in a run that several machines share: claims groups of snapshots,
//! keeps their leases, and learns what other machines have done.
//!
//! - `local_run`: what a worker needs from the process that it works in.
//! - `plan`: what makes two plans equal, and the differences of two plans.
//! - `join`: queues the plan or compares it with that of the run.
//! - `estimates`: how long groups take, from the history.
//! - `claims`: how many groups a worker claims at once.
//! - `elsewhere`: what other machines have done.
//! - `timing`: how often a worker does what.
//! - `worker`: the loop that claims groups; `upkeep` renews, reaps and follows;
//!   `away` goes on without the server.
//! - `rendezvous`: divides the rest of a run while the server is away.

mod away;
mod claims;
mod elsewhere;
mod estimates;
mod join;
mod local_run;
mod plan;
mod rendezvous;
mod timing;
mod upkeep;
mod worker;

pub use elsewhere::ElsewhereOutcome;
pub use join::{JoinError, Joined, join};
pub use local_run::LocalRun;
pub use plan::{PlanDigest, SharedPlan};
pub use timing::ShareTiming;
pub use worker::{ShareWorker, WorkerDescription};
