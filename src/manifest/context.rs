//! The environment in which a manifest is read.

use std::path::PathBuf;

use crate::config::{ArtifactLocation, Config, System, Variables};

use super::state_dir::{project_name, state_dir, workspace_member};

/// The environment in which a manifest is read.
pub(super) struct ReadContext {
    /// The folder of the manifest, absolute.
    pub(super) root: PathBuf,
    /// The folder `target/tintype`.
    pub(super) state_dir: PathBuf,
    /// The name of the project, unless the manifest sets it.
    pub(super) project: String,
    /// Whether the package shares its target folder with others.
    pub(super) is_member: bool,
    pub(super) system: System,
    pub(super) variables: Variables,
    /// The artifact store that the environment names.
    pub(super) artifacts: Option<ArtifactLocation>,
}

impl ReadContext {
    pub(super) fn new(root: PathBuf, config: &Config) -> Self {
        Self {
            state_dir: state_dir(&root, &config.system),
            project: project_name(&root),
            is_member: workspace_member(&root, &config.system).is_some(),
            root,
            system: config.system.clone(),
            variables: config.variables.clone(),
            artifacts: config.overrides.artifacts.clone(),
        }
    }
}
