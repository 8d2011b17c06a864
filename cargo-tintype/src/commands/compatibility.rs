//! `cargo tintype compatibility`

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use serde::Serialize;
use tintype::internals::baseline::split_digest;
use tintype::internals::config::Config;
use tintype::internals::explain::{PageCompatibility, StructuralKind, compare_engines};
use tintype::internals::model::{Status, StoryIdentifier, VisualTestResult};
use tintype::internals::report::plural;
use tintype::settings::BrowserName;

use crate::images;
use crate::output::{self, print_line};
use crate::project::Project;
use crate::run_files::{self, OpenedRun};
use crate::run_ids::LATEST;

/// The most pages, and differences of a page, that are listed.
const MAX_LISTED: usize = 5;

/// Compare how the engines of a run lay out the same stories
///
/// The first engine in `names` of `[browser]` is the reference. Elements, their texts,
/// sizes and places are compared, not pixels. Needs layout digests: of the images that
/// the run captured, or of the baselines that they equal.
#[derive(clap::Args)]
pub(crate) struct CompatibilityOptions {
    /// Id of the run, a unique prefix of it, or `latest`
    #[arg(value_name = "RUN", default_value = LATEST)]
    run: String,

    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// How alike an engine and the reference engine show the stories of a run.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct EngineScore {
    engine: String,
    /// The share of elements that both show alike; absent without any.
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    elements: usize,
    alike: usize,
    kinds: BTreeMap<StructuralKind, usize>,
    pages: Vec<ComparedPage>,
    /// Snapshots that could not be compared, with the reason.
    not_compared: Vec<NotCompared>,
}

/// A snapshot of both engines.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ComparedPage {
    name: String,
    #[serde(flatten)]
    found: PageCompatibility,
}

#[derive(Serialize)]
struct NotCompared {
    name: String,
    reason: String,
}

pub(crate) fn run(config: &Config, options: &CompatibilityOptions) -> Result<()> {
    let project = Project::open(config)?;
    let OpenedRun { file, .. } = run_files::open(&project.manifest, Some(&options.run))?;
    let reference = project.manifest.browser.names.first().copied();
    let reference = reference.unwrap_or(BrowserName::Chromium);
    let engines = scores(&project, &file.results, reference);
    let run = &file.run.run_id;
    if engines.is_empty() {
        bail!(
            "{run} has no story in two engines (help: name several in `names` of [browser], and \
             run the tests)"
        );
    }
    if options.json {
        return output::print_json(&serde_json::json!({
            "run": run,
            "reference": reference.as_str(),
            "engines": engines,
        }));
    }
    print_line!("{run}: compared with {}", reference.as_str());
    print_line!("");
    table(&engines);
    engines.iter().for_each(details);
    Ok(())
}

/// The score of each engine but the reference.
fn scores(
    project: &Project,
    results: &[VisualTestResult],
    reference: BrowserName,
) -> Vec<EngineScore> {
    let mut places: BTreeMap<String, Vec<(BrowserName, &VisualTestResult)>> = BTreeMap::new();
    for result in results {
        let (place, engine) = place_of(&result.story_identifier);
        let engine = engine.unwrap_or(reference);
        places.entry(place).or_default().push((engine, result));
    }
    let mut scores: BTreeMap<&'static str, EngineScore> = BTreeMap::new();
    for shown in places.values() {
        let Some((_, first)) = shown.iter().find(|(engine, _)| *engine == reference) else {
            continue;
        };
        for (engine, other) in shown.iter().filter(|(engine, _)| *engine != reference) {
            let score = scores.entry(engine.as_str()).or_default();
            engine.as_str().clone_into(&mut score.engine);
            let name = other.story_identifier.test_name();
            match compare(project, first, other) {
                Ok(found) => score.add(ComparedPage { name, found }),
                Err(reason) => score.not_compared.push(NotCompared { name, reason }),
            }
        }
    }
    scores.into_values().collect()
}

impl EngineScore {
    fn add(&mut self, page: ComparedPage) {
        self.elements += page.found.elements;
        self.alike += page.found.alike;
        for (kind, count) in &page.found.kinds {
            *self.kinds.entry(*kind).or_default() += count;
        }
        #[expect(clippy::cast_precision_loss, reason = "pages have few elements")]
        let score = self.alike as f64 / self.elements.max(1) as f64;
        self.score = Some((score * 10_000.0).round() / 10_000.0);
        self.pages.push(page);
    }
}

