//! The job object of a supervised program.
//!
//! A browser is a tree of processes. All of them are in the job, which Windows
//! ends when its last handle is closed: when this process exits, for whatever
//! reason. Only the scratch folder is left if this process is killed.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use process_wrap::tokio::{ChildWrapper, CommandWrap, CreationFlags, JobObject, KillOnDrop};
use tokio::process::{ChildStderr, ChildStdout, Command};

use super::{CREATE_NO_WINDOW, shell};
use crate::process::environment::remove_secrets;

/// Ctrl-C of the console does not reach the program.
const CREATE_NEW_PROCESS_GROUP: u32 = 0x0000_0200;

/// How often the removal of a scratch folder is tried. Files of a process stay
/// in use for a moment after its end.
const ATTEMPTS: u32 = 20;
/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(100);

/// A program and the processes that it starts. They end when this is dropped.
#[derive(Debug)]
pub(in crate::process) struct ProcessTree {
    child: Box<dyn ChildWrapper>,
    scratch: PathBuf,
}

impl ProcessTree {
    /// The command that runs `program` in a tree, without the secrets of this
    /// process. `scratch` is removed when it ends.
    pub(in crate::process) fn command(
        program: &Path,
        arguments: &[String],
        _scratch: &Path,
    ) -> Command {
        let mut command = Command::new(program);
        command.args(arguments);
        remove_secrets(command.as_std_mut());
        command
    }

    /// The command that runs a shell command of the user in `folder`.
    pub(in crate::process) fn shell_command(
        command: &str,
        folder: &Path,
        _scratch: &Path,
    ) -> Command {
        let mut shell = shell(command);
        shell.current_dir(folder);
        remove_secrets(shell.as_std_mut());
        shell
    }

    /// Starts a command that one of the functions above has made.
    pub(in crate::process) fn spawn(mut command: Command, scratch: &Path) -> io::Result<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut flags = CreationFlags(Default::default());
        flags.0.0 = CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP;
        // The program is suspended until it is in the job.
        let mut command = CommandWrap::from(command);
        command.wrap(flags).wrap(KillOnDrop).wrap(JobObject);
        Ok(Self {
            child: command.spawn()?,
            scratch: scratch.to_owned(),
        })
    }

    /// The program's output.
    pub(in crate::process) fn output(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdout().take(), self.child.stderr().take())
    }

    /// Stops all processes and waits until they have exited.
    pub(in crate::process) async fn stop(mut self) {
        if self.child.start_kill().is_ok() {
            let _ = self.child.wait().await;
        }
        let scratch = std::mem::take(&mut self.scratch);
        // The folder is only left behind if this fails.
        let _ = tokio::task::spawn_blocking(move || remove(&scratch)).await;
    }
}

impl Drop for ProcessTree {
    fn drop(&mut self) {
        let _ = self.child.start_kill();
        let scratch = std::mem::take(&mut self.scratch);
        if !scratch.as_os_str().is_empty() {
            thread::spawn(move || remove(&scratch));
        }
    }
}

fn remove(scratch: &Path) {
    for _ in 0..ATTEMPTS {
        match std::fs::remove_dir_all(scratch) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => thread::sleep(PAUSE),
            _ => return,
        }
    }
}
