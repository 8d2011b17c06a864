//! `TINTYPE_LOG`: what the inner workings have to say, on stderr.

use std::io;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::LogLevel;

/// Begins to tell, of this crate only: the libraries below have much to say
/// that helps nobody. A program that has a subscriber of its own keeps it.
pub(super) fn begin(log: LogLevel) {
    let level = match log {
        LogLevel::Off => return,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let ours = Targets::new().with_target(env!("CARGO_PKG_NAME"), level);
    let lines = fmt::layer().without_time().with_writer(io::stderr);
    // An error says that there is a subscriber already.
    let _ = tracing_subscriber::registry()
        .with(lines)
        .with(ours)
        .try_init();
}
