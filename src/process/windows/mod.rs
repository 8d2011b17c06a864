//! Windows: job objects, console events, `cmd`. There are no Unix sockets, and no
//! program outlives this process: what needs either is not supported here.
//!
//! - `job`: ends a program together with this process.
//! - `signal`: Ctrl-C, Ctrl-Break and the end of the console.

mod job;
mod signal;

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Child, Stdio};

use tokio::process::Command;

use super::Memory;
pub(super) use job::ProcessTree;
pub use signal::interrupted;

/// No window of the console.
const CREATE_NO_WINDOW: u32 = 0x0800_0000;

/// What [`connect_local`] would return.
pub(crate) type LocalStream = tokio::net::TcpStream;

/// Fails: this system has no sockets in the file system.
pub(crate) async fn connect_local(_: &Path) -> io::Result<LocalStream> {
    Err(io::ErrorKind::Unsupported.into())
}

/// nextest puts each test into a job, and ends all processes in it with the test.
pub(crate) const PROGRAMS_OUTLIVE_TESTS: bool = false;

/// Fails: the standard library does not tell it.
pub(crate) fn parent_id() -> io::Result<u32> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Fails, as [`PROGRAMS_OUTLIVE_TESTS`] says.
pub(crate) fn spawn_while_parent_runs(
    _folder: &Path,
    _program: &Path,
    _variable: (&str, &str),
    _log: File,
) -> io::Result<Child> {
    Err(io::ErrorKind::Unsupported.into())
}

/// A shell that runs `command`.
pub(crate) fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    // With /S only the outer quotes are removed, so that those of the command
    // reach it as they are.
    shell.raw_arg(format!("/D /S /C \"{command}\""));
    shell
}

/// The program that opens a page in the default browser. Unlike `start` of
/// `cmd`, it takes a path with any character.
pub fn desktop_opener() -> std::process::Command {
    let mut opener = std::process::Command::new("rundll32");
    opener.arg("url.dll,FileProtocolHandler");
    opener
}

/// False: browsers start with their sandbox as an administrator, too.
pub(crate) fn is_root() -> bool {
    false
}

/// Unknown: `COMPUTERNAME` has it.
pub(crate) fn host_name() -> Option<String> {
    None
}

/// Unknown: `PROCESSOR_IDENTIFIER` has it.
pub(crate) fn processor() -> Option<String> {
    None
}

/// Unknown: Windows has no load average.
pub(crate) fn load_average() -> Option<f64> {
    None
}

/// Unknown: no program of the system tells it quickly.
pub(crate) fn memory() -> Memory {
    Memory::default()
}

/// None: there is no limit that a run could reach.
pub(crate) fn open_file_limit() -> Option<u64> {
    None
}

/// The name of the system's time zone.
pub(crate) fn time_zone() -> Option<Vec<u8>> {
    use std::os::windows::process::CommandExt as _;
    let mut command = std::process::Command::new("tzutil");
    command
        .arg("/g")
        .stdin(Stdio::null())
        .creation_flags(CREATE_NO_WINDOW);
    let output = command.output().ok()?;
    output.status.success().then_some(output.stdout)
}

#[cfg(test)]
mod tests {
    use super::shell;

    #[tokio::test]
    async fn quotes_of_a_command_reach_it() {
        let output = shell(r#"echo "a  b" & exit 3"#).output().await.unwrap();
        assert_eq!(output.status.code(), Some(3));
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.trim(), r#""a  b""#);
    }
}
