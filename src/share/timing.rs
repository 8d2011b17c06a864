//! How often a worker does what, and how long it waits.

use std::time::Duration;

use crate::record::LEASE;

/// How often a worker does what, and how long it waits.
#[derive(Clone, Copy, Debug)]
pub struct ShareTiming {
    /// How long a lease lasts without being renewed.
    pub lease: Duration,
    /// How often leases are renewed.
    pub renew: Duration,
    /// How often a worker looks for leases that have expired.
    pub reap: Duration,
    /// How often it reads commands and the outcomes of other machines.
    pub follow: Duration,
    /// How often a worker without work asks for some.
    pub poll: Duration,
    /// The time without a server after which the workers divide the rest of the
    /// run.
    pub divide_after: Duration,
    /// The time without a server after which a worker without work ends.
    pub give_up_after: Duration,
    /// How long groups of an engine that no machine has wait for one that joins.
    pub engine_timeout: Duration,
}

impl Default for ShareTiming {
    fn default() -> Self {
        Self {
            lease: LEASE,
            renew: Duration::from_secs(5),
            reap: Duration::from_secs(2),
            follow: Duration::from_secs(1),
            poll: Duration::from_millis(250),
            divide_after: Duration::from_secs(10),
            give_up_after: Duration::from_secs(60),
            engine_timeout: Duration::from_secs(60),
        }
    }
}
