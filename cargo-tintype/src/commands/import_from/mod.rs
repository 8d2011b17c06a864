//! `cargo tintype import-from`: converts the suite of another tool.
//!
//! # Layout
//! - `suite`: the converted suite, and values that converters share.
//! - `node`: evaluates configurations and tests in Node.js, with `record.mjs`.
//! - `backstop`, `jest_image_snapshot`, `loki`, `lost_pixel`, `playwright`,
//!   `storycap`: convert the suite of one tool each; `backstop_pictures`,
//!   `playwright_pictures`: find its pictures.
//! - `shots`: converts screenshots that recorded tests take.
//! - `storybook`: stories of a built Storybook, by id and title.
//! - `manifest`: writes the manifest.
//! - `pictures`: copies the other tool's pictures to baselines.

mod backstop;
mod backstop_pictures;
mod jest_image_snapshot;
mod loki;
mod lost_pixel;
mod manifest;
mod node;
mod pictures;
mod playwright;
mod playwright_pictures;
mod shots;
mod storybook;
mod storycap;
mod suite;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde_json::json;
use tintype::internals::config::Config;

use crate::output::{self, print_line};
use pictures::CopyMode;
use suite::ImportedSuite;

/// Convert configuration and baselines of another tool
///
/// Writes stories.toml and baselines/ into the current folder, and lists what could
/// not be converted. Configurations and tests that are code are run in Node.js, with a
/// page that only records its calls: run this for projects that you trust.
#[derive(clap::Args)]
pub(crate) struct ImportFromOptions {
    /// The other tool
    tool: Tool,

    /// Folder of the other tool's project, with its package.json
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// Replace an existing stories.toml and existing baselines
    #[arg(long)]
    force: bool,

    /// List what would be converted, without writing anything
    #[arg(long)]
    dry_run: bool,

    /// Print JSON instead of lines
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Tool {
    Playwright,
    Backstop,
    Loki,
    LostPixel,
    Storycap,
    JestImageSnapshot,
}

pub(crate) fn run(config: &Config, options: &ImportFromOptions) -> Result<()> {
    let shown = options.folder.display();
    let folder = std::fs::canonicalize(&options.folder);
    let folder = folder.with_context(|| format!("failed to find {shown}"))?;
    if !folder.is_dir() {
        bail!("{shown} is not a folder");
    }
    let here = std::env::current_dir().and_then(std::fs::canonicalize);
    let here = here.context("failed to determine the current folder")?;
    let mut suite = ImportedSuite::new(folder, here);
    match options.tool {
        Tool::Playwright => playwright::convert(&mut suite)?,
        Tool::Backstop => backstop::convert(&mut suite)?,
        Tool::Loki => loki::convert(&mut suite)?,
        Tool::LostPixel => lost_pixel::convert(&mut suite)?,
        Tool::Storycap => storycap::convert(&mut suite)?,
        Tool::JestImageSnapshot => jest_image_snapshot::convert(&mut suite)?,
    }
    if suite.has_masks() {
        suite.note("masks have another colour here, so that pictures with one differ once");
    }
    let manifest = suite.here.join("stories.toml");
    if manifest.exists() && !options.force && !options.dry_run {
        bail!("stories.toml exists (help: use --force to replace it)");
    }
    let text = manifest::text(&suite);
    let converted = manifest::check(&manifest, &text, config)?;
    let mode = CopyMode {
        force: options.force,
        dry_run: options.dry_run,
    };
    let copied = pictures::copy(&mut suite, &converted, mode)?;
    if !options.dry_run {
        tintype::internals::files::replace_durably(&manifest, text.as_bytes())
            .with_context(|| format!("failed to write {}", manifest.display()))?;
    }
    let stories = suite.stories.len();
    if options.json {
        let json = json!({
            "written": !options.dry_run,
            "stories": stories,
            "baselines": copied,
            "notConverted": suite.notes,
        });
        return output::print_json(&json);
    }
    let verb = if options.dry_run {
        "would write"
    } else {
        "wrote"
    };
    let entries = match stories {
        0 => String::new(),
        1 => " with 1 story".to_owned(),
        count => format!(" with {count} stories"),
    };
    let baselines = match copied {
        1 => "1 baseline".to_owned(),
        count => format!("{count} baselines"),
    };
    print_line!("{verb} stories.toml{entries} and {baselines}");
    if !suite.notes.is_empty() {
        print_line!("\nnot converted:");
        suite.notes.iter().for_each(|note| print_line!("- {note}"));
    }
    print_line!("\nNext: `cargo tintype init` adds the test target; then run it and review.");
    Ok(())
}
