//! The messages between test processes and the coordinator: one line of JSON
//! each way.

use std::io::{self, BufRead, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::model::Status;

/// Asks for the result of a test.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TestRequest {
    /// A secret that only processes of the same user can read.
    pub(super) token: String,
    /// The test's name.
    pub(super) test: String,
}

/// Answers a [`TestRequest`].
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::harness) enum TestResponse {
    /// The snapshot's outcome, and warnings for the user.
    Finished {
        /// The final status.
        status: Status,
        /// Why the test failed.
        message: Option<String>,
        /// Warnings that no earlier response contained, one sentence each.
        warnings: Vec<String>,
    },
    /// The snapshot was not run, for this reason.
    NotStarted(String),
}

/// Writes one message.
pub(super) fn send<T: Serialize>(mut to: impl Write, message: &T) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    to.write_all(&line)
}

/// Reads one message.
pub(super) fn receive<T: DeserializeOwned>(from: &mut impl BufRead) -> io::Result<T> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(serde_json::from_str(&line)?)
}
