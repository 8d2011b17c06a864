//! `cargo tintype review --tty`: reviews one snapshot after the other in the
//! terminal.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;

use anyhow::{Result, bail};
use tintype::internals::model::{VisualTestResult, VisualTestRun};

use super::decide::decide;
use super::options::ReviewOptions;
use super::state::App;
use super::terminal_images::{draw, protocol};
use crate::decisions::{Decision, ExpectedBaseline};
use crate::images::{self, RunImage};
use crate::output::{self, print_line};
use crate::project::{Project, is_selected};
use crate::run_ids::LATEST;

/// A command that the user typed.
#[derive(Debug, PartialEq, Eq)]
enum TerminalCommand {
    Decide(Decision),
    Next,
    Back,
    Quit,
    Unknown,
}

impl TerminalCommand {
    fn read(line: &str) -> Self {
        match line.trim().to_ascii_lowercase().as_str() {
            "a" | "accept" => Self::Decide(Decision::Accept),
            "r" | "reject" => Self::Decide(Decision::Reject),
            "u" | "undo" => Self::Decide(Decision::Undo),
            "s" | "skip" | "" => Self::Next,
            "b" | "back" => Self::Back,
            "q" | "quit" => Self::Quit,
            _ => Self::Unknown,
        }
    }
}

/// Reviews all snapshots that need a decision.
pub(super) async fn review(app: &App, options: &ReviewOptions) -> Result<()> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        bail!(
            "--tty requires a terminal (help: use `cargo tintype accept [FILTER…]` or \
             `cargo tintype reject [FILTER…]`, or `cargo tintype review` for a page)"
        );
    }
    let wanted = options.run.as_deref().unwrap_or(LATEST);
    let run = app.source.run_id(wanted).await?;
    let (run, results) = app.source.run(&run).await?;
    let project = app.project()?;
    let open: Vec<_> = results
        .iter()
        .filter(|result| result.needs_decision())
        .filter(|result| is_selected(&result.story_identifier, &options.filters))
        .filter(|result| app.decisions.state(&project, result).is_none())
        .collect();
    print_line!("{}: {} to review", run.run_id, open.len());
    let (mut at, mut decided) = (0, 0);
    while let Some(result) = open.get(at) {
        show(&project, &run, result, at + 1, open.len());
        match prompt()? {
            TerminalCommand::Quit => break,
            TerminalCommand::Next => at += 1,
            TerminalCommand::Back => at = at.saturating_sub(1),
            TerminalCommand::Unknown => print_line!("enter a, r, s, b, u or q"),
            TerminalCommand::Decide(decision) => {
                let name = result.story_identifier.test_name();
                let expected = ExpectedBaseline::OfRun;
                match decide(app, "terminal", &run.run_id, decision, &name, expected).await {
                    Ok(warning) => {
                        print_line!(
                            "{}",
                            warning.unwrap_or_else(|| format!("{} {name}", decision.past()))
                        );
                        if decision != Decision::Undo {
                            decided += 1;
                            at += 1;
                        }
                    }
                    Err(error) => print_line!("failed to {} {name}: {error:#}", decision.as_str()),
                }
            }
        }
    }
    print_line!("reviewed {decided} of {}", open.len());
    Ok(())
}

fn prompt() -> Result<TerminalCommand> {
    let mut out = io::stdout();
    out.write_all(b"[a]ccept [r]eject [s]kip [b]ack [u]ndo [q]uit > ")?;
    out.flush()?;
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line)? == 0 {
        return Ok(TerminalCommand::Quit);
    }
    Ok(TerminalCommand::read(&line))
}

fn show(project: &Project, run: &VisualTestRun, result: &VisualTestResult, nth: usize, of: usize) {
    print_line!(
        "\n{nth}/{of}  {}  {}",
        result.status,
        result.story_identifier.test_name()
    );
    if let Some(message) = &result.message {
        print_line!("{message}");
    }
    for change in &result.environment_changed {
        let (what, was, now) = (&change.what, &change.baseline, &change.current);
        print_line!("{what}: {was} when accepted, now {now}");
    }
    let found = images_of(project, result);
    if let Some(protocol) = protocol(&project.config.variables) {
        let images = found.iter().map(|(kind, _, png)| (*kind, png.clone()));
        match draw(&images.collect::<Vec<_>>(), protocol) {
            Ok(()) => return,
            Err(error) => print_line!("failed to draw the images: {error:#}"),
        }
    }
    for (kind, path, _) in &found {
        output::print_link(kind, path);
    }
    print_line!("run       {}", run.run_id);
}

/// The images that exist, with their files, which are not read again: someone
/// could have replaced them since they were checked.
fn images_of(
    project: &Project,
    result: &VisualTestResult,
) -> Vec<(&'static str, PathBuf, Vec<u8>)> {
    let baseline = project.baseline(&result.story_identifier).ok();
    let baseline = baseline.and_then(|path| {
        let found = project.baselines().read(&path).ok()??;
        Some((path, found.bytes))
    });
    let find = |exists: bool, image| {
        let found = exists.then(|| images::verified(&project.manifest, result, image));
        found?.ok()
    };
    [
        ("baseline", baseline),
        ("current", find(result.current.is_some(), RunImage::Current)),
        ("diff", find(result.diff.is_some(), RunImage::Diff)),
    ]
    .into_iter()
    .filter_map(|(kind, found)| found.map(|(path, png)| (kind, path, png)))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::TerminalCommand;
    use crate::decisions::Decision;

    #[test]
    fn commands_are_letters_or_words() {
        assert_eq!(
            TerminalCommand::read("a\n"),
            TerminalCommand::Decide(Decision::Accept)
        );
        assert_eq!(
            TerminalCommand::read(" Reject \n"),
            TerminalCommand::Decide(Decision::Reject)
        );
        assert_eq!(TerminalCommand::read("\n"), TerminalCommand::Next);
        assert_eq!(TerminalCommand::read("yes\n"), TerminalCommand::Unknown);
    }
}
