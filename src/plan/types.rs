//! The plan: which snapshots there are, in which order.

use std::path::PathBuf;
use std::sync::Arc;

use crate::manifest::{Device, Screen, StorySpec, Theme};
use crate::model::BrowserName;
use crate::model::StoryIdentifier;
use tintype_compare::Options;

/// One test: a story in a theme on a screen in a browser.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Its identifier, with suffixes; its names follow from it.
    pub identifier: StoryIdentifier,
    /// The story.
    pub story: Arc<StorySpec>,
    /// The theme.
    pub theme: Arc<Theme>,
    /// Viewport and scale.
    pub screen: Screen,
    /// What else it is told of the device.
    pub device: Device,
    /// The engine.
    pub browser: BrowserName,
    /// Its baseline's file, absolute.
    pub baseline: PathBuf,
    /// Why it is left out.
    pub skip: Option<String>,
    /// Why it is known to fail, here.
    pub known_failure: Option<String>,
}

impl Snapshot {
    /// How its picture is compared.
    pub fn compare(&self) -> &Options {
        self.story.compare.of(self.browser)
    }
}

/// Every snapshot of a manifest: stories in the manifest's order, and for each
/// browsers, then themes, then screens.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The snapshots, those that are skipped among them.
    pub snapshots: Vec<Snapshot>,
}
