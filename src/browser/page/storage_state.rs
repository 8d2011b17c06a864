//! What makes a browser somebody's: cookies, and the local storage of an
//! origin. Taken from one session and given to others.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

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

/// Fills the storage of an origin that has none yet.
pub(in crate::browser) const FILL: &str = "((origin, items) => {
  if (window !== top || location.origin !== origin || localStorage.length > 0) return;
  for (const [key, value] of Object.entries(items)) localStorage.setItem(key, value);
})";
