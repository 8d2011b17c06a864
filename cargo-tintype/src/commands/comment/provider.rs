//! What differs between GitHub, GitLab, Gitea and Forgejo: variables, paths and
//! fields of their APIs.

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

/// A service with pull or merge requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Provider {
    Github,
    Gitlab,
    Gitea,
    Forgejo,
}

/// The verdict on a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum CommitState {
    Success,
    Failure,
    Error,
    Pending,
}

/// A status of a commit.
#[derive(Clone, Debug, Serialize)]
pub(super) struct CommitStatus {
    pub(super) state: CommitState,
    /// Its name; a later status of the same name replaces it.
    pub(super) context: String,
    pub(super) description: String,
    /// Where the status links to.
    #[serde(rename = "url", skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<String>,
}

/// The variables that a provider's CI sets, or that a user sets in it; of each
/// kind, the first one that is set counts.
pub(super) struct VariableNames {
    pub(super) api: &'static [&'static str],
    pub(super) repository: &'static [&'static str],
    pub(super) token: &'static [&'static str],
}

impl Provider {
    /// Whose CI the process runs in, by variables that only it sets. Gitea and
    /// Forgejo set those of GitHub too, and Forgejo may set those of Gitea.
    pub(super) const MARKERS: [(&str, Self); 4] = [
        ("FORGEJO_ACTIONS", Self::Forgejo),
        ("GITEA_ACTIONS", Self::Gitea),
        ("GITLAB_CI", Self::Gitlab),
        ("GITHUB_ACTIONS", Self::Github),
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Gitea => "gitea",
            Self::Forgejo => "forgejo",
        }
    }

    pub(super) fn variables(self) -> VariableNames {
        let (api, repository, token): (&[_], &[_], &[_]) = match self {
            Self::Github => (
                &["GITHUB_API_URL"],
                &["GITHUB_REPOSITORY"],
                &["GITHUB_TOKEN"],
            ),
            // A merge request of a fork belongs to the project that it was opened in.
            Self::Gitlab => (
                &["CI_API_V4_URL"],
                &["CI_MERGE_REQUEST_PROJECT_ID", "CI_PROJECT_ID"],
                &["GITLAB_TOKEN"],
            ),
            Self::Gitea => (
                &["GITHUB_API_URL"],
                &["GITHUB_REPOSITORY"],
                &["GITEA_TOKEN", "GITHUB_TOKEN"],
            ),
            Self::Forgejo => (
                &["FORGEJO_API_URL", "GITHUB_API_URL"],
                &["FORGEJO_REPOSITORY", "GITHUB_REPOSITORY"],
                &["FORGEJO_TOKEN", "GITHUB_TOKEN"],
            ),
        };
        VariableNames {
            api,
            repository,
            token,
        }
    }

    /// The most characters of a comment.
    pub(super) fn max_characters(self) -> usize {
        match self {
            Self::Gitlab => 1_000_000,
            _ => 65_536,
        }
    }

    /// How the token gets the permissions for comments and statuses.
    pub(super) fn permissions(self) -> &'static str {
        match self {
            Self::Github => {
                "give the job `permissions:` with `pull-requests: write` and `statuses: write`; \
                 pull requests of forks have a read-only token, so comment on those in a workflow \
                 on `workflow_run`"
            }
            Self::Gitlab => {
                "GITLAB_TOKEN must be a project or personal access token with the scope `api` and \
                 the role Developer; CI_JOB_TOKEN cannot comment"
            }
            Self::Gitea | Self::Forgejo => {
                "give the token the scopes `read:user`, `write:issue` and `write:repository`"
            }
        }
    }

    /// The path of a pull request.
    pub(super) fn pull_request_path(self, repository: &str, number: u64) -> String {
        match self {
            Self::Gitlab => format!("/projects/{repository}/merge_requests/{number}"),
            _ => format!("/repos/{repository}/pulls/{number}"),
        }
    }

    /// The commit in the document of a pull request.
    pub(super) fn head(self, pull_request: &Value) -> Option<&str> {
        match self {
            Self::Gitlab => pull_request["sha"].as_str(),
            _ => pull_request["head"]["sha"].as_str(),
        }
    }

    /// The path of the comments of a pull request.
    pub(super) fn comments_path(self, repository: &str, number: u64) -> String {
        match self {
            Self::Gitlab => format!("/projects/{repository}/merge_requests/{number}/notes"),
            _ => format!("/repos/{repository}/issues/{number}/comments"),
        }
    }

    /// The query of the first page of comments, oldest first.
    pub(super) fn first_page(self) -> &'static str {
        match self {
            Self::Github => "per_page=100",
            Self::Gitlab => "per_page=100&sort=asc&order_by=created_at",
            Self::Gitea | Self::Forgejo => "limit=50",
        }
    }

    /// The path of a comment.
    pub(super) fn comment_path(self, repository: &str, number: u64, comment: u64) -> String {
        match self {
            Self::Gitlab => format!("{}/{comment}", self.comments_path(repository, number)),
            _ => format!("/repos/{repository}/issues/comments/{comment}"),
        }
    }

    /// The method that edits a comment.
    pub(super) fn edit_method(self) -> reqwest::Method {
        match self {
            Self::Gitlab => reqwest::Method::PUT,
            _ => reqwest::Method::PATCH,
        }
    }

    /// The name of a user, in the document of the user.
    pub(super) fn login(self, user: &Value) -> Option<&str> {
        match self {
            Self::Gitlab => user["username"].as_str(),
            _ => user["login"].as_str(),
        }
    }

    /// The author in the document of a comment.
    pub(super) fn author(self, comment: &Value) -> &Value {
        match self {
            Self::Gitlab => &comment["author"],
            _ => &comment["user"],
        }
    }

    /// Whether an author is the user of CI jobs. Their tokens may not read who
    /// they are.
    pub(super) fn is_ci_user(self, author: &Value) -> bool {
        match self {
            Self::Github => author["type"] == "Bot",
            Self::Gitlab => false,
            Self::Gitea | Self::Forgejo => {
                let login = self.login(author);
                login.is_some_and(|login| matches!(login, "gitea-actions" | "forgejo-actions"))
            }
        }
    }

    /// The path of the statuses of a commit.
    pub(super) fn statuses_path(self, repository: &str, commit: &str) -> String {
        match self {
            Self::Gitlab => format!("/projects/{repository}/statuses/{commit}"),
            _ => format!("/repos/{repository}/statuses/{commit}"),
        }
    }

    /// The document of a status.
    pub(super) fn status(self, status: &CommitStatus, pipeline: Option<&str>) -> Value {
        let CommitStatus {
            state,
            context,
            description,
            address,
        } = status;
        let name = match self {
            Self::Gitlab => "name",
            _ => "context",
        };
        let state = match (self, state) {
            (Self::Gitlab, CommitState::Failure | CommitState::Error) => "failed".to_owned(),
            _ => state.to_string(),
        };
        let mut document = json!({ "state": state, name: context, "description": description });
        if let Some(address) = address {
            document["target_url"] = json!(address);
        }
        if let Some(pipeline) = pipeline {
            document["pipeline_id"] = json!(pipeline);
        }
        document
    }
}

impl fmt::Display for CommitState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Error => "error",
            Self::Pending => "pending",
        })
    }
}
