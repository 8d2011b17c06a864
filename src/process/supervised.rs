//! Starts child processes that cannot outlive this one.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, ChildStdin};
use tokio::sync::mpsc;

use super::watchdog;

/// The number of output lines kept for error messages.
const KEPT_LINES: usize = 12;

/// A program under supervision. Dropping it stops the program.
#[derive(Debug)]
pub(crate) struct Supervised {
    watchdog: Child,
    pipe: Option<ChildStdin>,
    lines: mpsc::UnboundedReceiver<String>,
    last_lines: Arc<Mutex<VecDeque<String>>>,
}

impl Supervised {
    /// Starts `program`. `scratch` is removed when it ends.
    pub(crate) fn spawn(program: &Path, arguments: &[String], scratch: &Path) -> io::Result<Self> {
        Self::spawn_with_env(&[], program, arguments, scratch)
    }

    /// Starts `program` with further variables, each as `NAME=value`.
    pub(crate) fn spawn_with_env(
        environment: &[String],
        program: &Path,
        arguments: &[String],
        scratch: &Path,
    ) -> io::Result<Self> {
        let mut child = watchdog::command(environment, program, arguments, scratch).spawn()?;
        let (sender, lines) = mpsc::unbounded_channel();
        let last_lines = Arc::new(Mutex::new(VecDeque::new()));
        if let Some(out) = child.stdout.take() {
            read_lines(out, sender.clone(), Arc::clone(&last_lines));
        }
        if let Some(err) = child.stderr.take() {
            read_lines(err, sender, Arc::clone(&last_lines));
        }
        Ok(Self {
            pipe: child.stdin.take(),
            watchdog: child,
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
    pub(crate) async fn stop(mut self) {
        drop(self.pipe.take());
        // The watchdog always exits: it has nothing left to wait for.
        let _ = self.watchdog.wait().await;
    }
}

/// Reads `output` to its end, so that the program never blocks on a full pipe.
fn read_lines(
    output: impl AsyncRead + Unpin + Send + 'static,
    lines: mpsc::UnboundedSender<String>,
    last_lines: Arc<Mutex<VecDeque<String>>>,
) {
    tokio::spawn(async move {
        let mut reader = BufReader::new(output).lines();
        while let Ok(Some(line)) = reader.next_line().await {
            let mut kept = last_lines.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push_back(line.clone());
            if kept.len() > KEPT_LINES {
                kept.pop_front();
            }
            drop(kept);
            let _ = lines.send(line);
        }
    });
}
