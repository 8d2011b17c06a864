//! The shell between this process and a supervised program.
//!
//! A browser is a tree of processes, and after `kill -9` this process cannot
//! clean up. The shell starts the program in a new process group, then
//! reads from a pipe whose other end only this process holds. When the pipe is
//! closed, for whatever reason, the shell kills the group and removes its
//! scratch folder.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use super::environment::remove_secrets;

/// `$1` is the scratch folder, the rest is the command. The shell closes its
/// own output, so that end of output means that the program has exited. The
/// last `kill` ends the shell and what is left of its group.
const SCRIPT: &str = r#"
scratch=$1; shift
"$@" </dev/null & program=$!
exec >/dev/null 2>&1
read -r _
kill -KILL "$program" 2>/dev/null
wait "$program" 2>/dev/null
rm -rf "$scratch" || { sleep 0.2; rm -rf "$scratch"; }
kill -KILL 0
"#;

/// The command that runs `program` under the watchdog, with all three streams
/// piped and without the secrets of this process.
pub(super) fn command(program: &Path, arguments: &[String], scratch: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(SCRIPT)
        .arg("tintype-guard")
        .arg(scratch)
        .arg(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    remove_secrets(command.as_std_mut());
    #[cfg(unix)]
    command.process_group(0);
    command
}
