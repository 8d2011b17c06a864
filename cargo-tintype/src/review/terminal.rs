//! `cargo tintype review --tty`: one snapshot after the other, in the terminal.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use image::{DynamicImage, Rgba, RgbaImage, imageops};
use tintype::config::Variables;
use tintype::model::{RunId, VisualTestResult, VisualTestRun};

use super::api::{decision, waits};
use super::{App, ReviewOptions};
use crate::decisions::log::Decision;
use crate::images;
use crate::project::{Project, is_meant};

/// Pixels between pictures that stand side by side.
const GAP: u32 = 16;

/// What somebody answered.
#[derive(Debug, PartialEq, Eq)]
enum TerminalCommand {
    Decide(Decision),
    Next,
    Back,
    Quit,
    Unclear,
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
            _ => Self::Unclear,
        }
    }
}

/// Goes through what waits for a decision.
pub(super) async fn review(app: &App, options: &ReviewOptions) -> Result<()> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        bail!(
            "there is no terminal to ask in: `cargo tintype accept [FILTER…]` accepts, \
             `cargo tintype reject [FILTER…]` rejects, `cargo tintype review` opens a page"
        );
    }
    let (run, results) = app.source.run(&chosen(app, options).await?).await?;
    let project = app.project()?;
    let open: Vec<_> = results
        .iter()
        .filter(|result| waits(result) && is_meant(&result.story_identifier, &options.filters))
        .filter(|result| decision(app, &project, result).is_none())
        .collect();
    println!("{}: {} to decide on", run.run_id, open.len());
    let (mut at, mut decided) = (0, 0);
    while let Some(result) = open.get(at) {
        show(&project, &run, result, at + 1, open.len());
        match ask()? {
            TerminalCommand::Quit => break,
            TerminalCommand::Next => at += 1,
            TerminalCommand::Back => at = at.saturating_sub(1),
            TerminalCommand::Unclear => println!("a, r, s, b, u or q, then Enter"),
            TerminalCommand::Decide(decision) => {
                let name = result.story_identifier.test_name();
                match app
                    .apply("terminal", &run.run_id, decision, &name, None)
                    .await
                {
                    Ok(warning) => {
                        println!("{}", warning.unwrap_or_else(|| said(decision, &name)));
                        if decision != Decision::Undo {
                            decided += 1;
                            at += 1;
                        }
                    }
                    Err(error) => println!("failed: {error:#}"),
                }
            }
        }
    }
    println!("decided on {decided} of {}", open.len());
    Ok(())
}

/// The run that is meant, or the newest one.
async fn chosen(app: &App, options: &ReviewOptions) -> Result<RunId> {
    if let Some(id) = &options.run {
        return Ok(RunId(id.clone()));
    }
    let newest = app.source.runs().await.runs.into_iter().next();
    let newest = newest.context("there is no run yet: run the tests first")?;
    Ok(newest.run_id)
}

fn said(decision: Decision, name: &str) -> String {
    match decision {
        Decision::Accept => format!("accepted {name}"),
        Decision::Reject => format!("rejected {name}"),
        Decision::Undo => format!("took back {name}"),
    }
}

fn ask() -> Result<TerminalCommand> {
    print!("[a]ccept [r]eject [s]kip [b]ack [u]ndo [q]uit > ");
    io::stdout().flush()?;
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line)? == 0 {
        return Ok(TerminalCommand::Quit);
    }
    Ok(TerminalCommand::read(&line))
}

fn show(project: &Project, run: &VisualTestRun, result: &VisualTestResult, nth: usize, of: usize) {
    println!(
        "\n{nth}/{of}  {}  {}",
        result.status,
        result.story_identifier.test_name()
    );
    if let Some(message) = &result.message {
        println!("{}", plain(message));
    }
    for change in &result.environment_changed {
        let (what, was, now) = (&change.what, &change.baseline, &change.current);
        println!("{what}: {was} when accepted, now {now}");
    }
    let pictures = pictures(project, result);
    if let Some(protocol) = protocol(&project.config.variables) {
        match draw(&pictures, protocol) {
            Ok(()) => return,
            Err(error) => println!("failed to draw the pictures: {error:#}"),
        }
    }
    for (kind, path) in &pictures {
        println!("{kind:<9} {}", link(path));
    }
    println!("run       {}", run.run_id);
}

/// Text of a page or a record, without what a terminal would obey.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control() || *c == '\n')
        .collect()
}

/// The pictures that there are, each in its file.
fn pictures(project: &Project, result: &VisualTestResult) -> Vec<(&'static str, PathBuf)> {
    let baseline = project.baseline(&result.story_identifier).ok();
    let find = |path: &Option<String>| images::find(&project.manifest, path.as_deref()?).ok();
    [
        ("baseline", baseline.filter(|path| path.is_file())),
        ("current", find(&result.current)),
        ("diff", find(&result.diff)),
    ]
    .into_iter()
    .filter_map(|(kind, path)| Some((kind, path?)))
    .collect()
}

/// How a terminal takes pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ImageProtocol {
    Kitty,
    Iterm,
    Sixel,
}

