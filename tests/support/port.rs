//! Free ports for the tests' servers.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// A free port, a different one for each caller, below the system's ephemeral
/// range: a restarted server can bind it again, and a client that probes it
/// meanwhile cannot connect to itself.
pub(crate) fn free_port() -> u16 {
    static ASKED: AtomicU16 = AtomicU16::new(0);
    // Concurrent processes start at different ports.
    let first = 12_000 + u16::try_from(std::process::id() % 200).unwrap() * 40;
    let next = || first + ASKED.fetch_add(1, Ordering::Relaxed);
    let free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    std::iter::repeat_with(next).find(free).unwrap()
}
