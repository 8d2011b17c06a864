//! `cargo tintype accept`

use anyhow::{Context, Result, bail};
use tintype::baseline;
use tintype::config::Config;
use tintype::model::{RunFile, RunId, Status, StoryIdentifier, VisualTestResult};

use crate::images;
use crate::project::{Project, is_meant};
use crate::record_access::{RecordAccess, tell_accepted};
use crate::run_files;

/// Make current images of a run the baselines
#[derive(clap::Args)]
pub(crate) struct AcceptOptions {
    /// Only snapshots whose name contains one of these texts
    filters: Vec<String>,

    /// The run; otherwise the newest one
    #[arg(long, value_name = "ID")]
    run: Option<String>,

    /// Also accept what differs within tolerance
    #[arg(long)]
    changed: bool,

    /// Accept even where the baseline has changed since the run
    #[arg(long)]
    force: bool,

    /// Only say what would be accepted
    #[arg(long)]
    dry_run: bool,
}

/// What became of one image.
enum Outcome {
    Accepted,
    Already,
}

pub(crate) fn run(config: &Config, options: &AcceptOptions) -> Result<()> {
    let project = Project::open(config)?;
    let file = run_files::open(&project.manifest, options.run.as_deref())?;
    let meant = choose(&file, options);
    if meant.is_empty() {
        return nothing(&file, options);
    }
    let (mut accepted, mut already, mut failed) = (Vec::new(), 0, 0);
    for result in &meant {
        let name = result.story_identifier.test_name();
        match accept(&project, &file, result, options) {
            Ok(Outcome::Accepted) => {
                println!(
                    "{} {name}",
                    if options.dry_run {
                        "would accept"
                    } else {
                        "accepted"
                    }
                );
                accepted.push(&result.story_identifier);
            }
            Ok(Outcome::Already) => already += 1,
            Err(error) => {
                eprintln!("error: failed to accept {name}: {error:#}");
                failed += 1;
            }
        }
    }
    let of = format!("of {} from {}", meant.len(), file.run.run_id);
    let verb = if options.dry_run {
        "would accept"
    } else {
        "accepted"
    };
    let count = accepted.len();
    println!("{verb} {count} {of}; {already} accepted before; {failed} failed");
    if !options.dry_run && count > 0 {
        tell(project, &file.run.run_id, &accepted);
    }
    if failed > 0 {
        bail!(
            "{failed} of {} snapshots could not be accepted",
            meant.len()
        );
    }
    Ok(())
}

/// Tells the record. One that cannot be reached is a warning.
fn tell(project: Project, run: &RunId, accepted: &[&StoryIdentifier]) {
    let told = RecordAccess::of(project).and_then(|record| {
        for story in accepted {
            record.wait(tell_accepted(&record.records, run, story))?;
        }
        Ok(())
    });
    if let Err(error) = told {
        eprintln!("warning: accepted, but {error:#}");
    }
}

/// The results that are for a person to decide on.
fn choose<'a>(file: &'a RunFile, options: &AcceptOptions) -> Vec<&'a VisualTestResult> {
    let open = |result: &&VisualTestResult| match result.status {
        Status::New | Status::Failed => true,
        Status::Changed => options.changed && !result.fails_as_known(),
        Status::Running | Status::Passed | Status::Skipped => false,
    };
    let results = file.results.iter().filter(open);
    results
        .filter(|result| is_meant(&result.story_identifier, &options.filters))
        .collect()
}

/// Filters that match nothing are a mistake; a run with nothing to decide on
/// is not.
fn nothing(file: &RunFile, options: &AcceptOptions) -> Result<()> {
    let id = &file.run.run_id;
    if options.filters.is_empty() {
        println!("there is nothing to accept from {id}");
        return Ok(());
    }
    bail!(
        "nothing that failed or is new in {id} matches {}",
        options.filters.join(", ")
    )
}

fn accept(
    project: &Project,
    file: &RunFile,
    result: &VisualTestResult,
    options: &AcceptOptions,
) -> Result<Outcome> {
    let path = project.baseline(&result.story_identifier)?;
    let image = images::current(&project.manifest, result)?;
    let root = &project.manifest.root;
    // What cannot be read is about to be replaced.
    let there = baseline::read(root, &path).ok().flatten();
    if there.is_some_and(|baseline| baseline.bytes == image) {
        return Ok(Outcome::Already);
    }
    if options.dry_run {
        return Ok(Outcome::Accepted);
    }
    let provenance = images::provenance(&file.run, result);
    if options.force {
        baseline::accept(root, &path, &image, &provenance)?;
    } else {
        let hashes = result.sha256.clone().unwrap_or_default();
        let seen = hashes.baseline.as_deref();
        baseline::accept_if(root, &path, seen, &image, &provenance)
            .context("--force accepts it all the same")?;
    }
    Ok(Outcome::Accepted)
}
