//! What reading a manifest depends on besides its text.

use std::path::PathBuf;

use crate::config::{Config, System, Variables};

use super::state_dir::state_dir;

/// What reading a manifest depends on besides its text.
pub(super) struct ReadContext {
    /// The folder of the manifest, absolute.
    pub(super) root: PathBuf,
    /// The folder `target/tintype`.
    pub(super) state_dir: PathBuf,
    pub(super) system: System,
    pub(super) variables: Variables,
}

impl ReadContext {
    pub(super) fn new(root: PathBuf, config: &Config) -> Self {
        Self {
            state_dir: state_dir(&root, &config.system),
            root,
            system: config.system.clone(),
            variables: config.variables.clone(),
        }
    }
}
