//! Creates the comment or edits it, and sets the status of the commit.

use std::fmt;

use anyhow::{Context as _, Result, anyhow, bail};
use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use super::client::Client;
use super::destination::{Destination, is_commit};
use super::provider::{CommitStatus, Provider};

/// The most pages of comments that are searched.
const MAX_PAGES: usize = 100;

/// What is sent.
pub(super) struct NewComment {
    /// The beginning of the comment, by which a later run finds it.
    pub(super) marker: String,
    pub(super) body: String,
    pub(super) status: Option<CommitStatus>,
}

/// The outcome of both parts: that one fails does not hinder the other.
pub(super) struct Published {
    pub(super) comment: Result<PublishedComment>,
    /// The commit that has the status; `None` if no status was asked for.
    pub(super) status: Result<Option<String>>,
}

/// A comment that is on the pull request.
#[derive(Serialize)]
pub(super) struct PublishedComment {
    pub(super) change: CommentChange,
    id: u64,
    /// Its page; GitLab does not tell it.
    #[serde(rename = "url", skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<String>,
}

/// What was done to the comment.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum CommentChange {
    Created,
    Updated,
    Unchanged,
}

/// Comments, and sets the status.
///
/// # Errors
/// When the token is invalid.
pub(super) async fn publish(
    client: &Client,
    destination: &Destination,
    new: &NewComment,
) -> Result<Published> {
    let publisher = Publisher {
        client,
        destination,
        user: user(client, destination.provider).await?,
    };
    Ok(Published {
        comment: publisher.comment(new).await,
        status: publisher.status(new.status.as_ref()).await,
    })
}

struct Publisher<'a> {
    client: &'a Client,
    destination: &'a Destination,
    /// The user whose token it is; `None` if the token may not read it.
    user: Option<String>,
}

async fn user(client: &Client, provider: Provider) -> Result<Option<String>> {
    match client.send(Method::GET, "/user", None).await {
        Ok(reply) => Ok(provider.login(&reply.body).map(str::to_owned)),
        Err(error) => match error.status {
            Some(StatusCode::FORBIDDEN | StatusCode::NOT_FOUND) => Ok(None),
            _ => Err(error.into()),
        },
    }
}

impl Publisher<'_> {
    /// Edits the comment of an earlier run, or creates one.
    async fn comment(&self, new: &NewComment) -> Result<PublishedComment> {
        let Destination {
            provider,
            repository,
            number,
            ..
        } = self.destination;
        let path = provider.comments_path(repository, *number);
        let body = json!({ "body": new.body });
        let mut attempt = 1;
        loop {
            if let Some(comment) = self.find(&path, &new.marker).await? {
                return self.edit(&comment, new).await;
            }
            match self
                .client
                .send_once(Method::POST, &path, Some(&body))
                .await
            {
                Ok(reply) => return published(&reply.body, CommentChange::Created),
                // The comment may be there in spite of the error.
                Err(error) => error.wait(attempt).await?,
            }
            attempt += 1;
        }
    }

    /// The comment with this marker that an earlier run has created.
    async fn find(&self, path: &str, marker: &str) -> Result<Option<Value>> {
        let provider = self.destination.provider;
        let mut others = None;
        let mut query = provider.first_page().to_owned();
        for _ in 0..MAX_PAGES {
            let page = format!("{path}?{query}");
            let reply = self.client.send(Method::GET, &page, None).await?;
            let Value::Array(comments) = reply.body else {
                bail!("GET {path} did not answer with a list of comments");
            };
            let is_marked = |comment: &Value| {
                let body = comment["body"].as_str();
                body.is_some_and(|body| body.starts_with(marker))
            };
            let marked: Vec<_> = comments.into_iter().filter(is_marked).collect();
            // Anybody can write a marker, and edit the comment afterwards.
            let (own, foreign): (Vec<_>, Vec<_>) =
                marked.into_iter().partition(|comment| self.is_own(comment));
            if let Some(own) = own.into_iter().next() {
                return Ok(Some(own));
            }
            others = others.or_else(|| foreign.into_iter().next());
            match reply.next {
                Some(next) => query = next,
                None => break,
            }
        }
        match others {
            // Else each run would add a comment.
            Some(other) if self.user.is_none() && provider != Provider::Github => {
                let author = provider.login(provider.author(&other));
                Err(anyhow!(
                    "whether the comment of `{}` may be edited is not known, since the token cannot \
                     read its user (help: {})",
                    author.unwrap_or_default(),
                    provider.permissions()
                ))
            }
            _ => Ok(None),
        }
    }

    fn is_own(&self, comment: &Value) -> bool {
        let provider = self.destination.provider;
        let author = provider.author(comment);
        match &self.user {
            Some(user) => provider.login(author) == Some(user),
            None => provider.is_ci_user(author),
        }
    }

    async fn edit(&self, comment: &Value, new: &NewComment) -> Result<PublishedComment> {
        let Destination {
            provider,
            repository,
            number,
            ..
        } = self.destination;
        let old = comment["body"].as_str().unwrap_or_default();
        if old.replace("\r\n", "\n").trim_end() == new.body.trim_end() {
            return published(comment, CommentChange::Unchanged);
        }
        let id = id(comment)?;
        let path = provider.comment_path(repository, *number, id);
        let body = json!({ "body": new.body });
        let edited = self.client.send(provider.edit_method(), &path, Some(&body));
        published(&edited.await?.body, CommentChange::Updated)
    }

    /// Sets the status of the last commit of the pull request.
    async fn status(&self, status: Option<&CommitStatus>) -> Result<Option<String>> {
        let Some(status) = status else {
            return Ok(None);
        };
        let Destination {
            provider,
            repository,
            pipeline,
            ..
        } = self.destination;
        let commit = match &self.destination.commit {
            Some(commit) => commit.clone(),
            None => self.head().await?,
        };
        let path = provider.statuses_path(repository, &commit);
        let document = provider.status(status, pipeline.as_deref());
        match self.client.send(Method::POST, &path, Some(&document)).await {
            Err(error) if !error.is_same_status() => Err(error.into()),
            _ => Ok(Some(commit)),
        }
    }

    /// The last commit of the pull request.
    async fn head(&self) -> Result<String> {
        let Destination {
            provider,
            repository,
            number,
            ..
        } = self.destination;
        let path = provider.pull_request_path(repository, *number);
        let reply = self.client.send(Method::GET, &path, None).await?;
        let head = provider.head(&reply.body).filter(|head| is_commit(head));
        let head = head.with_context(|| format!("GET {path} did not name the last commit"))?;
        Ok(head.to_owned())
    }
}

fn published(comment: &Value, change: CommentChange) -> Result<PublishedComment> {
    Ok(PublishedComment {
        change,
        id: id(comment)?,
        address: comment["html_url"].as_str().map(str::to_owned),
    })
}

fn id(comment: &Value) -> Result<u64> {
    let id = comment["id"].as_u64();
    id.context("the provider answered with a comment without an id")
}

impl fmt::Display for CommentChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "did not change",
        })
    }
}
