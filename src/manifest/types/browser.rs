//! The browsers of a suite.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::host_port::HostPort;
use crate::config::System;
use crate::model::BrowserName;

/// Which browsers are used, and how they are started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BrowserSettings {
    /// The engines, the first of which needs no suffix. Never empty.
    pub names: Vec<BrowserName>,
    /// The number of parallel sessions; `None` is `"auto"`.
    pub sessions: Option<usize>,
    /// The address of a running WebDriver server to use.
    pub webdriver: Option<String>,
    /// Chromium's program, instead of an installed one.
    pub binary: Option<PathBuf>,
    /// The program of its driver, instead of an installed one.
    pub driver: Option<PathBuf>,
    /// Additional arguments.
    pub args: Vec<String>,
    /// Whether Chromium's sandbox is on. By default it is, except for root.
    pub sandbox: Option<bool>,
    /// `binary`, `driver` and `args` of Firefox.
    pub firefox: EngineSettings,
    /// `binary`, `driver` and `args` of WebKit.
    pub webkit: EngineSettings,
    /// The image in which they run, instead of on this machine.
    pub image: Option<ImageSettings>,
    /// The image, once a run has looked into it.
    #[serde(skip)]
    pub container: Option<Arc<Container>>,
    /// The machine that starts them.
    #[serde(skip)]
    pub system: System,
    /// The proxy for requests, which a run sets for each session.
    #[serde(skip)]
    pub(crate) proxy: Option<BrowserProxy>,
}

impl BrowserSettings {
    /// The operating system of the browsers: `linux`, `macos`, `windows`. Images have
    /// Linux.
    pub(crate) fn platform(&self) -> &'static str {
        match self.image {
            Some(_) => "linux",
            None => std::env::consts::OS,
        }
    }

    /// The programs of an engine that the manifest names: browser and driver.
    pub(crate) fn configured(&self, engine: BrowserName) -> (Option<&Path>, Option<&Path>) {
        let (browser, driver) = match engine {
            BrowserName::Chromium => (&self.binary, &self.driver),
            BrowserName::Firefox => (&self.firefox.binary, &self.firefox.driver),
            BrowserName::Webkit => (&self.webkit.binary, &self.webkit.driver),
        };
        (browser.as_deref(), driver.as_deref())
    }
}

/// A container image with browsers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImageSettings {
    /// Its name and digest, or the id of a local image: `sha256:…`.
    pub reference: String,
    /// The program that runs it, instead of `docker` or `podman`.
    #[serde(skip)]
    pub runtime: Option<PathBuf>,
}

/// An image and the browsers in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// The program that runs the image.
    pub(crate) runtime: PathBuf,
    /// The image's reference, with its digest.
    pub(crate) image: String,
    /// What a look into it has found.
    pub(crate) contents: ImageContents,
}

/// The browsers in an image. An image with the same digest always has the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ImageContents {
    /// The script that has found them.
    pub(crate) script: String,
    /// The processor's architecture: `x86_64`, `aarch64`.
    pub(crate) arch: String,
    /// Paths and versions, by `{engine}.{browser|driver}` and
    /// `{engine}.{browser|driver}.version`.
    pub(crate) programs: BTreeMap<String, String>,
}

/// The proxy of a browser session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BrowserProxy {
    pub(crate) address: SocketAddr,
    /// The only server to which requests do not go through the proxy.
    pub(crate) direct: Option<HostPort>,
}

/// How an engine other than Chromium is started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EngineSettings {
    /// The browser's program, instead of an installed one.
    pub binary: Option<PathBuf>,
    /// The driver's program, instead of an installed one.
    pub driver: Option<PathBuf>,
    /// Additional arguments of the browser.
    pub args: Vec<String>,
}
