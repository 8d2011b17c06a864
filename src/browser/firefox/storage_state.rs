//! Reads and sets cookies and local storage of Firefox.

use std::time::Duration;

use serde_json::{Value, json};
use url::Url;

use super::page::{FirefoxPage, text};
use crate::browser::error::BrowserError;
use crate::browser::page::Page;
use crate::browser::page::{Cookie, StorageState, fill_storage_script};

impl FirefoxPage {
    /// Navigates with the cookies and storage of the login.
    pub(super) async fn navigate_signed_in(
        &self,
        address: &str,
        limit: Duration,
    ) -> Result<(), BrowserError> {
        let Some(state) = &self.state.storage_state else {
            return self.navigate(address, limit).await;
        };
        for cookie in &state.cookies {
            self.set_cookie(cookie, address).await?;
        }
        let filling = self.fill_storage(state).await?;
        let outcome = self.navigate(address, limit).await;
        let Some(filling) = filling else {
            return outcome;
        };
        // Also after an error; and a page that logs out stays logged out.
        let ended = self.bidi("script.removePreloadScript", filling).await;
        outcome.and(ended.map(drop))
    }

    /// The cookies of the tab and the local storage of the loaded page.
    pub(in crate::browser) async fn storage_state(&self) -> Result<StorageState, BrowserError> {
        let answer = self.bidi("storage.getCookies", self.own_cookies()).await?;
        let cookies = answer["cookies"].as_array().into_iter().flatten();
        let (origin, items): (String, Vec<(String, String)>) =
            self.call("localStorageItems", &[]).await?;
        Ok(StorageState {
            cookies: cookies.map(read_cookie).collect(),
            origin,
            storage: items.into_iter().collect(),
        })
    }

    /// Whether there is a cookie, including those that scripts cannot read.
    pub(in crate::browser) async fn has_cookies(&self) -> Result<bool, BrowserError> {
        let answer = self.bidi("storage.getCookies", self.own_cookies()).await?;
        Ok(answer["cookies"]
            .as_array()
            .is_some_and(|all| !all.is_empty()))
    }

    /// The selection of the cookies in the tab's container.
    fn own_cookies(&self) -> Value {
        let container = self.tab.container.as_deref().unwrap_or("default");
        json!({ "partition": { "type": "storageKey", "userContext": container } })
    }

    pub(super) async fn set_cookie(
        &self,
        cookie: &Cookie,
        address: &str,
    ) -> Result<(), BrowserError> {
        let mut given = self.own_cookies();
        given["cookie"] = cookie_parameters(cookie, address);
        self.command_with_secret("storage.setCookie", given).await
    }

    /// Fills the storage of the next document of the login's origin. Returns the
    /// id of the script, for its removal.
    async fn fill_storage(&self, state: &StorageState) -> Result<Option<Value>, BrowserError> {
        if state.storage.is_empty() {
            return Ok(None);
        }
        let fill = fill_storage_script(state);
        let script = json!({
            "functionDeclaration": format!("() => {{\n{fill};\n}}"),
            "contexts": [self.tab.id],
        });
        let answer = self.bidi("script.addPreloadScript", script).await?;
        Ok(Some(json!({ "script": answer["script"] })))
    }
}

/// A cookie of the browser.
fn read_cookie(cookie: &Value) -> Cookie {
    let same_site = match cookie["sameSite"].as_str() {
        Some("strict") => Some("Strict"),
        Some("lax") => Some("Lax"),
        Some("none") => Some("None"),
        _ => None,
    };
    Cookie {
        name: text(&cookie["name"]),
        value: text(&cookie["value"]["value"]),
        domain: cookie["domain"].as_str().map(str::to_owned),
        path: cookie["path"].as_str().map(str::to_owned),
        secure: cookie["secure"] == true,
        http_only: cookie["httpOnly"] == true,
        same_site: same_site.map(str::to_owned),
        expires: cookie["expiry"].as_f64(),
    }
}

/// A cookie for the browser. Without a domain it belongs to the address.
fn cookie_parameters(cookie: &Cookie, address: &str) -> Value {
    let own = Url::parse(address).ok();
    let own = own.as_ref().and_then(Url::host_str).unwrap_or_default();
    let mut given = json!({
        "name": cookie.name,
        "value": { "type": "string", "value": cookie.value },
        "domain": cookie.domain.as_deref().unwrap_or(own),
        "path": cookie.path.as_deref().unwrap_or("/"),
        "secure": cookie.secure,
        "httpOnly": cookie.http_only,
    });
    if let Some(same_site) = &cookie.same_site {
        given["sameSite"] = json!(same_site.to_lowercase());
    }
    if let Some(expires) = cookie.expires.filter(|at| *at > 0.0) {
        given["expiry"] = json!(expires as u64);
    }
    given
}
