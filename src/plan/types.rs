//! Snapshots and their order.

use std::path::PathBuf;
use std::sync::Arc;

use crate::manifest::{Device, Quarantine, Screen, StorySpec, Theme};
use crate::model::BrowserName;
use crate::model::StoryIdentifier;
use tintype_compare::Options;

/// One test: a story in a theme, a viewport and a browser.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// Its identifier with suffixes.
    pub identifier: StoryIdentifier,
    /// The story.
    pub story: Arc<StorySpec>,
    /// The theme.
    pub theme: Arc<Theme>,
    /// Viewport and scale.
    pub screen: Screen,
    /// The device.
    pub device: Device,
    /// The engine.
    pub browser: BrowserName,
    /// The absolute path of its baseline.
    pub baseline: PathBuf,
    /// The reason for skipping it.
    pub skip: Option<String>,
    /// The quarantines that hold today.
    pub(crate) quarantines: Vec<Arc<Quarantine>>,
    /// The reason why it is expected to fail here.
    pub known_failure: Option<String>,
}

impl Snapshot {
    /// The options for comparing its screenshot with a baseline from the same
    /// environment.
    pub fn compare(&self) -> &Options {
        self.story.compare.of(self.browser)
    }

    /// The options for comparing it with a baseline from another environment.
    pub(crate) fn compare_with_other_environment(&self) -> Options {
        self.story.compare.of_other_environment(self.browser)
    }
}

/// The snapshots of a manifest in order.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The snapshots, including skipped ones.
    pub snapshots: Vec<Snapshot>,
}
