//! Child processes that cannot outlive this one.
//!
//! A browser is several processes, and `kill -9` on a test gives nobody a
//! chance to clean up. So a small shell stands between: it starts the program
//! in a process group of its own and then reads from a pipe that only we hold
//! open. When we close it, or die in whatever way, the read ends and the shell
//! takes the whole group and its scratch folder with it.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;

/// `$1` is the scratch folder, the rest the command. The shell lets go of the
/// output, so that its end tells us of the program's. The last `kill` ends the
/// shell itself with all that is left of its group.
const GUARD: &str = r#"
scratch=$1; shift
"$@" </dev/null & program=$!
exec >/dev/null 2>&1
read -r _
kill -KILL "$program" 2>/dev/null
wait "$program" 2>/dev/null
rm -rf "$scratch" || { sleep 0.2; rm -rf "$scratch"; }
kill -KILL 0
"#;

/// How many of a program's last lines are kept for a message about its end.
const LAST_WORDS: usize = 12;

/// A program under guard. Dropping it ends the program.
#[derive(Debug)]
pub(crate) struct Guarded {
    guard: Child,
    pipe: Option<ChildStdin>,
    lines: mpsc::UnboundedReceiver<String>,
    last_words: Arc<Mutex<VecDeque<String>>>,
}

impl Guarded {
    /// Starts `program`. `scratch` is removed when it ends.
    pub(crate) fn spawn(program: &Path, arguments: &[String], scratch: &Path) -> io::Result<Self> {
        Self::spawn_with(&[], program, arguments, scratch)
    }

    /// The same with further variables, each as `NAME=value`.
    pub(super) fn spawn_with(
        environment: &[String],
        program: &Path,
        arguments: &[String],
        scratch: &Path,
    ) -> io::Result<Self> {
        let mut command = Command::new("sh");
        command
            .envs(environment.iter().filter_map(|set| set.split_once('=')))
            .arg("-c")
            .arg(GUARD)
            .arg("tintype-guard")
            .arg(scratch)
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        #[cfg(unix)]
        command.process_group(0);
        let mut guard = command.spawn()?;
        let (sender, lines) = mpsc::unbounded_channel();
        let last_words = Arc::new(Mutex::new(VecDeque::new()));
        if let Some(out) = guard.stdout.take() {
            listen(out, sender.clone(), Arc::clone(&last_words));
        }
        if let Some(err) = guard.stderr.take() {
            listen(err, sender, Arc::clone(&last_words));
        }
        Ok(Self {
            pipe: guard.stdin.take(),
            guard,
            lines,
            last_words,
        })
    }

    /// The rest of the first line that holds `mark`; `None` when the program
    /// closed its output without having said it.
    pub(super) async fn announced(&mut self, mark: &str) -> Option<String> {
        let rest = |line: &str| Some(line.split_once(mark)?.1.to_owned());
        self.first(rest).await
    }

    /// What `read` makes of the first line of which it makes something.
    pub(super) async fn first<T>(&mut self, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        while let Some(line) = self.lines.recv().await {
            if let Some(found) = read(&line) {
                // Nobody reads on: what follows goes to the last words only.
                self.lines.close();
                return Some(found);
            }
        }
        None
    }

    /// Completes when the program has closed its output: at its end, unless
    /// something that it started goes on.
    pub(crate) async fn ended(&mut self) {
        while self.lines.recv().await.is_some() {}
    }

    /// What the program said last, for a message about its end.
    pub(crate) fn last_words(&self) -> String {
        let words = self
            .last_words
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        words.iter().cloned().collect::<Vec<_>>().join("\n")
    }

    /// Ends the program and waits until it is gone.
    pub(crate) async fn stop(mut self) {
        drop(self.pipe.take());
        // The guard always ends: it has nothing left to wait for.
        let _ = self.guard.wait().await;
    }
}

/// Reads `output` to its end, so that the program never blocks on a full pipe.
fn listen(
    output: impl AsyncRead + Unpin + Send + 'static,
    lines: mpsc::UnboundedSender<String>,
    last_words: Arc<Mutex<VecDeque<String>>>,
) {
    tokio::spawn(async move {
        let mut reader = BufReader::new(output).lines();
        while let Ok(Some(line)) = reader.next_line().await {
            let mut words = last_words.lock().unwrap_or_else(PoisonError::into_inner);
            words.push_back(line.clone());
            if words.len() > LAST_WORDS {
                words.pop_front();
            }
            drop(words);
            let _ = lines.send(line);
        }
    });
}