/// What the snapshots of several engines have in common, and the engine that the
/// story id names.
fn place_of(story: &StoryIdentifier) -> (String, Option<BrowserName>) {
    let mut engine = None;
    let mut parts = Vec::new();
    for part in story.story_id.split('@') {
        match BrowserName::parse(part).filter(|_| !parts.is_empty()) {
            Some(named) => engine = Some(named),
            None => parts.push(part),
        }
    }
    let place = format!("{}::{}::{}", parts.join("@"), story.theme, story.viewport);
    (place, engine)
}

fn compare(
    project: &Project,
    reference: &VisualTestResult,
    other: &VisualTestResult,
) -> Result<PageCompatibility, String> {
    let digests = [reference, other].map(|result| {
        digest(project, result).map_err(|reason| {
            let name = result.story_identifier.test_name();
            format!("{name}: {reason}")
        })
    });
    let [reference, other] = digests;
    let found = compare_engines(&reference?, &other?);
    found.ok_or_else(|| "a layout digest is damaged".to_owned())
}

/// The layout digest of what a snapshot showed: of its current image, otherwise of
/// the baseline that it equals.
fn digest(project: &Project, result: &VisualTestResult) -> Result<Vec<u8>, String> {
    const NONE: &str = "no layout digest";
    if result.shows_trouble() {
        return Err("it was not captured".to_owned());
    }
    if result.current.is_some() {
        let file = images::current(&project.manifest, result);
        let file = file.map_err(|error| format!("{error:#}"))?;
        let split = split_digest(&file).ok_or("its current image is damaged")?;
        return split.1.ok_or_else(|| NONE.to_owned());
    }
    if result.status != Status::Passed && result.over_budget.is_empty() {
        return Err("it was not captured".to_owned());
    }
    let path = project.baseline(&result.story_identifier);
    let path = path.map_err(|error| format!("{error:#}"))?;
    let baseline = project.baselines().read(&path);
    let baseline = baseline.map_err(|error| error.to_string())?;
    let baseline = baseline.ok_or("its baseline is missing")?;
    let compared = result
        .sha256
        .as_ref()
        .and_then(|hashes| hashes.baseline.as_ref());
    if compared.is_some_and(|hash| *hash != baseline.file_sha256) {
        return Err("its baseline has changed since".to_owned());
    }
    baseline.digest.ok_or_else(|| NONE.to_owned())
}

const KINDS: [StructuralKind; 5] = [
    StructuralKind::Missing,
    StructuralKind::Added,
    StructuralKind::Text,
    StructuralKind::Size,
    StructuralKind::Place,
];

fn table(engines: &[EngineScore]) {
    let kinds = KINDS.map(|kind| format!("{:>8}", kind.as_str())).concat();
    print_line!(
        "{:<10}{:>8}{:>9}{:>10}{kinds}",
        "engine",
        "score",
        "pages",
        "elements"
    );
    for engine in engines {
        let score = engine
            .score
            .map_or("-".to_owned(), |score| format!("{:.1} %", score * 100.0));
        let counts = KINDS.map(|kind| format!("{:>8}", engine.kinds.get(&kind).unwrap_or(&0)));
        print_line!(
            "{:<10}{score:>8}{:>9}{:>10}{}",
            engine.engine,
            engine.pages.len(),
            engine.elements,
            counts.concat()
        );
    }
}

/// The pages of an engine that differ most.
fn details(engine: &EngineScore) {
    let mut pages: Vec<_> = engine.pages.iter().collect();
    pages.retain(|page| page.found.alike < page.found.elements);
    pages.sort_by_key(|page| std::cmp::Reverse(page.found.elements - page.found.alike));
    for page in pages.iter().take(MAX_LISTED) {
        let found = &page.found;
        let differing = found.elements - found.alike;
        print_line!("");
        print_line!(
            "{}: {differing} of {}",
            page.name,
            plural(found.elements as u64, "element")
        );
        for difference in found.differences.iter().take(MAX_LISTED) {
            let change = match (&difference.reference, &difference.found) {
                (Some(reference), Some(found)) => format!(": {reference} → {found}"),
                _ => String::new(),
            };
            print_line!(
                "  {:<8}{}{change}",
                difference.kind.as_str(),
                difference.selector
            );
        }
        if let Some(more @ 1..) = differing.checked_sub(MAX_LISTED) {
            print_line!("  and {more} more");
        }
    }
    if let Some(more @ 1..) = pages.len().checked_sub(MAX_LISTED) {
        print_line!("");
        print_line!(
            "and {} more of {}",
            plural(more as u64, "page"),
            engine.engine
        );
    }
    if let Some(first) = engine.not_compared.first() {
        let count = engine.not_compared.len() as u64;
        print_line!("");
        print_line!(
            "{} of {} not compared: {}",
            plural(count, "snapshot"),
            engine.engine,
            first.reason
        );
    }
}
