//! Converts storycap's command in package.json, with reg-suit's tolerance.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Parser;
use serde_json::{Value, json};

use super::storybook::{BuiltStory, stories};
use super::suite::{DEFAULT_HEIGHT, ImportedSuite, delay, name_of};

/// The options of storycap that are converted, and those with a value that are not.
#[derive(Parser)]
#[command(disable_help_flag = true, disable_version_flag = true)]
struct StorycapOptions {
    url: Option<String>,
    #[arg(long, visible_alias = "serverCmd")]
    server_cmd: Option<String>,
    #[arg(
        short,
        long,
        visible_alias = "outDir",
        default_value = "__screenshots__"
    )]
    out_dir: PathBuf,
    #[arg(short = 'V', long)]
    viewport: Vec<String>,
    #[arg(long)]
    delay: Option<f64>,
    #[arg(short, long)]
    include: Vec<String>,
    #[arg(short, long)]
    exclude: Vec<String>,
    #[arg(long)]
    flat: bool,
    #[arg(allow_hyphen_values = true, num_args = 0.., trailing_var_arg = true)]
    others: Vec<String>,
}

pub(super) fn convert(suite: &mut ImportedSuite) -> Result<()> {
    let command = command(suite)?;
    for option in &command.others {
        suite.note(format!("the option {option} of storycap"));
    }
    let url = command.url.as_deref().unwrap_or("http://127.0.0.1:6006");
    let built = suite.relative("storybook-static");
    let is_built = suite.here.join(&built).is_dir();
    if is_built {
        suite.set("stories", "storybook", built.as_str());
        if command.server_cmd.is_some() {
            suite.note(format!("--serverCmd: the stories are read from {built}"));
        }
    } else {
        suite.set("stories", "storybook", url.trim_end_matches('/'));
        if let Some(server) = &command.server_cmd {
            suite.set("stories", "command", server.as_str());
        }
        suite.note("pictures: they are found by the titles of a built Storybook only");
    }
    for (key, patterns) in [("include", &command.include), ("exclude", &command.exclude)] {
        if !patterns.is_empty() {
            suite.set("stories", key, json!(patterns));
        }
    }
    // The whole page, as high as its content.
    suite.set("capture", "target", "page");
    if let Some(delay) = command.delay.and_then(|ms| delay(&json!(ms))) {
        suite.set("capture", "wait-for", delay);
    }
    tolerance(suite);
    let viewports = viewports(suite, &command.viewport);
    for story in stories(&suite.here.join(&built)) {
        for (name, size) in &viewports {
            let variant = (viewports.len() > 1).then_some(name.as_str());
            let file =
                suite
                    .folder
                    .join(&command.out_dir)
                    .join(file(&story, variant, command.flat));
            if !file.is_file() {
                suite.note(format!(
                    "{}: there is no picture {}",
                    story.id,
                    file.display()
                ));
            }
            suite.picture(file, &story.id, "light", size);
        }
    }
    Ok(())
}

/// The arguments of the script that runs storycap.
fn command(suite: &ImportedSuite) -> Result<StorycapOptions> {
    let path = suite.folder.join("package.json");
    let text =
        std::fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
    let package: Value = serde_json::from_slice(&text)
        .with_context(|| format!("failed to parse {}", path.display()))?;
    let scripts = package["scripts"]
        .as_object()
        .into_iter()
        .flat_map(serde_json::Map::values);
    let mut scripts = scripts.filter_map(Value::as_str).filter_map(words);
    let words = scripts.find_map(|words| {
        let at = words.iter().position(|word| word == "storycap")?;
        let end = words[at..]
            .iter()
            .position(|word| ["&&", "||", ";", "|"].contains(&word.as_str()));
        Some(words[at..end.map_or(words.len(), |end| at + end)].to_vec())
    });
    let Some(words) = words else {
        bail!("no script in {} runs storycap", path.display());
    };
    StorycapOptions::try_parse_from(words.iter().map(|word| kebab(word)))
        .map_err(|error| anyhow::anyhow!("failed to read the options of storycap: {error}"))
}

/// `--serverCmd` as `--server-cmd`; other words stay.
fn kebab(word: &str) -> String {
    match word.strip_prefix("--") {
        Some("serverCmd") => "--server-cmd".to_owned(),
        Some("outDir") => "--out-dir".to_owned(),
        _ => word.to_owned(),
    }
}

/// The words of a shell command with quotes. Nothing is expanded.
fn words(script: &str) -> Option<Vec<String>> {
    let mut words = vec![String::new()];
    let mut quote = None;
    let mut characters = script.chars();
    while let Some(c) = characters.next() {
        match (c, quote) {
            ('\\', None | Some('"')) => words.last_mut()?.push(characters.next()?),
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => quote = Some(c),
            (c, None) if c.is_whitespace() => words.push(String::new()),
            (c, _) => words.last_mut()?.push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    Some(words)
}

/// The viewports by name; storycap's own is 800x600.
fn viewports(suite: &mut ImportedSuite, given: &[String]) -> Vec<(String, String)> {
    let given = if given.is_empty() {
        vec!["800x600".to_owned()]
    } else {
        given.to_vec()
    };
    let mut viewports = Vec::new();
    for text in given {
        let (width, height) = match text.split_once('x') {
            Some((width, height)) => (width.parse::<u64>(), height.parse::<u64>()),
            None => (text.parse::<u64>(), Ok(DEFAULT_HEIGHT)),
        };
        let (Ok(width), Ok(height)) = (width, height) else {
            suite.note(format!(
                "the viewport {text} is a device (help: write its size)"
            ));
            continue;
        };
        suite.set(
            "viewports",
            &name_of(&text),
            json!({ "width": width, "height": height }),
        );
        viewports.push((text, format!("{width}x{height}")));
    }
    viewports
}

fn tolerance(suite: &mut ImportedSuite) {
    for (key, value) in [
        ("metric", json!("yiq")),
        ("threshold", json!(0.0)),
        ("antialiasing", json!("count")),
    ] {
        suite.set("compare", key, value);
    }
    let text = std::fs::read(suite.folder.join("regconfig.json")).unwrap_or_default();
    let config: Value = serde_json::from_slice(&text).unwrap_or_default();
    let core = &config["core"];
    for (theirs, ours) in [
        ("matchingThreshold", "threshold"),
        ("thresholdRate", "max-diff-ratio"),
        ("thresholdPixel", "max-diff-pixels"),
    ] {
        if core[theirs].as_f64().is_some_and(|value| value > 0.0) {
            suite.set("compare", ours, core[theirs].clone());
        }
    }
    if core["enableAntialias"] == true {
        suite.set("compare", "antialiasing", "ignore");
    }
    let plugins = config["plugins"]
        .as_object()
        .into_iter()
        .flat_map(serde_json::Map::keys);
    for plugin in plugins.cloned().collect::<Vec<_>>() {
        suite.note(format!(
            "{plugin} (help: see the artifact store, and the files for CI)"
        ));
    }
}

/// The path of a picture below the folder of screenshots.
fn file(story: &BuiltStory, variant: Option<&str>, flat: bool) -> PathBuf {
    let name = match variant {
        Some(variant) => format!("{}_{variant}.png", story.name),
        None => format!("{}.png", story.name),
    };
    match flat {
        true => PathBuf::from(format!("{}_{name}", story.title.replace('/', "_"))),
        false => PathBuf::from(&story.title).join(name),
    }
}
