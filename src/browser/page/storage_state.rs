//! Cookies and local storage of a login, taken from one session and used in
//! others.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::redact;

/// The cookies and the local storage of a login. `Debug` shows no values.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StorageState {
    /// Every cookie.
    pub cookies: Vec<Cookie>,
    /// The origin of the storage: `http://127.0.0.1:3000`.
    pub origin: String,
    /// The origin's local storage.
    pub storage: BTreeMap<String, String>,
}

/// A cookie.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Its host, with a leading dot to include subdomains; by default the
    /// source's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The path that it is limited to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Whether it is sent over TLS only.
    #[serde(default)]
    pub secure: bool,
    /// Whether scripts cannot read it.
    #[serde(default)]
    pub http_only: bool,
    /// `Strict`, `Lax` or `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_site: Option<String>,
    /// Its expiry in seconds since the Unix epoch; a session cookie has none or
    /// a negative one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<f64>,
}

impl StorageState {
    /// Keeps the values out of messages.
    pub(crate) fn keep_secret(&self) {
        let cookies = self.cookies.iter().map(|cookie| &cookie.value);
        for value in cookies.chain(self.storage.values()) {
            redact::register_won(value);
        }
    }
}

impl fmt::Debug for StorageState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (cookies, items) = (self.cookies.len(), self.storage.len());
        write!(f, "StorageState({cookies} cookies, {items} items)")
    }
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cookie({}=…)", self.name)
    }
}

/// The script that fills the local storage of the state's origin, unless there
/// is something in it.
pub(in crate::browser) fn fill_storage_script(state: &StorageState) -> String {
    let fill = include_str!("../scripts/fill_storage.js").trim_end();
    format!("{fill}({}, {})", json!(state.origin), json!(state.storage))
}
