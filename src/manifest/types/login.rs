//! Logins.

use std::time::Duration;

use serde::Serialize;

use super::step::Step;

/// A login with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Login {
    /// Its name.
    pub name: String,
    /// How it is done.
    pub how: LoginMethod,
    /// Its maximum lifetime.
    pub ttl: Duration,
    /// How a page shows that the login has expired.
    pub expired: Option<LoginExpiry>,
}

/// How a login is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LoginMethod {
    /// By steps on a page below the source.
    Steps {
        /// The path of the page below the source.
        path: String,
        /// The steps.
        steps: Vec<Step>,
    },
    /// By a command that prints cookies, run by the shell in the manifest's
    /// folder.
    Command(String),
}

/// How a page shows that the login has expired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LoginExpiry {
    /// An element matches this CSS selector.
    Selector(String),
    /// The path of the page begins with this.
    Path(String),
}
