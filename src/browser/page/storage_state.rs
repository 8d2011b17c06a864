//! What makes a browser somebody's: cookies, and the local storage of an
//! origin. Taken from one session and given to others.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;

/// What a log-in has left in a browser. No formatting shows what it holds.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StorageState {
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
