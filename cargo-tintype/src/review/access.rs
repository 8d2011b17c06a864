//! Decides who may use the server.

use anyhow::{Result, bail};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use tintype::internals::baseline;
use tintype::internals::config::Secret;
use tintype::internals::record::RecordConfig;

use super::error::ApiError;
use super::identity::ServerIdentity;
use super::link::LinkAccess;
use super::sessions::SessionStore;

/// The variable with the token. As an argument, every user of the machine
/// could see it.
pub(super) const TOKEN: &str = "TINTYPE_REVIEW_TOKEN";

/// The policy for access to the server, and the cookie of its sessions.
pub(super) struct PageAccess {
    pub(super) policy: AccessPolicy,
    /// Named after the server: browsers send cookies to all ports of a host.
    cookie_name: String,
}

/// The policy for access to the server.
pub(super) enum AccessPolicy {
    /// Whoever opens the link that the terminal shows.
    Link(LinkAccess),
    /// Users who log in with the token.
    Token {
        /// SHA-256 of the token.
        hash: String,
        sessions: Box<SessionStore>,
    },
    /// Users that a reverse proxy names in this header.
    Header(HeaderName),
}

impl PageAccess {
    pub(super) fn new(identity: &ServerIdentity, policy: AccessPolicy) -> Self {
        Self {
            policy,
            cookie_name: format!("tintype_session_{}", identity.name()),
        }
    }

    /// The session in the cookies of a request.
    pub(super) fn cookie<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        let all = headers.get_all(header::COOKIE).into_iter();
        let mut cookies = all.filter_map(|all| all.to_str().ok()).flat_map(|all| {
            let cookies = all.split(';').map(str::trim);
            cookies.filter_map(|cookie| cookie.split_once('='))
        });
        cookies.find_map(|(name, value)| (name == self.cookie_name).then_some(value))
    }

    /// The header that sets the session for `max_age` seconds.
    pub(super) fn set_cookie(
        &self,
        session: &str,
        max_age: u64,
        is_secure: bool,
    ) -> Result<HeaderValue, ApiError> {
        let secure = if is_secure { "; Secure" } else { "" };
        let cookie = format!(
            "{}={session}; HttpOnly; SameSite=Strict; Path=/; Max-Age={max_age}{secure}",
            self.cookie_name
        );
        Ok(HeaderValue::from_str(&cookie).map_err(anyhow::Error::new)?)
    }
}

/// Checks the value of the variable.
pub(super) fn token(value: Option<&Secret>) -> Result<Option<&Secret>> {
    if let Some(value) = value.filter(|value| value.reveal().len() < 16) {
        bail!(
            "{TOKEN} is too short: expected at least 16 characters, found {} (help: create one \
             with `openssl rand -hex 16`)",
            value.reveal().len()
        );
    }
    Ok(value)
}

/// The policy for users who log in with the token.
pub(super) async fn by_token(
    token: &Secret,
    identity: &ServerIdentity,
    settings: &RecordConfig,
) -> Result<AccessPolicy> {
    let connected = settings.redis().connect().await;
    if !matches!(connected, Ok(Some(_))) {
        bail!("login sessions are kept in Redis (help: set REDIS_URL to a running server)");
    }
    Ok(AccessPolicy::Token {
        hash: baseline::sha256(token.reveal().as_bytes()),
        sessions: Box::new(SessionStore::new(settings.clone(), identity, token)),
    })
}
