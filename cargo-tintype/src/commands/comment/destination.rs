//! Finds the pull request that a CI job is for, by the variables of its server.

use std::fmt;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;
use serde_json::Value;
use tintype::internals::config::{Secret, Variables};
use tintype::internals::files;
use tintype::internals::redact;

use super::provider::Provider;

/// The API of GitHub where no variable names another one.
const GITHUB_API: &str = "https://api.github.com";
/// The largest event file that is read, in bytes.
const MAX_EVENT: u64 = 32 << 20;

/// The pull request that is commented on.
pub(super) struct Destination {
    pub(super) provider: Provider,
    /// The address of the API, without a slash at the end.
    pub(super) api: String,
    /// `owner/name`, or the percent-encoded id of a project on GitLab.
    pub(super) repository: String,
    pub(super) number: u64,
    /// The last commit of the pull request, if the CI server names it.
    pub(super) commit: Option<String>,
    /// The pipeline that the status belongs to, on GitLab.
    pub(super) pipeline: Option<String>,
    /// `None` if none is set.
    pub(super) token: Option<Token>,
}

/// A token, and the variable that has it.
pub(super) struct Token {
    pub(super) variable: &'static str,
    pub(super) value: Secret,
}

/// A variable that is set.
type SetVariable<'a> = (&'static str, &'a str);

impl Destination {
    /// The pull request of the CI job, or the one with this number.
    pub(super) fn find(
        variables: &Variables,
        provider: Option<Provider>,
        number: Option<u64>,
    ) -> Result<Self> {
        let provider = match provider {
            Some(provider) => provider,
            None => running_in(variables)?,
        };
        let names = provider.variables();
        let token = first(variables, names.token).map(|(variable, value)| {
            redact::register(value);
            let value = Secret::new(value);
            Token { variable, value }
        });
        let repository = first(variables, names.repository)
            .ok_or_else(|| missing(names.repository, "the repository of the pull request"))?;
        let repository = repository_of(provider, repository)?;
        let place = match provider {
            Provider::Gitlab => gitlab_place(variables, number)?,
            _ => github_place(variables, number)?,
        };
        Ok(Self {
            api: api(variables, provider)?,
            provider,
            repository,
            number: place.number,
            commit: place.commit.filter(|commit| is_commit(commit)),
            pipeline: place.pipeline,
            token,
        })
    }

    /// The token.
    ///
    /// # Errors
    /// When no variable has one.
    pub(super) fn token(&self) -> Result<&Token> {
        let names = self.provider.variables().token;
        let help = self.provider.permissions();
        let missing = || {
            let names = names.join(" or ");
            anyhow!("{names} is not set, but commenting needs a token (help: {help})")
        };
        self.token.as_ref().ok_or_else(missing)
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            provider,
            repository,
            number,
            ..
        } = self;
        let (what, sign) = match provider {
            Provider::Gitlab => ("merge request", '!'),
            _ => ("pull request", '#'),
        };
        write!(f, "{what} {sign}{number} of {repository} at {}", self.api)
    }
}

/// The provider in whose CI the process runs.
fn running_in(variables: &Variables) -> Result<Provider> {
    let mut markers = Provider::MARKERS.into_iter();
    let found = markers.find(|(marker, _)| variables.text(marker).is_some());
    let (_, provider) = found.context(
        "none of GITHUB_ACTIONS, GITLAB_CI, GITEA_ACTIONS and FORGEJO_ACTIONS is set, so the \
         provider is not known (help: run the command in CI, or pass --provider and set the \
         provider's variables; see docs/ci.md)",
    )?;
    Ok(provider)
}

