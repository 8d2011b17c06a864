//! Pauses, resumes and cancels a shared run by keys.

use std::cell::RefCell;
use std::io::{self, BufRead as _, IsTerminal as _};

use tintype::internals::model::RunId;
use tintype::internals::record::{Records, WorkerCommand};
use tokio::sync::mpsc::{Receiver, channel};

use super::view::WatchView;
use crate::output::print_error;
use crate::progress;
use crate::record_access::record_error;

/// What a line from the user asks for.
#[derive(Debug, PartialEq, Eq)]
enum TypedCommand {
    Send(WorkerCommand),
    /// Cancelling needs a confirmation.
    AskToCancel,
    Nothing,
    Unknown,
}

/// Understands a line; `asked` if the user was asked whether to cancel.
fn understand(line: &str, asked: bool) -> TypedCommand {
    match (line.trim().to_ascii_lowercase().as_str(), asked) {
        ("y" | "yes", true) => TypedCommand::Send(WorkerCommand::Cancel),
        ("" | "n" | "no", _) => TypedCommand::Nothing,
        ("p" | "pause", _) => TypedCommand::Send(WorkerCommand::Pause),
        ("r" | "resume", _) => TypedCommand::Send(WorkerCommand::Resume),
        ("c" | "cancel", _) => TypedCommand::AskToCancel,
        _ => TypedCommand::Unknown,
    }
}

/// Obeys the lines that the user types in a terminal. Never returns.
pub(super) async fn obey(records: &Records, id: &RunId, view: &RefCell<WatchView>, json: bool) {
    if json || !io::stdin().is_terminal() || !progress::is_shown() {
        return std::future::pending().await;
    }
    let print = |text: &str| view.borrow().above(|| print_error!("{text}"));
    let (mut lines, mut asked) = (typed_lines(), false);
    while let Some(line) = lines.recv().await {
        let command = understand(&line, asked);
        asked = false;
        match command {
            TypedCommand::Nothing => {}
            TypedCommand::Unknown => print("enter p to pause, r to resume, or c to cancel"),
            TypedCommand::AskToCancel => {
                asked = true;
                print("cancel the run on all workers? enter y to confirm");
            }
            TypedCommand::Send(command) => match records.command_all(id, command).await {
                Ok(workers) if workers.is_empty() => {
                    print("the run has no workers that take commands (help: set TINTYPE_SHARE=on)");
                }
                Ok(workers) => print(&format!(
                    "sent {} to {}",
                    command.as_str(),
                    workers.join(", ")
                )),
                Err(error) => print(&format!("{:#}", record_error(error))),
            },
        }
    }
    std::future::pending::<()>().await;
}

/// The lines of standard input. The thread ends with the process: a read cannot
/// be interrupted.
fn typed_lines() -> Receiver<String> {
    let (sender, receiver) = channel(8);
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::{TypedCommand, WorkerCommand, understand};

    #[test]
    fn cancelling_needs_a_confirmation() {
        assert_eq!(understand("c", false), TypedCommand::AskToCancel);
        assert_eq!(understand("y", false), TypedCommand::Unknown);
        let cancel = TypedCommand::Send(WorkerCommand::Cancel);
        assert_eq!(understand("y\n", true), cancel);
        assert_eq!(understand("", true), TypedCommand::Nothing);
        let pause = TypedCommand::Send(WorkerCommand::Pause);
        assert_eq!(understand(" P ", false), pause);
    }
}
