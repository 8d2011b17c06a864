//! Asks the coordinator for a test's result, and starts it if it is not
//! running.

use std::io::{self, BufReader};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use super::message::{TestRequest, TestResponse, receive, send};
use super::rendezvous::{CoordinatorAddress, Rendezvous};

/// A coordinator that dies is replaced once.
const MAX_ATTEMPTS: u32 = 2;

/// The interval at which a starting coordinator is polled.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Waits for the coordinator's response about a test.
///
/// # Errors
/// When no coordinator can be started, or two in a row die.
pub(in crate::harness) fn request(rendezvous: &Rendezvous, test: &str) -> io::Result<TestResponse> {
    let mut attempt = 1;
    loop {
        let (stream, address) = connect(rendezvous)?;
        match exchange(stream, address, test) {
            Err(_) if attempt < MAX_ATTEMPTS => attempt += 1,
            Err(error) => return Err(coordinator_died(rendezvous, &error.to_string())),
            response => return response,
        }
    }
}

fn exchange(
    stream: TcpStream,
    address: CoordinatorAddress,
    test: &str,
) -> io::Result<TestResponse> {
    stream.set_nodelay(true)?;
    let request = TestRequest {
        token: address.token,
        test: test.to_owned(),
    };
    send(&stream, &request)?;
    receive(&mut BufReader::new(stream))
}

/// Connects to the running coordinator, or to a new one.
fn connect(rendezvous: &Rendezvous) -> io::Result<(TcpStream, CoordinatorAddress)> {
    let _lock = rendezvous.lock()?;
    if let Some(connected) = rendezvous.connect() {
        return Ok(connected);
    }
    let mut coordinator = rendezvous.start_coordinator()?;
    loop {
        if let Some(connected) = rendezvous.connect() {
            return Ok(connected);
        }
        if let Some(status) = coordinator.try_wait()? {
            return Err(coordinator_died(rendezvous, &status.to_string()));
        }
        thread::sleep(POLL_INTERVAL);
    }
}

fn coordinator_died(rendezvous: &Rendezvous, reason: &str) -> io::Error {
    let log = rendezvous.log_tail();
    let output = if log.is_empty() {
        "it printed nothing".to_owned()
    } else {
        format!("its last output was:\n{log}")
    };
    io::Error::other(format!(
        "the process that runs the browsers for all tests ended early ({reason}); {output}"
    ))
}