/// The first of these variables that is set.
fn first<'a>(variables: &'a Variables, names: &[&'static str]) -> Option<SetVariable<'a>> {
    let mut names = names.iter();
    names.find_map(|&name| Some((name, variables.text(name)?)))
}

fn missing(names: &[&str], what: &str) -> anyhow::Error {
    let names = names.join(" or ");
    anyhow!("{names} is not set (help: set it to {what}, as the CI server does)")
}

fn repository_of(provider: Provider, (variable, value): SetVariable<'_>) -> Result<String> {
    if provider == Provider::Gitlab {
        return Ok(utf8_percent_encode(value, NON_ALPHANUMERIC).to_string());
    }
    let is_name = |part: &str| {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        !part.is_empty() && part.chars().all(is_allowed) && part != "." && part != ".."
    };
    let parts = value.split_once('/');
    if !parts.is_some_and(|(owner, name)| is_name(owner) && is_name(name)) {
        bail!("{variable} is invalid: expected `owner/name`, found `{value}`");
    }
    Ok(value.to_owned())
}

/// The address of the API.
fn api(variables: &Variables, provider: Provider) -> Result<String> {
    let names = provider.variables().api;
    let (variable, value) = match (first(variables, names), provider) {
        (Some(found), _) => found,
        (None, Provider::Github) => (names[0], GITHUB_API),
        (None, _) => return Err(missing(names, "the address of the provider's API")),
    };
    let url = Url::parse(value).ok();
    let url = url.filter(|url| {
        let is_plain = url.query().is_none() && url.fragment().is_none();
        matches!(url.scheme(), "http" | "https") && is_plain
    });
    let url = url.with_context(|| {
        format!(
            "{variable} is invalid: expected an address such as `{GITHUB_API}`, found `{value}`"
        )
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        bail!("{variable} contains credentials (help: remove them; the token is sent instead)");
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// What a CI server says of the pull request.
struct PullRequestPlace {
    number: u64,
    commit: Option<String>,
    pipeline: Option<String>,
}

fn gitlab_place(variables: &Variables, number: Option<u64>) -> Result<PullRequestPlace> {
    const NUMBER: &str = "CI_MERGE_REQUEST_IID";
    let text = |name| variables.text(name).map(str::to_owned);
    let own =
        match text(NUMBER) {
            Some(own) => Some(own.parse().with_context(|| {
                format!("{NUMBER} is invalid: expected a number, found `{own}`")
            })?),
            None => None,
        };
    let number = number.or(own).with_context(|| {
        format!(
            "{NUMBER} is not set (help: run the job in merge request pipelines, with `rules: [if: \
             $CI_PIPELINE_SOURCE == \"merge_request_event\"]`, or pass --pull-request)"
        )
    })?;
    let is_own = own == Some(number);
    // The pipeline of a fork is in another project.
    let project = text("CI_MERGE_REQUEST_PROJECT_ID");
    let is_here = project.is_none() || project == text("CI_PROJECT_ID");
    // In a pipeline for the merged result, CI_COMMIT_SHA is the merge.
    let merged = text("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA");
    Ok(PullRequestPlace {
        number,
        commit: merged.or_else(|| text("CI_COMMIT_SHA")).filter(|_| is_own),
        pipeline: text("CI_PIPELINE_ID").filter(|_| is_own && is_here),
    })
}

fn github_place(variables: &Variables, number: Option<u64>) -> Result<PullRequestPlace> {
    let event = match variables.text("GITHUB_EVENT_PATH") {
        Some(path) => read_event(Path::new(path))?,
        None => Value::Null,
    };
    let pull_request = &event["pull_request"];
    let from_event = pull_request["number"].as_u64().or_else(|| {
        let issue = &event["issue"];
        let is_pull_request = issue["pull_request"].is_object();
        issue["number"].as_u64().filter(|_| is_pull_request)
    });
    let reference = variables.text("GITHUB_REF");
    let from_reference = reference.and_then(|reference| {
        let (number, _) = reference.strip_prefix("refs/pull/")?.split_once('/')?;
        number.parse().ok()
    });
    let Some(number) = number.or(from_event).or(from_reference) else {
        bail!(
            "GITHUB_REF is {}, which is no pull request, and the event in GITHUB_EVENT_PATH is of \
             none (help: run the job on `pull_request`, or pass --pull-request)",
            reference.map_or("not set".to_owned(), |reference| format!("`{reference}`"))
        );
    };
    let head = pull_request["head"]["sha"].as_str();
    let is_of_event = pull_request["number"].as_u64() == Some(number);
    Ok(PullRequestPlace {
        number,
        commit: head.filter(|_| is_of_event).map(str::to_owned),
        pipeline: None,
    })
}

fn read_event(path: &Path) -> Result<Value> {
    let bytes = files::read(path, MAX_EVENT);
    let event = bytes.map_err(anyhow::Error::from);
    let event = event.and_then(|bytes| Ok(serde_json::from_slice(&bytes)?));
    event.with_context(|| {
        format!(
            "GITHUB_EVENT_PATH names {}, which cannot be read as JSON",
            path.display()
        )
    })
}

/// Whether a text is a commit's hash, which becomes a part of an address.
pub(super) fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
