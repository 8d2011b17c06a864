//! The names of Tintype's own variables, and a check for misspelt ones.

use super::error::ConfigError;
use super::suggest::closest;
use super::variables::Variables;

/// Tells a login command the address of the stories.
pub(crate) const BASE_URL: &str = "TINTYPE_BASE_URL";

/// Tells a process that it is the coordinator of a nextest run.
pub(crate) const COORDINATOR: &str = "TINTYPE_INTERNAL_COORDINATOR";

/// Holds the key for shared logins.
pub(super) const LOGIN_KEY: &str = "TINTYPE_LOGIN_KEY";

/// The start of every variable of Tintype's own.
const PREFIX: &str = "TINTYPE_";

/// Every variable of Tintype's own that may be set when it runs.
const KNOWN: [&str; 16] = [
    "TINTYPE_UPDATE",
    "TINTYPE_RUN_ID",
    super::share::SHARE,
    "TINTYPE_MANIFEST",
    "TINTYPE_BROWSER",
    "TINTYPE_SESSIONS",
    "TINTYPE_WEBDRIVER",
    "TINTYPE_RETRIES",
    "TINTYPE_CACHE",
    "TINTYPE_LOG",
    "TINTYPE_EXPLAIN",
    "TINTYPE_ARTIFACTS",
    LOGIN_KEY,
    "TINTYPE_REVIEW_TOKEN",
    BASE_URL,
    COORDINATOR,
];

/// At most this many letters differ between a misspelt name and the real one, and
/// at most a third of those after the prefix. Suites choose the variables of steps and
/// logins, so it is small.
const MAX_DISTANCE: usize = 2;

/// The names that begin like Tintype's own and are none of them. They may be of the
/// suite.
pub(super) fn unknown(variables: &Variables) -> impl Iterator<Item = &str> {
    let names = variables.names();
    names.filter(|name| name.starts_with(PREFIX) && !KNOWN.contains(name))
}

/// Refuses a variable whose name is close to that of a known one.
pub(super) fn check(variables: &Variables) -> Result<(), ConfigError> {
    for name in unknown(variables) {
        let letters = name.len() - PREFIX.len();
        let max_distance = (letters / 3).clamp(1, MAX_DISTANCE);
        if let Some(suggestion) = closest(name, KNOWN, max_distance) {
            return Err(ConfigError::Misspelt {
                variable: name.to_owned(),
                suggestion,
            });
        }
    }
    Ok(())
}
