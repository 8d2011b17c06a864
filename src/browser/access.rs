//! Getting into a server that wants to see something first.
//!
//! Cookies and passwords go only to the server that they are for. Extra
//! headers go with every request of the page: the browser knows no other way.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::timeout;
use url::Url;

use super::error::BrowserError;
use super::page::Page;
use super::session::Session;
use crate::manifest::{Credentials, Secret};

/// How long the page with the password may take to load.
const LOG_IN_LIMIT: Duration = Duration::from_secs(20);

/// Whom a session visits, and what it has shown there.
#[derive(Debug, Default)]
pub(super) struct Visit {
    /// The server's address, without a trailing slash.
    base: String,
    credentials: Arc<Credentials>,
    /// Whether the page that is open sends the headers.
    pub(super) page_knows: bool,
    /// Whether the browser has the cookies.
    pub(super) has_cookies: bool,
    /// Whether the browser remembers the password.
    has_password: bool,
}

impl Session {
    /// Presents credentials to the server at `base` from the next page on.
    pub fn visit(&mut self, base: &str, credentials: Arc<Credentials>) {
        self.visit = Visit {
            base: base.to_owned(),
            credentials,
            ..Visit::default()
        };
    }

    /// Whether the server has asked for a password that there is, and that the
    /// browser does not remember yet.
    pub(super) async fn is_asked_for_password(&self) -> Result<bool, BrowserError> {
        if self.visit.has_password || self.visit.credentials.basic_auth.is_none() {
            return Ok(false);
        }
        let status = "performance.getEntriesByType('navigation')[0]?.responseStatus ?? 0";
        Ok(self.evaluate::<u16>(status).await? == 401)
    }

    /// Makes the browser remember the password, by using it once for the
    /// address that asks for it. The browser presents it only there, and
    /// wherever else that server asks for it in the same name.
    pub(super) async fn log_in(&mut self, address: &str) -> Result<(), BrowserError> {
        let credentials = Arc::clone(&self.visit.credentials);
        let with_password = credentials
            .basic_auth
            .as_ref()
            .and_then(|(user, password)| {
                let mut url = Url::parse(address).ok()?;
                url.set_username(user.reveal()).ok()?;
                url.set_password(Some(password.reveal())).ok()?;
                Some(url)
            });
        let Some(url) = with_password else {
            return Err(self.no_entry("its address takes no user and password"));
        };
        // What the driver has to say may hold the password.
        let goto = self.driver.client.goto(url.as_str());
        if !matches!(timeout(LOG_IN_LIMIT, goto).await, Ok(Ok(()))) {
            return Err(self.no_entry("the page with user and password could not be loaded"));
        }
        self.visit.has_password = true;
        Ok(())
    }

    /// Makes the open page send headers and cookies, and trust the server if
    /// it may.
    pub(super) async fn present(&mut self) -> Result<(), BrowserError> {
        let credentials = Arc::clone(&self.visit.credentials);
        if credentials.is_empty() {
            return Ok(());
        }
        if !self.visit.page_knows {
            if credentials.insecure {
                self.cdp(
                    "Security.setIgnoreCertificateErrors",
                    json!({ "ignore": true }),
                )
                .await?;
            }
            if !credentials.headers.is_empty() {
                let header =
                    |(name, value): &(String, Secret)| (name.clone(), json!(value.reveal()));
                let headers: Map<String, Value> = credentials.headers.iter().map(header).collect();
                self.cdp("Network.enable", json!({})).await?;
                self.cdp("Network.setExtraHTTPHeaders", json!({ "headers": headers }))
                    .await?;
            }
            self.visit.page_knows = true;
        }
        if !self.visit.has_cookies && !credentials.cookies.is_empty() {
            let url = format!("{}/", self.visit.base);
            let cookie = |(name, value): &(String, Secret)| json!({ "name": name, "value": value.reveal(), "url": url });
            let cookies: Vec<Value> = credentials.cookies.iter().map(cookie).collect();
            self.cdp("Network.setCookies", json!({ "cookies": cookies }))
                .await?;
            self.visit.has_cookies = true;
        }
        Ok(())
    }

    fn no_entry(&self, reason: &str) -> BrowserError {
        BrowserError::Load {
            url: self.visit.base.clone(),
            reason: format!("{reason} (`basic-auth` in [stories])"),
        }
    }
}
