//! Runs other commands of `cargo tintype`, whose output must not mix with the
//! protocol on standard output.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

/// The longest output that is passed on, in bytes.
const MAX_OUTPUT: usize = 40_000;

/// Runs commands for the manifest of the server.
#[derive(Clone, Debug)]
pub(super) struct CommandRunner {
    program: PathBuf,
    manifest: PathBuf,
}

/// What a command has printed.
pub(super) struct Printed {
    pub(super) success: bool,
    pub(super) out: String,
    pub(super) err: String,
}

impl CommandRunner {
    pub(super) fn new(manifest: &Path) -> Result<Self> {
        Ok(Self {
            program: std::env::current_exe().context("failed to find this program")?,
            manifest: manifest.to_owned(),
        })
    }

    pub(super) async fn run(&self, arguments: &[&str]) -> Result<Printed> {
        let mut command = Command::new(&self.program);
        command.arg("--manifest").arg(&self.manifest);
        let command = command.args(arguments).stdin(Stdio::null());
        // A tool that the client cancels ends its command.
        let output = command.kill_on_drop(true).output().await?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Printed {
            success: output.status.success(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        })
    }

    /// The JSON that a command prints.
    pub(super) async fn json(&self, arguments: &[&str]) -> Result<serde_json::Value> {
        let Printed { out, err, success } = self.run(arguments).await?;
        if !success && out.trim().is_empty() {
            bail!("{}", err.trim());
        }
        serde_json::from_str(&out).with_context(|| err.trim().to_owned())
    }
}

/// The end of a long output, which has its verdict.
pub(super) fn bounded(text: &str) -> String {
    let Some(surplus) = text.len().checked_sub(MAX_OUTPUT).filter(|more| *more > 0) else {
        return text.to_owned();
    };
    let mut from = surplus;
    while !text.is_char_boundary(from) {
        from += 1;
    }
    format!("[{from} bytes left out]\n{}", &text[from..])
}

#[cfg(test)]
mod tests {
    use super::{MAX_OUTPUT, bounded};

    #[test]
    fn the_end_of_a_long_text_is_kept() {
        assert_eq!(bounded("short"), "short");
        let long = format!("{}end", "é".repeat(MAX_OUTPUT));
        let bounded = bounded(&long);
        assert!(bounded.ends_with("éend") && bounded.starts_with('['));
        assert!(bounded.len() < MAX_OUTPUT + 50, "{}", bounded.len());
    }
}
