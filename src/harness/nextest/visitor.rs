//! A test's own process: it asks the studio, and starts it where there is none.

use std::io::{self, BufReader};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use super::message::{Answer, Request, hear, say};
use super::place::{Note, Place};

/// How often a studio is tried: one that dies is replaced once.
const STUDIOS: u32 = 2;

/// How often it is looked whether a studio that starts is up.
const LOOK: Duration = Duration::from_millis(5);

/// Has a test done.
///
/// # Errors
/// When no studio can be started, or it dies twice.
pub(in crate::harness) fn ask(place: &Place, test: &str) -> io::Result<Answer> {
    let mut tried = 1;
    loop {
        let (stream, note) = enter(place)?;
        match converse(stream, note, test) {
            Err(_) if tried < STUDIOS => tried += 1,
            Err(error) => return Err(failed(place, &error.to_string())),
            answer => return answer,
        }
    }
}

fn converse(stream: TcpStream, note: Note, test: &str) -> io::Result<Answer> {
    stream.set_nodelay(true)?;
    let request = Request {
        token: note.token,
        test: test.to_owned(),
    };
    say(&stream, &request)?;
    hear(&mut BufReader::new(stream))
}

/// Into the studio that is up, or into a new one.
fn enter(place: &Place) -> io::Result<(TcpStream, Note)> {
    let _lock = place.lock()?;
    if let Some(entered) = place.connect() {
        return Ok(entered);
    }
    let mut studio = place.start_studio()?;
    loop {
        if let Some(entered) = place.connect() {
            return Ok(entered);
        }
        if let Some(status) = studio.try_wait()? {
            return Err(failed(place, &status.to_string()));
        }
        thread::sleep(LOOK);
    }
}

fn failed(place: &Place, reason: &str) -> io::Error {
    let words = place.last_words();
    io::Error::other(format!(
        "the process that works for all tests of this run ended early ({reason}); its last \
         words:\n{words}"
    ))
}
