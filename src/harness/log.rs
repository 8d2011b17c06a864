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
        io::stderr().write_all(shown(event).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// An event as it is printed.
fn shown(event: &[u8]) -> String {
    let text = String::from_utf8_lossy(event);
    printable(&redact(&text)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::shown;
    use crate::redact;

    #[test]
    fn events_have_no_secrets_and_control_no_terminal() {
        redact::register("logged-secret-9034");
        let text = shown(b"a logged-secret-9034 \x1b]0;owned\x07\n::error::x\n");
        assert_eq!(text, "a *** \\u{1b}]0;owned\\u{7}\n\\::error::x\n");
    }
}
