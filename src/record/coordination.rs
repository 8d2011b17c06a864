//! Locks and barriers between sessions, processes and machines.

use super::store::StoreFuture;

/// How long a lock is held without being renewed, and how long a request waits
/// in the queue without being repeated, in milliseconds.
pub(crate) const LOCK_LEASE_MS: u64 = 15_000;
/// How long a barrier remembers who has arrived, in milliseconds.
pub(crate) const BARRIER_TTL_MS: u64 = 10 * 60_000;

/// A request for a lock. It is repeated until the lock is held, and names the
/// lock's holder afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockRequest {
    /// The lock's name.
    pub name: String,
    /// How many requests may hold it at once, at least 1. Where holders and
    /// earlier requests name another number, the smallest counts.
    pub slots: u32,
    /// A name without line breaks that no other request has.
    pub owner: String,
    /// How long it is held, or waits, unless it is renewed or repeated, in
    /// milliseconds.
    pub lease_ms: u64,
}

/// The reply to a request for a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockReply {
    /// The lock is held. The token is higher than that of every earlier holder.
    Held {
        /// The fencing token.
        token: u64,
    },
    /// This many holders and earlier requests are before it.
    Waiting {
        /// Their number.
        before: u64,
    },
}

/// Keeps locks and barriers. Every method is one atomic step.
pub trait Coordination: Send + Sync {
    /// Grants a lock or queues the request, first come, first served. The same
    /// owner gets the same token again.
    fn acquire<'a>(&'a self, request: &'a LockRequest) -> StoreFuture<'a, LockReply>;

    /// Extends the lease of a holder. Returns false if it may have been granted to
    /// another request.
    fn renew<'a>(&'a self, request: &'a LockRequest, token: u64) -> StoreFuture<'a, bool>;

    /// Releases a lock, or leaves its queue.
    fn release<'a>(&'a self, request: &'a LockRequest) -> StoreFuture<'a, ()>;

    /// Arrives at a point of the run; returns all who have arrived, sorted.
    fn arrive<'a>(&'a self, point: &'a str, who: &'a str) -> StoreFuture<'a, Vec<String>>;

    /// Returns all who have arrived at a point of the run, sorted.
    fn arrived<'a>(&'a self, point: &'a str) -> StoreFuture<'a, Vec<String>>;
}
