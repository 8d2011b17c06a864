//! One line each way.

use std::io::{self, BufRead, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::model::Status;

/// What a test's process wants.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    /// What only processes of the same user can know.
    pub(super) token: String,
    /// The test's name.
    pub(super) test: String,
}

/// What it gets.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::harness) enum Answer {
    /// The snapshot's outcome, and what there is to be warned of.
    Done {
        /// Its final status.
        status: Status,
        /// For people: why it failed.
        message: Option<String>,
        /// One sentence each, not told to anybody before.
        warnings: Vec<String>,
    },
    /// Why there is none.
    NotStarted(String),
}

/// Says one thing.
pub(super) fn say<T: Serialize>(mut to: impl Write, what: &T) -> io::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    to.write_all(&line)
}

/// Hears one thing.
pub(super) fn hear<T: DeserializeOwned>(from: &mut impl BufRead) -> io::Result<T> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(serde_json::from_str(&line)?)
}
