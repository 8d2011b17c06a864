//! The shell between this process and a supervised program.
//!
//! A browser is a tree of processes, and after `kill -9` this process cannot
//! clean up. The shell starts the program in a new process group, then
//! reads from a pipe whose other end only this process holds. When the pipe is
//! closed, for whatever reason, the shell kills the group, runs the command in
//! `TINTYPE_ON_EXIT` and removes its scratch folder.

use std::io;
use std::path::Path;
use std::process::Stdio;

use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use crate::process::environment::remove_secrets;

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
[ -z "$TINTYPE_ON_EXIT" ] || sh -c "$TINTYPE_ON_EXIT"
rm -rf "$scratch" || { sleep 0.2; rm -rf "$scratch"; }
kill -KILL 0
"#;

/// A program and the processes that it starts. They end when this is dropped.
#[derive(Debug)]
pub(in crate::process) struct ProcessTree {
    watchdog: Child,
    pipe: Option<ChildStdin>,
}

impl ProcessTree {
    /// The command that runs `program` in a tree, without the secrets of this
    /// process. `scratch` is removed when it ends.
    pub(in crate::process) fn command(
        program: &Path,
        arguments: &[String],
        scratch: &Path,
    ) -> Command {
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(SCRIPT)
            .arg("tintype-guard")
            .arg(scratch)
            .arg(program)
            .args(arguments);
        remove_secrets(command.as_std_mut());
        command
    }

    /// The command that runs a shell command of the user in `folder`.
    pub(in crate::process) fn shell_command(
        command: &str,
        folder: &Path,
        scratch: &Path,
    ) -> Command {
        let script = "cd \"$0\" && eval \"$1\"".to_owned();
        let folder = folder.to_string_lossy().into_owned();
        let arguments = ["-c".to_owned(), script, folder, command.to_owned()];
        Self::command(Path::new("sh"), &arguments, scratch)
    }

    /// Starts a command that one of the functions above has made.
    pub(in crate::process) fn spawn(mut command: Command, _scratch: &Path) -> io::Result<Self> {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut watchdog = command.spawn()?;
        Ok(Self {
            pipe: watchdog.stdin.take(),
            watchdog,
        })
    }

    /// The program's output.
    pub(in crate::process) fn output(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.watchdog.stdout.take(), self.watchdog.stderr.take())
    }

    /// Stops all processes and waits until they have exited.
    pub(in crate::process) async fn stop(mut self) {
        drop(self.pipe.take());
        // The watchdog always exits: it has nothing left to wait for.
        let _ = self.watchdog.wait().await;
    }
}
