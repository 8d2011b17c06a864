//! The face of libtest: arguments, trials, listing, exit code.

mod arguments;
mod code;
mod ending;
mod front;
mod listing;
mod log;
#[cfg(unix)]
mod nextest;
mod selection;
mod started;
#[cfg(test)]
mod tests;
mod trials;
mod work;

pub use arguments::{Arguments, Color, Format};
pub use front::{Harness, HarnessError, run};
pub use selection::{Selected, Selection};
