//! A WebDriver and the session on it.
//!
//! - `find`: finds browser and driver programs on this machine.
//! - `container`: runs programs in an image.
//! - `session`: one driver, its session and the processes behind it.
//! - `start`: starts programs and opens WebDriver sessions.
//! - `command`: sends commands with a time limit and classifies errors.
//! - `raw`: WebDriver commands that the client library does not know.

mod command;
mod container;
mod find;
mod raw;
mod session;
mod start;

pub(super) use command::COMMAND_TIMEOUT;
pub(super) use container::profile_folder;
pub(super) use find::find_virtual_display;
pub use find::{Programs, find, install_command};
pub(super) use raw::RawCommand;
pub(super) use session::Driver;
pub(super) use start::{
    connect, connect_remote, launch, proxy_capability, scratch_folder, start_program, within,
};
