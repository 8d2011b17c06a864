//! Child processes, and what the operating system tells about itself: all that
//! differs between systems, except files.
//!
//! - `supervised`: starts a program, reads its output and stops it.
//! - `lines`: reads output line by line, whatever bytes it consists of.
//! - `environment`: the environment variables that programs inherit.
//! - `version`: the version of a program.
//! - `unix`, `windows`: the same functions for each family of systems.

mod environment;
mod lines;
mod supervised;
#[cfg(unix)]
mod unix;
mod version;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

pub(crate) use environment::{remove_secrets, restrict};
pub(crate) use platform::{
    PROGRAMS_OUTLIVE_TESTS, connect_local, host_name, is_root, load_average, memory,
    open_file_limit, parent_id, processor, shell, spawn_while_parent_runs, time_zone,
};
pub use platform::{desktop_opener, interrupted};
#[cfg(unix)]
pub(crate) use platform::{is_own_folder, local_socket, spawn_until_idle};
pub(crate) use supervised::{LineSink, Supervised};
pub use version::version;

/// The variable with a shell command that runs after a supervised program was
/// killed. Windows has no shell that would run it.
pub(crate) const ON_EXIT: &str = "TINTYPE_ON_EXIT";

/// The memory of this machine, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// What programs can still use.
    pub(crate) available: Option<u64>,
    /// What there is.
    pub(crate) total: Option<u64>,
}
