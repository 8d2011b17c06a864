//! Getting into a server that wants to see something first.
//!
//! Cookies and passwords go only to the server that they are for. Extra
//! headers go with every request of the page: the browser knows no other way.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::timeout;
use url::Url;

use super::applied::SentCredentials;
use super::page::ChromiumPage;
use crate::browser::error::BrowserError;
use crate::browser::page::{Access, Page};
use crate::config::Secret;
use crate::manifest::Credentials;

/// How long the page with the password may take to load.
const LOG_IN_LIMIT: Duration = Duration::from_secs(20);

impl ChromiumPage {
    /// Presents credentials to the server at `base` from the next page on.
    pub fn set_credentials(&mut self, base: &str, credentials: Arc<Credentials>) {
        self.state.access = Access {
            base: base.to_owned(),
            credentials,
        };
        self.sent = SentCredentials::default();
    }

    /// Whether the server has asked for a password that there is, and that the
    /// browser does not remember yet.
    pub(super) async fn needs_password(&self) -> Result<bool, BrowserError> {
        if self.sent.password || self.state.access.credentials.basic_auth.is_none() {
            return Ok(false);
        }
        Ok(self.call::<u16>("responseStatus", &[]).await? == 401)
    }

    /// Makes the browser remember the password, by using it once for the
    /// address that asks for it. The browser presents it only there, and
    /// wherever else that server asks for it in the same name.
    pub(super) async fn authenticate(&mut self, address: &str) -> Result<(), BrowserError> {
        let credentials = Arc::clone(&self.state.access.credentials);
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
            return Err(self.authentication_failed("its address takes no user and password"));
        };
        // What the driver has to say may hold the password.
        let goto = self.driver.client.goto(url.as_str());
        if !matches!(timeout(LOG_IN_LIMIT, goto).await, Ok(Ok(()))) {
            return Err(
                self.authentication_failed("the page with user and password could not be loaded")
            );
        }
        self.sent.password = true;
        Ok(())
    }

    /// Makes the open page send headers and cookies, and trust the server if
    /// it may.
    pub(super) async fn send_credentials(&mut self) -> Result<(), BrowserError> {
        let credentials = Arc::clone(&self.state.access.credentials);
        if credentials.is_empty() {
            return Ok(());
        }
        if !self.sent.headers {
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
            self.sent.headers = true;
        }
        if !self.sent.cookies && !credentials.cookies.is_empty() {
            let url = format!("{}/", self.state.access.base);
            let cookie = |(name, value): &(String, Secret)| json!({ "name": name, "value": value.reveal(), "url": url });
            let cookies: Vec<Value> = credentials.cookies.iter().map(cookie).collect();
            self.cdp("Network.setCookies", json!({ "cookies": cookies }))
                .await?;
            self.sent.cookies = true;
        }
        Ok(())
    }

    fn authentication_failed(&self, reason: &str) -> BrowserError {
        BrowserError::Load {
            url: self.state.access.base.clone(),
            reason: format!("{reason} (`basic-auth` in [stories])"),
        }
    }
}
