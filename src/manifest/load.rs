//! Reads a manifest: puts the sections and the stories together.

use std::path::Path;
use std::sync::Arc;

use toml::de::DeTable;

use crate::config::Config;

use super::context::ReadContext;
use super::error::{ManifestError, Problem};
use super::reader::{Problems, Table};
use super::sections::{check_source, story, suite};
use super::stories;
use super::types::{Manifest, Quarantine};

impl Manifest {
    /// Reads a manifest from its file, and the quarantines beside it.
    ///
    /// # Errors
    /// When the file cannot be read or has errors.
    pub fn load(path: &Path, config: &Config) -> Result<Self, ManifestError> {
        let source = std::fs::read_to_string(path).map_err(|e| ManifestError::read(path, &e))?;
        let mut manifest = Self::parse(path, &source, config)?;
        let quarantines = Quarantine::load(path)?;
        manifest.quarantines = quarantines.into_iter().map(Arc::new).collect();
        Ok(manifest)
    }

    /// Reads a manifest from its text, without quarantines. Relative paths start at the folder of
    /// `path`, and errors name it.
    ///
    /// # Errors
    /// When it has errors.
    pub fn parse(path: &Path, source: &str, config: &Config) -> Result<Self, ManifestError> {
        let (document, broken) = DeTable::parse_recoverable(source);
        if !broken.is_empty() {
            return Err(ManifestError::invalid(path, source, syntax(&broken)));
        }
        let absolute = std::path::absolute(path).map_err(|e| ManifestError::read(path, &e))?;
        let root = absolute.parent().unwrap_or(Path::new("/")).to_owned();

        let mut problems = Problems::default();
        let mut table = Table::document(document.get_ref());
        let context = ReadContext::new(root, config);
        let suite = suite::read(&mut table, context, &mut problems);
        let stories = stories::read(table.take("story").as_ref(), &suite, &mut problems);
        table.finish(&mut problems);
        check_source(&suite.stories.source, &stories, &mut problems);
        if !problems.0.is_empty() {
            return Err(ManifestError::invalid(path, source, problems.0));
        }
        Ok(Self {
            path: path.to_owned(),
            story_defaults: story::story_defaults(&suite, 0..0),
            root: suite.context.root,
            state_dir: suite.context.state_dir,
            project: suite.project,
            default_branch: suite.default_branch,
            retention: suite.retention,
            is_member: suite.context.is_member,
            source: suite.stories.source,
            host: suite.stories.host,
            follow_symlinks: suite.stories.follow_symlinks,
            from_code: suite.stories.from_code,
            is_stale: suite.stories.is_stale,
            credentials: suite.stories.credentials,
            themes: suite.themes,
            viewports: suite.viewports.screens,
            browser: suite.browser,
            baselines: suite.baselines,
            keeps_in_store: suite.keeps_in_store,
            alerts: suite.alerts,
            artifacts: suite.artifacts,
            takes_digest: suite.takes_digest,
            retries: suite.retries,
            device: suite.device,
            stories,
            quarantines: Vec::new(),
            text: source.into(),
        })
    }

    /// An error of errors that are found after reading.
    pub(crate) fn invalid(&self, problems: Vec<Problem>) -> ManifestError {
        ManifestError::invalid(&self.path, &self.text, problems)
    }
}

/// The errors of the TOML parser.
pub(super) fn syntax(errors: &[toml::de::Error]) -> Vec<Problem> {
    errors
        .iter()
        .map(|error| Problem::new(error.span().unwrap_or(0..0), error.message()))
        .collect()
}
