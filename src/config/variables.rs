//! A snapshot of the environment, and one variable of it with its checks.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::sync::Arc;

use super::error::ConfigError;

/// The environment variables of the process, read once. Cheap to clone; no
/// formatting shows the values.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Variables(Arc<BTreeMap<String, OsString>>);

impl Variables {
    /// Reads the variables of this process.
    pub fn of_process() -> Self {
        env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .collect()
    }

    /// The value of a variable. An empty one counts as unset.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        let value = self.0.get(&*key(name)).map(OsString::as_os_str);
        value.filter(|value| !value.is_empty())
    }

    /// The value of a variable if it is UTF-8, even if it is empty.
    pub fn raw_text(&self, name: &str) -> Option<&str> {
        self.0.get(&*key(name))?.to_str()
    }

    /// The value of a variable if it is UTF-8. An empty one counts as unset.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.to_str()
    }

    /// The names of all variables that are set.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let set = self.0.iter().filter(|(_, value)| !value.is_empty());
        set.map(|(name, _)| name.as_str())
    }

    /// A variable with the checks that an invalid value needs.
    pub(super) fn variable(&self, name: &'static str) -> Option<Variable> {
        // An invalid value is shown in the error that follows.
        let value = self.get(name)?.to_string_lossy().into_owned();
        Some(Variable { name, value })
    }
}

/// The name under which a variable is kept: on Windows letter case is ignored,
/// and `PATH` is often `Path`.
fn key(name: &str) -> Cow<'_, str> {
    match cfg!(windows) {
        true => Cow::Owned(name.to_ascii_uppercase()),
        false => Cow::Borrowed(name),
    }
}

impl<K: Into<String>, V: Into<OsString>> FromIterator<(K, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter();
        let pairs = pairs.map(|(name, value)| (key(&name.into()).into_owned(), value.into()));
        Self(Arc::new(pairs.collect()))
    }
}

impl<K: Into<String>, V: Into<OsString>, const N: usize> From<[(K, V); N]> for Variables {
    fn from(pairs: [(K, V); N]) -> Self {
        pairs.into_iter().collect()
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Variables(…)")
    }
}

/// A variable that is set.
pub(super) struct Variable {
    pub(super) name: &'static str,
    pub(super) value: String,
}

impl Variable {
    /// The error for an invalid value.
    pub(super) fn invalid(&self, expected: impl Into<String>) -> ConfigError {
        // A password may be before the `@`, even if the value is not a URL.
        let value = match self.value.rsplit_once('@') {
            Some((_, after)) => format!("***@{after}"),
            None => self.value.clone(),
        };
        ConfigError::Invalid {
            variable: self.name,
            value,
            expected: expected.into(),
        }
    }

    /// The meaning of the value among the choices.
    pub(super) fn one_of<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, ConfigError> {
        let found = choices.iter().find(|(word, _)| *word == self.value);
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let words = choices.iter().map(|(word, _)| format!("`{word}`"));
            let words: Vec<_> = words.collect();
            self.invalid(match words.split_last() {
                Some((last, rest)) if !rest.is_empty() => {
                    format!("{} or {last}", rest.join(", "))
                }
                _ => words.concat(),
            })
        })
    }
}
