//! Starts child processes that cannot outlive this one.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::AsyncRead;
use tokio::process::Command;
use tokio::sync::mpsc;

use super::environment::restrict;
use super::lines::Lines;
use super::platform::ProcessTree;

/// The number of output lines kept for error messages.
const KEPT_LINES: usize = 12;

/// The number of lines that may wait to be searched for a marker. Programs print
/// it early, and whoever waits for it reads faster than they print.
const WAITING_LINES: usize = 1024;

/// Receives every line of a program's output.
pub(crate) type LineSink = Arc<dyn Fn(&str) + Send + Sync>;

/// A program under supervision. Dropping it stops the program.
#[derive(Debug)]
pub(crate) struct Supervised {
    processes: ProcessTree,
    lines: mpsc::Receiver<String>,
    last_lines: Arc<Mutex<VecDeque<String>>>,
}

impl Supervised {
    /// Starts a browser or a server, which inherits only the variables that it
    /// may need, with further ones, each as `NAME=value`. `scratch` is removed
    /// when it ends.
    pub(crate) fn spawn_with_env(
        environment: &[String],
        program: &Path,
        arguments: &[String],
        scratch: &Path,
    ) -> io::Result<Self> {
        let mut command = ProcessTree::command(program, arguments, scratch);
        restrict(command.as_std_mut());
        command.envs(environment.iter().filter_map(|set| set.split_once('=')));
        Self::spawn(command, scratch, None).inspect_err(|_| {
            // Nothing else will remove it.
            let _ = std::fs::remove_dir_all(scratch);
        })
    }

    /// Starts a shell command of the user in `folder`, which inherits all
    /// variables but Tintype's own secrets, and passes each line of its output to
    /// `sink`.
    pub(crate) fn spawn_shell(
        command: &str,
        folder: &Path,
        scratch: &Path,
        sink: LineSink,
    ) -> io::Result<Self> {
        let command = ProcessTree::shell_command(command, folder, scratch);
        Self::spawn(command, scratch, Some(sink))
    }

    fn spawn(command: Command, scratch: &Path, sink: Option<LineSink>) -> io::Result<Self> {
        let mut processes = ProcessTree::spawn(command, scratch)?;
        let (sender, lines) = mpsc::channel(WAITING_LINES);
        let last_lines = Arc::new(Mutex::new(VecDeque::new()));
        let readers = OutputReaders {
            lines: sender,
            last_lines: Arc::clone(&last_lines),
            sink,
        };
        let (out, err) = processes.output();
        if let Some(out) = out {
            tokio::spawn(readers.clone().read(out));
        }
        if let Some(err) = err {
            tokio::spawn(readers.read(err));
        }
        Ok(Self {
            processes,
            lines,
            last_lines,
        })
    }

    /// Waits for the first line that contains `marker` and returns the text
    /// after it; `None` when the program closes its output before.
    pub(crate) async fn wait_for_marker(&mut self, marker: &str) -> Option<String> {
        let rest = |line: &str| Some(line.split_once(marker)?.1.to_owned());
        self.wait_for_line(rest).await
    }

    /// Waits for the first line that `parse` accepts and returns the result.
    pub(crate) async fn wait_for_line<T>(
        &mut self,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        while let Some(line) = self.lines.recv().await {
            if let Some(found) = parse(&line) {
                // Later lines are kept for error messages only.
                self.lines.close();
                return Some(found);
            }
        }
        None
    }

    /// Completes when the program has closed its output: when it exits, unless
    /// a process that it started still runs.
    pub(crate) async fn wait_for_exit(&mut self) {
        while self.lines.recv().await.is_some() {}
    }

    /// The program's last lines of output, for an error message.
    pub(crate) fn last_output(&self) -> String {
        let lines = self
            .last_lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        lines.iter().cloned().collect::<Vec<_>>().join("\n")
    }

    /// Stops the program and waits until it has exited.
    pub(crate) async fn stop(self) {
        self.processes.stop().await;
    }
}

/// Where the lines of a program's output go.
#[derive(Clone)]
struct OutputReaders {
    lines: mpsc::Sender<String>,
    last_lines: Arc<Mutex<VecDeque<String>>>,
    sink: Option<LineSink>,
}

impl OutputReaders {
    /// Reads `output` to its end, so that the program never blocks on a full
    /// pipe.
    async fn read(self, output: impl AsyncRead + Unpin) {
        let mut lines = Lines::new(output);
        while let Some(line) = lines.next().await {
            if let Some(sink) = &self.sink {
                sink(&line);
            }
            let mut kept = self
                .last_lines
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            kept.push_back(line.clone());
            if kept.len() > KEPT_LINES {
                kept.pop_front();
            }
            drop(kept);
            // It fails after the marker was found, or when too many lines wait.
            let _ = self.lines.try_send(line);
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::{Supervised, WAITING_LINES};

    /// More lines than may wait, and bytes that are not UTF-8, on both streams.
    #[tokio::test]
    async fn a_program_can_print_without_end_and_without_utf8() {
        let folder = tempfile::tempdir().unwrap();
        let printed = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&printed);
        let script = "printf 'first \\377\\n'; printf '\\376\\n' >&2; \
                      seq 1 50000; seq 1 50000 >&2; echo last; exec sleep 1000";
        let program = Supervised::spawn_shell(
            script,
            folder.path(),
            &folder.path().join("scratch"),
            Arc::new(move |_| {
                count.fetch_add(1, Ordering::SeqCst);
            }),
        );
        let mut program = program.unwrap();
        // Polls; the limit only bounds a hang.
        for _ in 0..6000 {
            if program.last_output().lines().any(|line| line == "last") {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        assert!(program.last_output().contains("last"), "it was killed");
        assert!(printed.load(Ordering::SeqCst) > 50_000);
        assert!(program.lines.len() <= WAITING_LINES);
        assert_eq!(
            program.wait_for_marker("first ").await.as_deref(),
            Some("\u{fffd}")
        );
        program.stop().await;
    }
}
