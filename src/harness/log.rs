//! Prints the log that `TINTYPE_LOG` enables, on standard error.

use std::io::{self, Write};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::LogLevel;
use crate::escape::printable;
use crate::redact::redact;

/// Enables logging for this crate only: its dependencies log much that helps no
/// user. A `tracing` subscriber that the program has already installed stays.
pub(super) fn init(log: LogLevel) {
    let level = match log {
        LogLevel::Off => return,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let this_crate = Targets::new().with_target(env!("CARGO_PKG_NAME"), level);
    let lines = fmt::layer().without_time().with_writer(|| EscapedStderr);
    // This fails if a subscriber is installed already.
    let _ = tracing_subscriber::registry()
        .with(lines)
        .with(this_crate)
        .try_init();
}

/// Standard error, without secrets, and with text of pages escaped.
struct EscapedStderr;

impl Write for EscapedStderr {
    /// A subscriber writes each event at once.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        io::stderr().write_all(printable(&redact(&text)).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
