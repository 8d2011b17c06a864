//! Decides who may use the server.

use anyhow::{Result, bail};
use axum::http::HeaderName;
use tintype::internals::baseline;
use tintype::internals::config::Secret;
use tintype::internals::record::RecordConfig;

use super::options::ReviewOptions;
use super::sessions::SessionStore;

/// The variable with the token. As an argument, every user of the machine
/// could see it.
pub(super) const TOKEN: &str = "TINTYPE_REVIEW_TOKEN";

/// The policy for access to the server.
pub(super) enum AccessPolicy {
    /// Everybody on this machine: the server listens on loopback only.
    Open,
    /// Users who log in with the token.
    Token {
        /// SHA-256 of the token.
        hash: String,
        sessions: Box<SessionStore>,
    },
    /// Users that a reverse proxy names in this header.
    Header(HeaderName),
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

pub(super) async fn policy(
    options: &ReviewOptions,
    token: Option<&Secret>,
    settings: &RecordConfig,
) -> Result<AccessPolicy> {
    if let Some(name) = &options.user_header {
        return Ok(AccessPolicy::Header(name.clone()));
    }
    let Some(token) = token else {
        return Ok(AccessPolicy::Open);
    };
    let connected = settings.redis().connect().await;
    if !matches!(connected, Ok(Some(_))) {
        bail!("login sessions are kept in Redis (help: set REDIS_URL to a running server)");
    }
    Ok(AccessPolicy::Token {
        hash: baseline::sha256(token.reveal().as_bytes()),
        sessions: Box::new(SessionStore::new(settings.clone())),
    })
}
