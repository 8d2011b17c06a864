//! Reads and writes files safely.
//!
//! - `replace`: atomic writes.
//! - `sha256`: the hash of files.
//! - `folder`: the size of folders.
//! - `regular`: opens regular files only, and own files never through links.
//! - `unix`, `windows`: flags, permissions and time stamps of each system.

mod folder;
mod regular;
mod replace;
mod sha256;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

pub(crate) use folder::size_of_files;
pub(crate) use platform::{change_time, read_exact_at};
#[cfg(unix)]
pub(crate) use platform::{create_private_folder, make_private};
pub(crate) use regular::create;
pub use regular::{append, open, open_argument, open_own, read};
pub(crate) use replace::{replace, replace_with};
pub use replace::{replace_durably, replace_privately};
pub use sha256::sha256;
pub(crate) use sha256::sha256_path;

/// When a file was changed last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChangeTime {
    /// Nanoseconds since the Unix epoch.
    pub(crate) ns: i128,
    /// The device whose clock this is.
    pub(crate) device: u64,
}
