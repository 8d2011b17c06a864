//! Access without a token: a link that the terminal shows opens the page once.
//!
//! Every user of the machine can reach a port on loopback, but only the user
//! who started the server sees its terminal. Sessions are not stored: a cookie
//! has its expiry and an authentication code.

use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use tintype::internals::model::now_ms;

use super::identity::{SessionKey, random_id};

/// How long a session lasts, in seconds.
pub(super) const SESSION_SECONDS: u64 = 7 * 24 * 60 * 60;

/// Links and the sessions that they started.
pub(super) struct LinkAccess {
    key: SessionKey,
    /// The address of the page, without a slash at its end.
    base: String,
    /// The path and fragment that are shown first.
    pub(super) landing: String,
    /// The secret of the link that has not been used yet.
    secret: Mutex<String>,
}

impl LinkAccess {
    pub(super) fn new(key: SessionKey, base: String, landing: String) -> Result<Self> {
        Ok(Self {
            key,
            base,
            landing,
            secret: Mutex::new(random_id()?),
        })
    }

    /// The link that opens the page next.
    pub(super) fn url(&self) -> String {
        let secret = self.secret.lock().unwrap_or_else(PoisonError::into_inner);
        format!("{}/open/{secret}", self.base)
    }

    /// Uses the link up, if `secret` is the one of it.
    pub(super) fn redeem(&self, secret: &str) -> Result<bool> {
        let next = random_id()?;
        let mut expected = self.secret.lock().unwrap_or_else(PoisonError::into_inner);
        // Comparing codes leaks no timing information about the secret.
        let fits = self.key.code(&expected) == self.key.code(secret);
        if fits {
            *expected = next;
        }
        Ok(fits)
    }

    /// A new session, as the value of a cookie: `expiry.id.code`.
    pub(super) fn start_session(&self) -> Result<String> {
        let expiry = now_ms() + i64::try_from(SESSION_SECONDS * 1_000).unwrap_or(0);
        let session = format!("{expiry}.{}", random_id()?);
        let code = self.key.code(&session).to_hex();
        Ok(format!("{session}.{code}"))
    }

    /// When a session ends, in milliseconds since the Unix epoch; `None` if it
    /// is not one of this server or has ended.
    pub(super) fn expiry(&self, cookie: &str) -> Option<i64> {
        let (session, code) = cookie.rsplit_once('.')?;
        let code = blake3::Hash::from_hex(code).ok()?;
        // The comparison takes the same time for every code.
        let is_own = code == self.key.code(session);
        let (expiry, _) = session.split_once('.')?;
        let expiry: i64 = expiry.parse().ok()?;
        (is_own && expiry > now_ms()).then_some(expiry)
    }
}

#[cfg(test)]
mod tests {
    use super::super::identity::ServerIdentity;
    use super::LinkAccess;

    fn access() -> LinkAccess {
        let folder = tempfile::tempdir().unwrap();
        let key = ServerIdentity::load(folder.path()).unwrap();
        let base = "http://127.0.0.1:1".to_owned();
        LinkAccess::new(key.session_key(None), base, "/".to_owned()).unwrap()
    }

    #[test]
    fn a_link_can_be_used_once() {
        let access = access();
        let url = access.url();
        let (_, secret) = url.rsplit_once('/').unwrap();
        assert!(!access.redeem("").unwrap());
        assert!(!access.redeem(&secret[1..]).unwrap());
        assert!(access.redeem(secret).unwrap());
        assert!(!access.redeem(secret).unwrap());
        assert_ne!(access.url(), url);
    }

    #[test]
    fn sessions_can_be_neither_forged_nor_prolonged() {
        let (ours, theirs) = (access(), access());
        let session = ours.start_session().unwrap();
        let expiry = ours.expiry(&session).unwrap();
        assert!(theirs.expiry(&session).is_none());
        let later = session.replacen(&expiry.to_string(), &(expiry + 1).to_string(), 1);
        let (rest, _) = session.rsplit_once('.').unwrap();
        for forged in ["", ".", "..", "1.2.3", rest, &later, &format!("{rest}.")] {
            assert!(ours.expiry(forged).is_none(), "{forged}");
        }
        // One that has expired, with a correct code.
        let code = ours.key.code("1000.id").to_hex();
        assert!(ours.expiry(&format!("1000.id.{code}")).is_none());
    }
}
