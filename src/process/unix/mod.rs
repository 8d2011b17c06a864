//! Unix: process groups, a shell that outlives this process, signals, sockets.
//!
//! - `watchdog`: ends a program together with this process.
//! - `detached`: programs that outlive this process.
//! - `signal`: Ctrl-C and SIGTERM.
//! - `linux`, `macos`: load, memory and host name.

mod detached;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod macos;
mod signal;
mod watchdog;

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;

use rustix::process::{Resource, geteuid, getrlimit};
use tokio::process::Command;

#[cfg(target_os = "linux")]
use linux as machine;
#[cfg(not(target_os = "linux"))]
use macos as machine;

pub(crate) use detached::{spawn_until_idle, spawn_while_parent_runs};
pub(crate) use machine::{host_name, load_average, memory, processor};
pub use signal::interrupted;
pub(super) use watchdog::ProcessTree;

/// A connection to a server on this machine that is not reached over TCP.
pub(crate) type LocalStream = tokio::net::UnixStream;

/// Connects to a socket in the file system.
pub(crate) async fn connect_local(path: &Path) -> io::Result<LocalStream> {
    LocalStream::connect(path).await
}

/// Connects to a socket in the file system, and blocks.
pub(crate) fn local_socket(path: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(path)
}

/// Whether a program that a test has started can go on after the test.
pub(crate) const PROGRAMS_OUTLIVE_TESTS: bool = true;

/// The process that has started this one.
///
/// # Errors
/// Never here.
pub(crate) fn parent_id() -> io::Result<u32> {
    Ok(std::os::unix::process::parent_id())
}

/// A shell that runs `command`.
pub(crate) fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command);
    shell
}

/// The program that opens a page in the default browser.
pub fn desktop_opener() -> std::process::Command {
    std::process::Command::new(match cfg!(target_os = "macos") {
        true => "open",
        false => "xdg-open",
    })
}

/// Whether this process runs as root.
pub(crate) fn is_root() -> bool {
    geteuid().is_root()
}

/// Whether a path is a folder of the user of this process, and no link to one.
pub(crate) fn is_own_folder(path: &Path) -> io::Result<bool> {
    let found = std::fs::symlink_metadata(path)?;
    Ok(found.is_dir() && found.uid() == geteuid().as_raw())
}

/// How many files this process may have open; `None` if there is no limit.
pub(crate) fn open_file_limit() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// The rules of the system's time zone.
pub(crate) fn time_zone() -> Option<Vec<u8>> {
    std::fs::read("/etc/localtime").ok()
}
