//! The engines of the run and their versions.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::engine_health::EngineHealth;
use crate::browser::BrowserInfo;
use crate::model::BrowserName;
use crate::model::Environment;

/// The engines of the run.
pub(super) struct Engines {
    pub(super) health: Arc<EngineHealth>,
    /// The run's environment without browsers.
    environment: Environment,
    /// The versions of the engines that have started.
    started: Mutex<BTreeMap<BrowserName, BrowserInfo>>,
}

impl Engines {
    pub(super) fn new(environment: Environment) -> Self {
        Self {
            health: Arc::default(),
            environment,
            started: Mutex::default(),
        }
    }

    /// Notes the versions of an engine that has started.
    pub(super) fn note(&self, engine: BrowserName, info: &BrowserInfo) {
        self.started().insert(engine, info.clone());
    }

    /// The run's environment, with every engine that has started so far.
    pub(super) fn environment(&self) -> Environment {
        let mut environment = self.environment.clone();
        let started = self.started();
        if !started.is_empty() {
            let all = |word: fn(&BrowserInfo) -> &str| {
                let words: Vec<_> = started.values().map(word).collect();
                Some(words.join(", "))
            };
            environment.browser = all(|info| &info.browser);
            environment.driver = all(|info| &info.driver);
        }
        environment
    }

    /// The version of an engine, if it has started.
    pub(super) fn version_of(&self, engine: BrowserName) -> Option<String> {
        let started = self.started();
        started.get(&engine).map(|info| info.browser.clone())
    }

    /// The environment of the snapshots of one engine.
    pub(super) fn environment_of(&self, engine: BrowserName) -> Environment {
        let mut environment = self.environment();
        if let Some(info) = self.started().get(&engine) {
            environment.browser = Some(info.browser.clone());
            environment.driver = Some(info.driver.clone());
        }
        environment
    }

    fn started(&self) -> MutexGuard<'_, BTreeMap<BrowserName, BrowserInfo>> {
        self.started.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
