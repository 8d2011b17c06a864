//! Writes the HTML report: one page that works from disk and as a CI artifact.
//!
//! Style, scripts, fonts and data are in the page. Images are embedded while
//! they are few, and are files beside the page otherwise. The page shares its
//! front end, under `ui/`, with `cargo tintype review`.
//!
//! - `writer`: [`HtmlReport`], which writes the page.
//! - `page`: writes the page around its data.
//! - `pictures`: embeds images, or names their files.
//! - [`assets`]: the front end.

pub(crate) mod assets;
mod page;
mod pictures;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use writer::HtmlReport;
pub use writer::{EMBED_UP_TO, write};
