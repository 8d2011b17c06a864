//! Reads and writes files safely.
//!
//! - `replace`: atomic writes.
//! - `sha256`: the hash of files.
//! - `folder`: the size of folders.
//! - `regular`: opens regular files only, and own files never through links.

mod folder;
mod regular;
mod replace;
mod sha256;

pub(crate) use folder::size_of_files;
pub(crate) use regular::create;
pub use regular::{append, open, open_own, read};
pub(crate) use replace::{replace, replace_with};
pub use replace::{replace_durably, replace_privately};
pub use sha256::sha256;
pub(crate) use sha256::sha256_path;
