//! How screenshots are compared.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{BrowserName, Region};
use tintype_compare::{Antialiasing, DiffWindow, Metric, Options, Perceptual};

/// The threshold that a baseline from another environment gets at least,
/// unless the manifest sets one for it.
const OTHER_ENVIRONMENT_THRESHOLD: f64 = 0.1;

/// How screenshots are compared on this platform, in each engine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Tolerances {
    /// The platform of the browsers.
    #[serde(skip)]
    platform: &'static str,
    #[serde(flatten)]
    engines: BTreeMap<BrowserName, Tolerance>,
}

/// How the screenshots of one engine are compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Tolerance {
    options: Options,
    /// The settings of `[compare.other-environment]`.
    other_environment: CompareSettings,
}

/// Settings of `[compare]` that are set.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(in crate::manifest) struct CompareSettings {
    pub(in crate::manifest) metric: Option<Metric>,
    pub(in crate::manifest) threshold: Option<f64>,
    pub(in crate::manifest) antialiasing: Option<Antialiasing>,
    pub(in crate::manifest) limits: CompareLimits,
    pub(in crate::manifest) ignore: Option<Vec<Region>>,
    pub(in crate::manifest) moved: Option<bool>,
    pub(in crate::manifest) perceptual: Option<Perceptual>,
}

/// Limits on differing pixels that are set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(in crate::manifest) struct CompareLimits {
    pub(in crate::manifest) pixels: Option<u64>,
    pub(in crate::manifest) ratio: Option<f64>,
    pub(in crate::manifest) window: Option<DiffWindow>,
}

impl Tolerances {
    /// Exact comparison of screenshots from browsers on this platform.
    pub(in crate::manifest) fn exact_on(platform: &'static str) -> Self {
        let exact = Tolerance {
            options: Options::exact(),
            other_environment: CompareSettings::default(),
        };
        let each = BrowserName::ALL.map(|browser| (browser, exact.clone()));
        Self {
            platform,
            engines: each.into(),
        }
    }

    /// Whether the settings of a platform apply.
    pub(in crate::manifest) fn are_on(&self, platform: &str) -> bool {
        self.platform == platform
    }

    /// How the screenshots of an engine are compared with baselines from the
    /// same environment.
    pub(crate) fn of(&self, browser: BrowserName) -> &Options {
        &self.engines[&browser].options
    }

    /// How the screenshots of an engine are compared with baselines from
    /// another environment.
    pub(crate) fn of_other_environment(&self, browser: BrowserName) -> Options {
        let Tolerance {
            options,
            other_environment,
        } = &self.engines[&browser];
        let mut options = options.clone();
        options.threshold = options.threshold.max(OTHER_ENVIRONMENT_THRESHOLD);
        options.antialiasing = Antialiasing::Ignore;
        other_environment.apply(&mut options);
        options
    }

    /// Changes how the screenshots of every engine are compared.
    pub(in crate::manifest) fn change_all(&mut self, change: impl Fn(&mut Options)) {
        for tolerance in self.engines.values_mut() {
            change(&mut tolerance.options);
        }
    }

    /// Applies settings to every engine.
    pub(in crate::manifest) fn apply(&mut self, settings: &CompareSettings) {
        self.change_all(|options| settings.apply(options));
    }

    /// Applies settings to one engine.
    pub(in crate::manifest) fn apply_to(
        &mut self,
        browser: BrowserName,
        settings: &CompareSettings,
    ) {
        if let Some(tolerance) = self.engines.get_mut(&browser) {
            settings.apply(&mut tolerance.options);
        }
    }

    /// Applies settings for baselines from another environment.
    pub(in crate::manifest) fn apply_to_other_environment(&mut self, settings: &CompareSettings) {
        for tolerance in self.engines.values_mut() {
            tolerance.other_environment.merge(settings);
        }
    }
}

impl CompareSettings {
    fn apply(&self, options: &mut Options) {
        set(&mut options.metric, self.metric);
        set(&mut options.threshold, self.threshold);
        set(&mut options.antialiasing, self.antialiasing);
        set(&mut options.ignore, self.ignore.clone());
        set(&mut options.detect_moves, self.moved);
        set(&mut options.perceptual, self.perceptual);
        let limits = self.limits;
        options.max_diff_pixels = limits.pixels.or(options.max_diff_pixels);
        options.max_diff_ratio = limits.ratio.or(options.max_diff_ratio);
        options.max_diff_window = limits.window.or(options.max_diff_window);
    }

    /// Takes over what `newer` sets.
    fn merge(&mut self, newer: &Self) {
        self.metric = newer.metric.or(self.metric);
        self.threshold = newer.threshold.or(self.threshold);
        self.antialiasing = newer.antialiasing.or(self.antialiasing);
        self.limits.pixels = newer.limits.pixels.or(self.limits.pixels);
        self.limits.ratio = newer.limits.ratio.or(self.limits.ratio);
        self.limits.window = newer.limits.window.or(self.limits.window);
        self.ignore = newer.ignore.clone().or(self.ignore.take());
        self.moved = newer.moved.or(self.moved);
        self.perceptual = newer.perceptual.or(self.perceptual);
    }
}

fn set<T>(target: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *target = value;
    }
}
