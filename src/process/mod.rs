//! Supervised child processes.
//!
//! - `supervised`: starts a program, reads its output and stops it.
//! - `watchdog`: the shell command that ends a program together with this
//!   process.

mod supervised;
mod watchdog;

pub(crate) use supervised::Supervised;
