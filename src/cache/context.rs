//! The input of a snapshot other than its story.

use std::collections::BTreeMap;
use std::env;

use serde::Serialize;

use crate::config::Variables;
use crate::process::time_zone;

/// Variables that affect browsers and fontconfig: language, time zone, fonts.
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

/// The input of a snapshot other than its story. A pass holds only in the
/// context in which it was recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CacheContext {
    /// The browser's build, from `browser_build`, and
    /// its program: `Chromium 156.0.8078.79 (headless shell)`.
    pub browser: String,
    /// Its command-line arguments, except folders and ports.
    pub switches: Vec<String>,
    /// The fingerprint of the system's fonts.
    pub fonts: Option<String>,
    /// The operating system.
    pub platform: String,
    /// The processor's architecture.
    pub arch: String,
    /// The version of this crate and the fingerprint of its source, so that an
    /// entry of another development build is not used.
    pub tintype: String,
    /// The set variables that affect language, time zone and fonts.
    pub variables: BTreeMap<String, String>,
    /// The fingerprint of the system's time zone, if it is known.
    pub time_zone: Option<String>,
    /// The cache key of the test target's hooks.
    pub hooks: Option<String>,
    /// The project, so that projects with the same stories on one Redis do not
    /// displace each other's entries.
    pub project: String,
}

impl CacheContext {
    /// The context of this process, with the browser's build, its arguments and
    /// the fingerprint of the fonts.
    pub fn new(
        browser: String,
        switches: Vec<String>,
        fonts: Option<String>,
        environment: &Variables,
    ) -> Self {
        let set = |name: &&str| {
            let value = environment.get(name)?.to_string_lossy().into_owned();
            Some(((*name).to_owned(), value))
        };
        let zone = time_zone();
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
            project: String::new(),
            time_zone: zone.map(|bytes| blake3::hash(&bytes).to_hex().to_string()),
        }
    }
}
