//! The browsers of a suite.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Serialize;

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
    /// The machine that starts them.
    #[serde(skip)]
    pub system: System,
    /// The proxy for requests, which a run sets for each session.
    #[serde(skip)]
    pub(crate) proxy: Option<BrowserProxy>,
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
