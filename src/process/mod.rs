//! Supervised child processes.
//!
//! - `supervised`: starts a program, reads its output and stops it.
//! - `lines`: reads output line by line, whatever bytes it consists of.
//! - `watchdog`: the shell command that ends a program together with this
//!   process.

mod lines;
mod supervised;
mod watchdog;

pub(crate) use supervised::{LineSink, Supervised};
