//! Sends headers, cookies and passwords to the server of the stories.
//!
//! Cookies and passwords are sent to that server only. Extra headers are sent
//! with every request of the page, because the browser has no finer setting.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use url::Url;

use super::page::ChromiumPage;
use crate::browser::error::BrowserError;
use crate::browser::page::Page;
use crate::config::Secret;

/// The time limit for the request with the password.
const AUTHENTICATION_TIMEOUT: Duration = Duration::from_secs(20);

impl ChromiumPage {
    /// Whether the server requests a password that is configured and that the
    /// browser does not remember yet.
    pub(super) async fn needs_password(&self) -> Result<bool, BrowserError> {
        if self.sent.password || self.state.access.credentials.basic_auth.is_none() {
            return Ok(false);
        }
        Ok(self.call::<u16>("responseStatus", &[]).await? == 401)
    }

    /// Requests the address once with the password, so that the browser remembers
    /// it. The browser sends it to that server and realm only.
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
            return Err(
                self.authentication_failed("its address cannot contain a user and password")
            );
        };
        // The error may contain the password.
        let loaded = self.navigate(url.as_str(), AUTHENTICATION_TIMEOUT).await;
        if loaded.is_err() {
            return Err(
                self.authentication_failed("the page could not be loaded with user and password")
            );
        }
        self.sent.password = true;
        Ok(())
    }

    /// Makes the open tab send headers and cookies, and trust the server's
    /// certificate with `insecure`.
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
            reason: format!("{reason}\nhelp: check `basic-auth` in [stories]"),
        }
    }
}
