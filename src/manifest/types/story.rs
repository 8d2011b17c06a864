//! A story with everything that applies to it.

use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;

use crate::model::BrowserName;

use super::budget::Budget;
use super::capture::CaptureSettings;
use super::coordination::{Dependency, StoryLock};
use super::device::Device;
use super::known_failure::KnownFailure;
use super::login::Login;
use super::request_rule::RequestRule;
use super::screen::Screen;
use super::step::Step;
use super::theme::Theme;
use super::tolerances::Tolerances;

/// The story of a Storybook that a story shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct StorybookDetails {
    /// Its id in the Storybook.
    pub id: String,
    /// Its tags in the Storybook. They change nothing of its picture.
    #[serde(skip)]
    pub tags: Vec<String>,
    /// Its args in the form of a URL, empty without any: `label:Save+it`.
    pub args: String,
    /// Whether its parameters decide how it is compared, since the manifest
    /// does not.
    pub may_compare: bool,
    /// Whether its parameters decide its viewports.
    pub may_pick_screens: bool,
    /// Whether its parameters may skip it.
    pub may_skip: bool,
}

/// A story with everything that applies to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StorySpec {
    /// Its id without suffixes.
    pub id: String,
    /// Its URL relative to the source, percent-encoded:
    /// `forms/button.html?state=on`.
    pub path: String,
    /// The themes in which it is shown, at least one.
    pub themes: Vec<Arc<Theme>>,
    /// The viewports in which it is shown, at least one.
    pub screens: Vec<Screen>,
    /// The engines in which it is shown, at least one.
    pub browsers: Vec<BrowserName>,
    /// How it is compared.
    pub(crate) compare: Tolerances,
    /// How it is captured.
    pub capture: CaptureSettings,
    /// The limits for the measurements of its page.
    #[serde(skip_serializing_if = "Budget::is_empty")]
    pub(crate) budget: Budget,
    /// The steps before it is captured.
    pub(crate) steps: Vec<Step>,
    /// Its device, which beats those of its themes.
    pub device: Device,
    /// Its login.
    pub(crate) login: Option<Arc<Login>>,
    /// The rules for its requests: those of the story, then those of the suite.
    pub(crate) requests: Vec<Arc<RequestRule>>,
    /// The stories that must have passed before it runs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) after: Vec<Dependency>,
    /// The lock that it holds while it is captured.
    #[serde(skip)]
    pub(crate) lock: Option<Arc<StoryLock>>,
    /// The reason for skipping it.
    pub skip: Option<String>,
    /// The story of a Storybook that it shows.
    pub(crate) storybook: Option<StorybookDetails>,
    /// Where and why it is expected to fail.
    pub(crate) known_failure: Option<KnownFailure>,
    /// The bytes of the manifest that declare it.
    #[serde(skip)]
    pub(crate) declared: Range<usize>,
}

impl StorySpec {
    /// Its tags, if it is of a Storybook.
    pub fn tags(&self) -> &[String] {
        let storybook = self.storybook.as_ref();
        storybook.map_or(&[], |storybook| &storybook.tags)
    }

    /// Whether its engines meet at a `sync` step.
    pub(crate) fn has_sync(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Sync(_)))
    }
}
