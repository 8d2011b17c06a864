//! A manifest without errors.

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::ArtifactLocation;

use super::alert::AlertSettings;
use super::browser::BrowserSettings;
use super::credentials::CredentialTemplates;
use super::device::Device;
use super::quarantine::Quarantine;
use super::retention::RetentionSettings;
use super::screen::Screen;
use super::source::Source;
use super::story::StorySpec;
use super::template::BaselineTemplate;
use super::theme::Theme;

/// A manifest without errors.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The path of the manifest as the user named it.
    pub path: PathBuf,
    /// The folder of the manifest, absolute. Relative paths start here.
    pub root: PathBuf,
    /// The folder `target/tintype`.
    pub(crate) state_dir: PathBuf,
    /// The name under which the record keeps the project's runs.
    pub project: String,
    /// The repository's default branch, if the manifest names it.
    pub default_branch: Option<String>,
    /// Which runs are removed at the end of a run.
    pub retention: RetentionSettings,
    /// Whether the package shares its target folder with others.
    pub(crate) is_member: bool,
    /// Where the stories come from.
    pub source: Source,
    /// The name by which browsers on other machines reach this one. If it is
    /// set, the built-in server listens on every interface.
    pub host: Option<String>,
    /// Whether the built-in server follows symbolic links out of its folder.
    pub follow_symlinks: bool,
    /// Whether the test target may add stories.
    pub from_code: bool,
    /// Whether a running Storybook does not answer, so that the stories are
    /// those of its last answer, or none.
    pub is_stale: bool,
    /// The credentials for the server of the stories.
    pub credentials: CredentialTemplates,
    /// The browsers.
    pub browser: BrowserSettings,
    /// The viewports by name, in the manifest's order.
    pub viewports: Vec<(String, Screen)>,
    /// The path of baselines below [`root`](Self::root).
    pub baselines: BaselineTemplate,
    /// Whether baselines are in the artifact store, and `baselines.lock` names
    /// them.
    pub keeps_in_store: bool,
    /// The alert rules, and where alerts are sent.
    pub alerts: AlertSettings,
    /// The artifact store, if there is one.
    pub artifacts: Option<ArtifactLocation>,
    /// Whether a layout digest is taken of differing and accepted snapshots.
    pub takes_digest: bool,
    /// The number of retries of a failed capture.
    pub retries: u32,
    /// The device, unless a theme or a story sets another one.
    pub device: Device,
    /// Every story, in the manifest's order, with the settings of the suite.
    pub stories: Vec<Arc<StorySpec>>,
    /// A story with the settings of the suite, without id and path.
    pub(crate) story_defaults: StorySpec,
    /// All themes, in the order of their lines.
    pub(crate) themes: Vec<Arc<Theme>>,
    /// The entries of `quarantine.toml`, in the order of their lines.
    pub quarantines: Vec<Arc<Quarantine>>,
    /// The text of the manifest, for errors that show its lines.
    pub(crate) text: Arc<str>,
}
