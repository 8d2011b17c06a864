//! What makes a browser somebody's: cookies, and the local storage of an
//! origin. Taken from one session and given to others.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::BrowserError;
use super::page::Page;
use super::session::Session;

/// What a log-in has left in a browser. No formatting shows what it holds.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SignedIn {
    /// Every cookie.
    pub cookies: Vec<Cookie>,
    /// The origin of the storage: `http://127.0.0.1:3000`.
    pub origin: String,
    /// The origin's local storage.
    pub storage: BTreeMap<String, String>,
}

/// A cookie, as browsers keep it.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The host to which it goes, with a leading dot for its subdomains, too;
    /// the source's where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The path below which it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Whether it goes over TLS only.
    #[serde(default)]
    pub secure: bool,
    /// Whether scripts cannot read it.
    #[serde(default)]
    pub http_only: bool,
    /// `Strict`, `Lax` or `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_site: Option<String>,
    /// When it ends, in seconds since the Unix epoch; with the session where it
    /// is not said or negative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<f64>,
}

impl fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (cookies, items) = (self.cookies.len(), self.storage.len());
        write!(f, "SignedIn({cookies} cookies, {items} items)")
    }
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cookie({}=…)", self.name)
    }
}

/// Fills the storage of an origin that has none yet.
pub(super) const FILL: &str = "((origin, items) => {
  if (window !== top || location.origin !== origin || localStorage.length > 0) return;
  for (const [key, value] of Object.entries(items)) localStorage.setItem(key, value);
})";

impl Session {
    /// Makes the browser somebody's, or nobody's, from the next load on. What
    /// it has been before is not forgotten by this.
    pub fn sign_in(&mut self, state: Option<SignedIn>) {
        self.signed_in = state;
    }

    /// Loads an address as whoever is signed in.
    pub(super) async fn enter(&self, address: &str, limit: Duration) -> Result<(), BrowserError> {
        let Some(state) = &self.signed_in else {
            return self.go(address, limit).await;
        };
        self.give_cookies(state, address).await?;
        let filling = self.fill_storage(state).await?;
        let outcome = self.go(address, limit).await;
        // Whatever came of it: the next story may be nobody's.
        outcome.and(self.stop_filling(filling).await)
    }

    /// What the loaded page and its browser have become by a log-in.
    ///
    /// # Errors
    /// When the browser refuses or is gone.
    pub async fn what_signed_in(&self) -> Result<SignedIn, BrowserError> {
        let answer = self.cdp("Storage.getCookies", json!({})).await?;
        let cookies = answer["cookies"].as_array().into_iter().flatten();
        let storage = "[location.origin, Object.entries(localStorage)]";
        let (origin, items): (String, Vec<(String, String)>) = self.evaluate(storage).await?;
        Ok(SignedIn {
            cookies: cookies
                .filter_map(|cookie| serde_json::from_value(cookie.clone()).ok())
                .collect(),
            origin,
            storage: items.into_iter().collect(),
        })
    }

    /// Whether there is a cookie, also one that scripts cannot read.
    pub(super) async fn has_cookies(&self) -> Result<bool, BrowserError> {
        let answer = self.cdp("Storage.getCookies", json!({})).await?;
        Ok(answer["cookies"]
            .as_array()
            .is_some_and(|all| !all.is_empty()))
    }

    /// Gives the browser the cookies of a log-in.
    async fn give_cookies(&self, state: &SignedIn, address: &str) -> Result<(), BrowserError> {
        let cookies: Vec<Value> = state
            .cookies
            .iter()
            .map(|cookie| given(cookie, address))
            .collect();
        if cookies.is_empty() {
            return Ok(());
        }
        let cookies = json!({ "cookies": cookies });
        // A refusal may show what was refused.
        match self.cdp("Network.setCookies", cookies).await {
            Err(BrowserError::Refused { command, .. }) => Err(BrowserError::Refused {
                command,
                reason: "a cookie of the log-in is not valid".to_owned(),
            }),
            outcome => outcome.map(drop),
        }
    }

    /// Lets the next document of the log-in's origin begin with its storage.
    /// Returns the name by which the browser forgets that again.
    async fn fill_storage(&self, state: &SignedIn) -> Result<Option<Value>, BrowserError> {
        if state.storage.is_empty() {
            return Ok(None);
        }
        let source = format!("{FILL}({}, {})", json!(state.origin), json!(state.storage));
        let answer = self
            .cdp(
                "Page.addScriptToEvaluateOnNewDocument",
                json!({ "source": source }),
            )
            .await?;
        Ok(Some(json!({ "identifier": answer["identifier"] })))
    }

    /// Ends what [`fill_storage`](Self::fill_storage) has begun: a page that
    /// logs out is not logged in again.
    async fn stop_filling(&self, name: Option<Value>) -> Result<(), BrowserError> {
        let Some(name) = name else { return Ok(()) };
        self.cdp("Page.removeScriptToEvaluateOnNewDocument", name)
            .await
            .map(drop)
    }
}

/// A cookie as the browser takes it. One without a domain is the address's.
fn given(cookie: &Cookie, address: &str) -> Value {
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
