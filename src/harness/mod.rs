//! The face of libtest: arguments, trials, listing, exit code.

mod arguments;
#[cfg_attr(not(test), expect(dead_code, reason = "the conductor comes next"))]
mod listing;
mod selection;
#[cfg(test)]
mod tests;
#[cfg_attr(not(test), expect(dead_code, reason = "the conductor comes next"))]
mod trials;

pub use arguments::{Arguments, Color, Format};
pub use selection::{Selected, Selection};
