//! What decides pixels besides the story.

use std::collections::BTreeMap;
use std::env;

use serde::Serialize;

use crate::config::Variables;

/// Variables that browsers and fontconfig listen to: language, time zone,
/// fonts.
const VARIABLES: &[&str] = &[
    "FONTCONFIG_FILE",
    "FONTCONFIG_PATH",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_MESSAGES",
    "LC_NUMERIC",
    "LC_TIME",
    "TZ",
];

/// What decides pixels besides the story. Passes are good for the context in
/// which they were recorded, and for no other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Context {
    /// The browser's build, as [`build`](super::build()) tells it, and its kind:
    /// `Chromium 156.0.8078.79 (headless shell)`.
    pub browser: String,
    /// The switches that it is started with, without such as name folders and
    /// ports.
    pub switches: Vec<String>,
    /// A fingerprint of the system's fonts.
    pub fonts: Option<String>,
    /// The operating system.
    pub platform: String,
    /// The processor's architecture.
    pub arch: String,
    /// This crate's version, and a fingerprint of its source: who works on it
    /// must not be told what an older build of it has seen.
    pub tintype: String,
    /// Language, time zone and font variables that are set.
    pub variables: BTreeMap<String, String>,
    /// A fingerprint of the system's time zone, where there is one file for
    /// it.
    pub time_zone: Option<String>,
    /// What stands for the test target's hooks.
    pub hooks: Option<String>,
}

impl Context {
    /// The context of this process, with a browser of this build, started with
    /// these switches, on a system with these fonts.
    pub fn here(
        browser: String,
        switches: Vec<String>,
        fonts: Option<String>,
        environment: &Variables,
    ) -> Self {
        let set = |name: &&str| {
            let value = environment.get(name)?.to_string_lossy().into_owned();
            Some(((*name).to_owned(), value))
        };
        let zone = std::fs::read("/etc/localtime").ok();
        Self {
            browser,
            switches,
            fonts,
            platform: env::consts::OS.to_owned(),
            arch: env::consts::ARCH.to_owned(),
            tintype: concat!(
                env!("CARGO_PKG_VERSION"),
                " ",
                env!("TINTYPE_SOURCE_FINGERPRINT")
            )
            .to_owned(),
            variables: VARIABLES.iter().filter_map(set).collect(),
            hooks: None,
            time_zone: zone.map(|bytes| blake3::hash(&bytes).to_hex().to_string()),
        }
    }
}
