//! `cargo tintype completions` and `cargo tintype man`

use std::fs;
use std::io;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Command;
use clap_complete::Shell;

/// Print a completion script for a shell
#[derive(clap::Args)]
pub(crate) struct CompletionsOptions {
    /// The shell
    shell: Shell,
}

/// Print the man page, or write one for each command
#[derive(clap::Args)]
pub(crate) struct ManOptions {
    /// Write a page for each command into this folder instead
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(crate) fn completions(command: &mut Command, options: &CompletionsOptions) {
    clap_complete::generate(
        options.shell,
        command,
        "cargo-tintype",
        &mut io::stdout().lock(),
    );
}

pub(crate) fn man(command: Command, options: &ManOptions) -> Result<()> {
    match &options.dir {
        None => clap_mangen::Man::new(command)
            .render(&mut io::stdout().lock())
            .context("failed to print the man page"),
        Some(dir) => {
            let context = || format!("failed to write man pages to {}", dir.display());
            fs::create_dir_all(dir).with_context(context)?;
            clap_mangen::generate_to(command, dir).with_context(context)
        }
    }
}