/// The protocol of this terminal, by the names it goes by. It is not asked: one
/// that does not answer would keep us waiting, and one that does may answer
/// into the next question. Coloured blocks would not help anybody.
fn protocol(variables: &Variables) -> Option<ImageProtocol> {
    let term = variables.text("TERM").unwrap_or_default();
    let program = variables.text("TERM_PROGRAM").unwrap_or_default();
    let is = |names: &[&str]| {
        names
            .iter()
            .any(|name| term.contains(name) || program == *name)
    };
    if is(&["kitty", "ghostty"]) {
        Some(ImageProtocol::Kitty)
    } else if is(&["iTerm.app", "WezTerm"]) {
        Some(ImageProtocol::Iterm)
    } else if is(&["sixel", "foot", "mlterm"]) {
        Some(ImageProtocol::Sixel)
    } else {
        None
    }
}

/// Draws pictures side by side.
fn draw(pictures: &[(&'static str, PathBuf)], protocol: ImageProtocol) -> Result<()> {
    let mut decoded = Vec::new();
    for (_, path) in pictures {
        let bytes = images::read(path)?;
        let image = image::load_from_memory(&bytes);
        let image = image.with_context(|| format!("failed to decode {}", path.display()))?;
        decoded.push(image.into_rgba8());
    }
    let config = viuer::Config {
        absolute_offset: false,
        use_kitty: protocol == ImageProtocol::Kitty,
        use_iterm: protocol == ImageProtocol::Iterm,
        use_sixel: protocol == ImageProtocol::Sixel,
        ..viuer::Config::default()
    };
    viuer::print(&DynamicImage::ImageRgba8(strip(&decoded)), &config)?;
    let kinds: Vec<_> = pictures.iter().map(|(kind, _)| *kind).collect();
    println!("{}", kinds.join(" | "));
    Ok(())
}

/// Pictures next to each other, on nothing.
fn strip(pictures: &[RgbaImage]) -> RgbaImage {
    let gaps = u32::try_from(pictures.len().saturating_sub(1)).unwrap_or(0) * GAP;
    let width = pictures.iter().map(RgbaImage::width).sum::<u32>() + gaps;
    let height = pictures.iter().map(RgbaImage::height).max().unwrap_or(0);
    let mut strip = RgbaImage::from_pixel(width.max(1), height.max(1), Rgba([0; 4]));
    let mut left = 0;
    for picture in pictures {
        imageops::replace(&mut strip, picture, i64::from(left), 0);
        left += picture.width() + GAP;
    }
    strip
}

/// A file as a link, for terminals that know links; as its path for others.
fn link(path: &std::path::Path) -> String {
    let shown = path.display();
    let address: String = shown
        .to_string()
        .bytes()
        .map(|byte| match byte {
            b'/' | b'.' | b'-' | b'_' | b'~' => char::from(byte).to_string(),
            _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    format!("\u{1b}]8;;file://{address}\u{1b}\\{shown}\u{1b}]8;;\u{1b}\\")
}

#[cfg(test)]
mod tests {
    use super::{ImageProtocol, TerminalCommand, Variables, link, plain, protocol, strip};
    use crate::decisions::log::Decision;
    use image::{Rgba, RgbaImage};

    #[test]
    fn letters_and_words_are_understood() {
        assert_eq!(
            TerminalCommand::read("a\n"),
            TerminalCommand::Decide(Decision::Accept)
        );
        assert_eq!(
            TerminalCommand::read(" Reject \n"),
            TerminalCommand::Decide(Decision::Reject)
        );
        assert_eq!(TerminalCommand::read("\n"), TerminalCommand::Next);
        assert_eq!(TerminalCommand::read("yes\n"), TerminalCommand::Unclear);
    }

    #[test]
    fn a_terminal_is_known_by_its_name() {
        let named = |term: &'static str, program: &'static str| {
            protocol(&Variables::from([
                ("TERM", term),
                ("TERM_PROGRAM", program),
            ]))
        };
        assert_eq!(named("xterm-kitty", ""), Some(ImageProtocol::Kitty));
        assert_eq!(
            named("xterm-256color", "iTerm.app"),
            Some(ImageProtocol::Iterm)
        );
        assert_eq!(named("foot", ""), Some(ImageProtocol::Sixel));
        assert_eq!(named("xterm-256color", "Apple_Terminal"), None);
        assert_eq!(protocol(&Variables::default()), None);
    }

    #[test]
    fn a_message_cannot_command_the_terminal() {
        assert_eq!(plain("a\u{1b}]0;owned\u{7}b\r\nc"), "a]0;ownedb\nc");
    }

    #[test]
    fn a_link_holds_no_spaces() {
        let text = link(std::path::Path::new("/a b/c.png"));
        assert!(
            text.contains("file:///a%20b/c.png") && text.contains("/a b/c.png"),
            "{text}"
        );
    }

    #[test]
    fn pictures_stand_side_by_side() {
        let (red, blue) = (Rgba([255, 0, 0, 255]), Rgba([0, 0, 255, 255]));
        let strip = strip(&[
            RgbaImage::from_pixel(3, 2, red),
            RgbaImage::from_pixel(2, 5, blue),
        ]);
        assert_eq!(strip.dimensions(), (3 + super::GAP + 2, 5));
        assert_eq!(*strip.get_pixel(2, 1), red);
        assert_eq!(*strip.get_pixel(2, 4), Rgba([0; 4]));
        assert_eq!(*strip.get_pixel(3 + super::GAP, 4), blue);
    }
}
