//! Reads and sets cookies and local storage of Chromium.

use std::time::Duration;

use serde_json::{Value, json};

use super::page::ChromiumPage;
use crate::browser::error::BrowserError;
use crate::browser::page::{Cookie, Page, StorageState, fill_storage_script};

impl ChromiumPage {
    /// Navigates with the cookies and storage of the login.
    pub(super) async fn navigate_signed_in(
        &self,
        address: &str,
        limit: Duration,
    ) -> Result<(), BrowserError> {
        let Some(state) = &self.state.storage_state else {
            return self.try_navigate(address, limit).await;
        };
        self.set_cookies(state, address).await?;
        let filling = self.fill_storage(state).await?;
        let outcome = self.try_navigate(address, limit).await;
        // Also after an error: the next story may have no login.
        outcome.and(self.remove_script(filling).await)
    }

    /// The cookies of the browser and the local storage of the loaded page.
    pub async fn storage_state(&self) -> Result<StorageState, BrowserError> {
        let answer = self.cdp("Storage.getCookies", json!({})).await?;
        let cookies = answer["cookies"].as_array().into_iter().flatten();
        let (origin, items): (String, Vec<(String, String)>) =
            self.call("localStorageItems", &[]).await?;
        Ok(StorageState {
            cookies: cookies
                .filter_map(|cookie| serde_json::from_value(cookie.clone()).ok())
                .collect(),
            origin,
            storage: items.into_iter().collect(),
        })
    }

    /// Whether there is a cookie, including those that scripts cannot read.
    pub(in crate::browser) async fn has_cookies(&self) -> Result<bool, BrowserError> {
        let answer = self.cdp("Storage.getCookies", json!({})).await?;
        Ok(answer["cookies"]
            .as_array()
            .is_some_and(|all| !all.is_empty()))
    }

    /// Sets the cookies of a login.
    async fn set_cookies(&self, state: &StorageState, address: &str) -> Result<(), BrowserError> {
        let cookies: Vec<Value> = state
            .cookies
            .iter()
            .map(|cookie| cookie_parameters(cookie, address))
            .collect();
        if cookies.is_empty() {
            return Ok(());
        }
        let cookies = json!({ "cookies": cookies });
        // The error may contain the cookie.
        match self.cdp("Network.setCookies", cookies).await {
            Err(BrowserError::Refused { command, .. }) => Err(BrowserError::Refused {
                command,
                reason: "a cookie of the login is invalid".to_owned(),
            }),
            outcome => outcome.map(drop),
        }
    }

    /// Fills the storage of the next document of the login's origin. Returns the
    /// id of the script, for its removal.
    async fn fill_storage(&self, state: &StorageState) -> Result<Option<Value>, BrowserError> {
        if state.storage.is_empty() {
            return Ok(None);
        }
        let source = fill_storage_script(state);
        let answer = self
            .cdp(
                "Page.addScriptToEvaluateOnNewDocument",
                json!({ "source": source }),
            )
            .await?;
        Ok(Some(json!({ "identifier": answer["identifier"] })))
    }

    /// Removes the script of [`fill_storage`](Self::fill_storage): a page that
    /// logs out stays logged out.
    async fn remove_script(&self, name: Option<Value>) -> Result<(), BrowserError> {
        let Some(name) = name else { return Ok(()) };
        self.cdp("Page.removeScriptToEvaluateOnNewDocument", name)
            .await
            .map(drop)
    }
}

/// A cookie for the browser. Without a domain it belongs to the address.
fn cookie_parameters(cookie: &Cookie, address: &str) -> Value {
    let mut given = json!({
        "name": cookie.name,
        "value": cookie.value,
        "path": cookie.path.as_deref().unwrap_or("/"),
        "secure": cookie.secure,
        "httpOnly": cookie.http_only,
    });
    match &cookie.domain {
        Some(domain) => given["domain"] = json!(domain),
        None => given["url"] = json!(address),
    }
    if let Some(same_site) = &cookie.same_site {
        given["sameSite"] = json!(same_site);
    }
    if let Some(expires) = cookie.expires.filter(|at| *at > 0.0) {
        given["expires"] = json!(expires);
    }
    given
}
