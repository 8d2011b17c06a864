//! The names of objects below the prefix of the store.

use std::fmt;

use crate::files;
use crate::model::RunId;

/// The name of an object, with `/` between its parts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey(String);

impl ObjectKey {
    /// The picture with this SHA-256, in lowercase hexadecimal. `None` if it is
    /// no such hash: it may come from another machine.
    pub fn picture(sha256: &str) -> Option<Self> {
        files::sha256_path(sha256).map(Self)
    }

    /// A file of a run.
    pub fn run_file(run: &RunId, name: &str) -> Self {
        Self(format!("runs/{run}/{name}"))
    }

    /// The key of a path below the outbox or the prefix of a store.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let key = Self(path.to_owned());
        let is_run_file = || {
            let (run, name) = path.strip_prefix("runs/")?.split_once('/')?;
            RunId::parse(run)?;
            (!name.is_empty() && !name.contains('/')).then_some(())
        };
        (key.sha256().is_some() || is_run_file().is_some()).then_some(key)
    }

    /// The SHA-256 of a picture.
    pub fn sha256(&self) -> Option<String> {
        let (folder, rest) = self.0.strip_prefix("sha256/")?.split_once('/')?;
        let sha256 = format!("{folder}{}", rest.strip_suffix(".png")?);
        (Self::picture(&sha256)? == *self).then_some(sha256)
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
