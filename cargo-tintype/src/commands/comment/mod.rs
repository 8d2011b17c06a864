//! `cargo tintype comment`
//!
//! - `provider`: what differs between GitHub, GitLab, Gitea and Forgejo.
//! - `destination`: finds the pull request by the variables of the CI server.
//! - `text`: writes the comment.
//! - `markdown`: quotes text of pages and records.
//! - `client`: sends requests, and repeats those that failed for a moment.
//! - `publish`: creates or edits the comment, and sets the status.

mod client;
mod destination;
mod markdown;
mod provider;
mod publish;
mod text;

use anyhow::{Context as _, Result, bail};
use reqwest::Url;
use serde_json::json;
use tintype::internals::config::Config;
use tintype::internals::model::{Reason, RunFile};
use tintype::internals::redact::redact;
use tintype::internals::report::counts;

use crate::output::{self, print_line};
use crate::project::Project;
use crate::run_files::{self, OpenedRun};
use crate::run_ids::LATEST;
use client::Client;
use destination::Destination;
use provider::{CommitState, CommitStatus, Provider};
use publish::{NewComment, Published};
use text::CommentText;

/// The most characters of a status, which GitHub has the fewest of.
const MAX_DESCRIPTION: usize = 140;

/// Comment a run on its pull or merge request, and set a commit status
///
/// Works in CI on GitHub, GitLab, Gitea and Forgejo. There is one comment for each
/// suite, which later runs edit. Exits with 0 also if the run has failed.
#[derive(clap::Args)]
pub(crate) struct CommentOptions {
    /// Id of the run, a unique prefix of it, or `latest`
    #[arg(value_name = "RUN", default_value = LATEST)]
    run: String,

    /// Address of the report that the comment links to, for example of an artifact
    #[arg(long, value_name = "URL", value_parser = web_address)]
    link: Option<Url>,

    /// Address under which everybody who sees the pull request can read the objects
    /// of the artifact store: the comment shows pictures, and links to the report
    #[arg(long, value_name = "URL", value_parser = web_address)]
    store_url: Option<Url>,

    /// Name of the suite, of which each has its comment and status [default: the
    /// project's name]
    #[arg(long, value_name = "NAME")]
    suite: Option<String>,

    /// Where the pull request is [default: by the variables of the CI server]
    #[arg(long, value_name = "NAME")]
    provider: Option<Provider>,

    /// Number of the pull or merge request [default: that of the CI job]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pull_request: Option<u64>,

    /// Set no commit status
    #[arg(long)]
    no_status: bool,

    /// Print what would be sent, and send nothing
    #[arg(long)]
    dry_run: bool,

    /// Print a JSON object instead of lines
    #[arg(long)]
    json: bool,
}

/// An address that a browser opens.
fn web_address(text: &str) -> Result<Url, String> {
    const EXPECTED: &str = "expected an address such as `https://example.com/report`";
    let url = Url::parse(text).map_err(|error| format!("{error}: {EXPECTED}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(EXPECTED.to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it contains credentials, which the comment would show".to_owned());
    }
    Ok(url)
}

pub(crate) fn run(config: &Config, options: &CommentOptions) -> Result<()> {
    let project = Project::open(config)?;
    let manifest = &project.manifest;
    if options.store_url.is_some() && manifest.artifacts.is_none() {
        bail!(
            "--store-url needs an artifact store (help: set TINTYPE_ARTIFACTS or `[artifacts] url` \
             to the store that has the pictures of the run)"
        );
    }
    let variables = &project.config.variables;
    let destination = Destination::find(variables, options.provider, options.pull_request)?;
    let OpenedRun { file, .. } = run_files::open(manifest, Some(&options.run))?;
    let suite = options.suite.as_deref().unwrap_or(&manifest.project);
    let report = report_address(options, &file);
    let text = CommentText {
        suite,
        file: &file,
        report: report.as_ref(),
        store: options.store_url.as_ref(),
        max_characters: destination.provider.max_characters(),
    };
    let comment = NewComment {
        marker: text.marker(),
        body: redact(&text.write()).into_owned(),
        status: (!options.no_status).then(|| status(suite, &file, report.as_ref())),
    };
    if options.dry_run {
        return print_plan(&destination, &comment, &file, options);
    }
    let client = Client::new(&destination)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("failed to start the async runtime")?;
    let published = runtime.block_on(publish::publish(&client, &destination, &comment))?;
    print_published(&published, &comment, &file, options)
}

/// Where people read the report.
fn report_address(options: &CommentOptions, file: &RunFile) -> Option<Url> {
    let stored = || {
        let store = options.store_url.as_ref()?;
        let run = &file.run.run_id;
        Some(text::object_address(
            store,
            &format!("runs/{run}/report.html"),
        ))
    };
    options.link.clone().or_else(stored)
}

fn status(suite: &str, file: &RunFile, report: Option<&Url>) -> CommitStatus {
    let (state, said) = match file.run.reason {
        Some(Reason::Passed) => (CommitState::Success, ""),
        Some(Reason::Failed) => (CommitState::Failure, ""),
        Some(Reason::Interrupted) => (CommitState::Error, "interrupted: "),
        Some(Reason::Error) => (CommitState::Error, "error: "),
        None => (CommitState::Pending, "not ended yet: "),
    };
    let description = format!("{said}{}", counts(&file.run.summary, &file.results));
    CommitStatus {
        state,
        context: format!("tintype/{suite}"),
        description: description.chars().take(MAX_DESCRIPTION).collect(),
        address: report.map(Url::to_string),
    }
}

fn print_plan(
    destination: &Destination,
    comment: &NewComment,
    file: &RunFile,
    options: &CommentOptions,
) -> Result<()> {
    if options.json {
        return output::print_json(&json!({
            "run": file.run.run_id,
            "dryRun": true,
            "provider": destination.provider.name(),
            "repository": destination.repository,
            "pullRequest": destination.number,
            "status": comment.status,
            "body": comment.body,
        }));
    }
    print_line!("would comment on {destination}:");
    print_line!("{}", comment.body);
    if let Some(CommitStatus {
        state,
        context,
        description,
        ..
    }) = &comment.status
    {
        print_line!("would set the status `{context}` to {state}: {description}");
    }
    Ok(())
}

fn print_published(
    published: &Published,
    comment: &NewComment,
    file: &RunFile,
    options: &CommentOptions,
) -> Result<()> {
    let done = published.comment.as_ref().ok();
    if options.json {
        output::print_json(&json!({
            "run": file.run.run_id,
            "comment": done,
            "commit": published.status.as_ref().ok(),
            "status": comment.status,
            "body": comment.body,
        }))?;
    } else {
        if let Some(done) = done {
            let address = done.address.as_deref().unwrap_or_default();
            print_line!("{} the comment {address}", done.change);
        }
        if let (Some(status), Ok(Some(commit))) = (&comment.status, &published.status) {
            let CommitStatus { state, context, .. } = status;
            print_line!("set the status `{context}` of {commit} to {state}");
        }
    }
    let errors = [
        published.comment.as_ref().err(),
        published.status.as_ref().err(),
    ];
    let errors: Vec<String> = errors
        .into_iter()
        .flatten()
        .map(ToString::to_string)
        .collect();
    if errors.is_empty() {
        return Ok(());
    }
    bail!("{}", errors.join("\nerror: "))
}
