//! Where stories come from.

use std::path::PathBuf;

use serde::Serialize;

/// Where stories come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A folder, absolute, served by the built-in server.
    Dir(PathBuf),
    /// A server that is running or that `command` starts.
    Url {
        /// Its address, without a trailing slash.
        base: String,
        /// The command that starts it, run by the shell in the manifest's
        /// folder.
        command: Option<String>,
    },
    /// The test target serves or names them.
    Code,
}
