//! Supervised child processes.
//!
//! - `supervised`: starts a program, reads its output and stops it.
//! - `lines`: reads output line by line, whatever bytes it consists of.
//! - `environment`: the environment variables that programs inherit.
//! - `watchdog`: the shell command that ends a program together with this
//!   process.

mod environment;
mod lines;
mod supervised;
mod watchdog;

pub(crate) use environment::{remove_secrets, restrict};
pub(crate) use supervised::{LineSink, Supervised};
