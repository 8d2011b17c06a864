//! Sends requests to the API of a provider, and repeats those that failed for a
//! moment.

use std::fmt;
use std::time::Duration;

use anyhow::{Context as _, Result};
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LINK, RETRY_AFTER,
};
use reqwest::{Method, StatusCode, redirect};
use serde_json::Value;
use tokio::time::sleep;

use super::destination::{Destination, Token};
use super::provider::Provider;

/// How often a request is sent in all.
pub(super) const MAX_ATTEMPTS: u32 = 4;
/// The longest time that a provider may ask to wait before the next attempt.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// The most characters of a provider's message that are shown.
const MAX_MESSAGE: usize = 300;

/// A client of one provider.
pub(super) struct Client {
    http: reqwest::Client,
    api: String,
    provider: Provider,
    token_variable: &'static str,
}

/// An answer of success.
pub(super) struct ApiReply {
    pub(super) body: Value,
    /// The query of the next page of a list.
    pub(super) next: Option<String>,
}

/// A request that failed.
#[derive(Debug)]
pub(super) struct RequestError {
    message: String,
    /// `None` without an answer.
    pub(super) status: Option<StatusCode>,
    /// How long the provider asks to wait.
    retry_after: Option<Duration>,
}

impl Client {
    pub(super) fn new(destination: &Destination) -> Result<Self> {
        // Fails where it is done already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let token = destination.token()?;
        let http = reqwest::Client::builder()
            .user_agent(concat!("tintype/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers(token)?)
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(30))
            // The token is for this server only.
            .redirect(redirect::Policy::none())
            .build()
            .context("failed to set up HTTP")?;
        Ok(Self {
            http,
            api: destination.api.clone(),
            provider: destination.provider,
            token_variable: token.variable,
        })
    }

    /// Sends a request whose repetition changes nothing, again after errors that
    /// may be gone soon.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<ApiReply, RequestError> {
        let mut attempt = 1;
        loop {
            match self.send_once(method.clone(), path, body).await {
                Err(error) => error.wait(attempt).await?,
                reply => return reply,
            }
            attempt += 1;
        }
    }

    /// Sends a request once.
    pub(super) async fn send_once(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<ApiReply, RequestError> {
        let shown = format!("{method} {}{path}", self.api);
        let unanswered = |error: &reqwest::Error| RequestError {
            message: format!("{shown} failed: {}", innermost(error)),
            status: None,
            retry_after: None,
        };
        let mut request = self.http.request(method, format!("{}{path}", self.api));
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let answer = request.send().await.map_err(|error| unanswered(&error))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let bytes = answer.bytes().await.map_err(|error| unanswered(&error))?;
        let body = serde_json::from_slice(&bytes);
        if !status.is_success() {
            let said = body.ok().and_then(|body: Value| message(&body));
            return Err(self.rejected(&shown, status, &headers, said));
        }
        let body = body.map_err(|error| RequestError {
            message: format!("{shown} did not answer with JSON: {error}"),
            status: Some(status),
            retry_after: None,
        })?;
        Ok(ApiReply {
            body,
            next: next_page(&headers),
        })
    }

    fn rejected(
        &self,
        request: &str,
        status: StatusCode,
        headers: &HeaderMap,
        said: Option<String>,
    ) -> RequestError {
        let said = said.map_or(String::new(), |said| format!(" ({said})"));
        let variable = self.token_variable;
        let help = match status {
            StatusCode::UNAUTHORIZED => {
                format!(" (help: {variable} is invalid or has expired; set another token)")
            }
            // 404 hides what a token may not see.
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
                format!(" (help: {})", self.provider.permissions())
            }
            status if status.is_redirection() => {
                let names = self.provider.variables().api.join(" or ");
                format!(" (help: set {names} to the address that answers itself)")
            }
            _ => String::new(),
        };
        let seconds = headers
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok());
        let seconds = seconds.and_then(|seconds| seconds.trim().parse().ok());
        RequestError {
            message: format!("{request} failed with {status}{said}{help}"),
            status: Some(status),
            retry_after: seconds.map(Duration::from_secs),
        }
    }
}

impl RequestError {
    /// Waits before the next attempt.
    ///
    /// # Errors
    /// This error, if another attempt would be useless or too late.
    pub(super) async fn wait(self, attempt: u32) -> Result<(), Self> {
        let wait = self
            .retry_after
            .unwrap_or(Duration::from_secs(1 << (attempt - 1)));
        if !self.is_transient() || attempt >= MAX_ATTEMPTS || wait > MAX_WAIT {
            return Err(self);
        }
        sleep(wait).await;
        Ok(())
    }

    fn is_transient(&self) -> bool {
        self.status.is_none_or(|status| {
            // GitHub limits the rate with 403, too.
            let is_limit = status == StatusCode::FORBIDDEN && self.retry_after.is_some();
            status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() || is_limit
        })
    }

    /// Whether GitLab refuses a status because the commit has it already.
    pub(super) fn is_same_status(&self) -> bool {
        let is_invalid = self.status == Some(StatusCode::BAD_REQUEST);
        is_invalid && self.message.contains("Cannot transition status")
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RequestError {}

fn headers(token: &Token) -> Result<HeaderMap> {
    let Token { variable, value } = token;
    let bearer = HeaderValue::from_str(&format!("Bearer {}", value.reveal()));
    let mut bearer = bearer
        .ok()
        .with_context(|| format!("{variable} is invalid: a token has no spaces or line breaks"))?;
    bearer.set_sensitive(true);
    let json = HeaderValue::from_static("application/json");
    Ok(HeaderMap::from_iter([
        (AUTHORIZATION, bearer),
        (ACCEPT, json.clone()),
        (CONTENT_TYPE, json),
    ]))
}

/// The first cause of an error, which says more than the error itself.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// The message in the document of an error.
fn message(body: &Value) -> Option<String> {
    let said = ["message", "error"]
        .iter()
        .find_map(|name| body.get(name))?;
    let said = said
        .as_str()
        .map_or_else(|| said.to_string(), str::to_owned);
    Some(said.chars().take(MAX_MESSAGE).collect())
}

/// The query of the next page, which all providers name in the header `Link`. Its
/// host is that of the public address, which the job may not reach.
fn next_page(headers: &HeaderMap) -> Option<String> {
    let links = headers.get(LINK)?.to_str().ok()?;
    let next = links
        .split(',')
        .find(|link| link.contains("rel=\"next\""))?;
    let address = next.split_once('<')?.1.split_once('>')?.0;
    let (_, query) = address.split_once('?')?;
    Some(query.to_owned())
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderValue, LINK};

    use super::next_page;

    #[test]
    fn the_next_page_is_that_of_the_link() {
        let page = |links| {
            next_page(&HeaderMap::from_iter([(
                LINK,
                HeaderValue::from_static(links),
            )]))
        };
        let links =
            "<https://a/x?page=1>; rel=\"prev\", <https://a/x?per_page=9&page=3>; rel=\"next\"";
        assert_eq!(page(links).as_deref(), Some("per_page=9&page=3"));
        assert_eq!(page("<https://a/x?page=9>; rel=\"last\""), None);
    }
}
