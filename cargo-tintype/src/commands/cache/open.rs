//! Opens the cache as the next run of the tests will.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use tintype::internals::cache::{Cache, CacheMiss, CachedPass, TestTargetFacts};
use tintype::internals::config::Config;
use tintype::internals::manifest::Container;
use tintype::internals::plan::Snapshot;
use tintype::internals::record::RecordConfig;
use tintype::internals::run::{cache_context, environment};

use crate::project::Project;
use crate::record_access::{record_error, warn};

/// The cache of a project, in the context of the next run.
pub(super) struct OpenCache {
    pub(super) project: Project,
    pub(super) cache: Cache,
    pub(super) folder: PathBuf,
    facts: Option<TestTargetFacts>,
    runtime: tokio::runtime::Runtime,
}

/// What the next run will find for each snapshot of a list.
pub(super) struct CacheForecast {
    pub(super) hits: Vec<Option<CachedPass>>,
    pub(super) misses: Vec<Option<CacheMiss>>,
}

impl OpenCache {
    pub(super) fn new(config: &Config) -> Result<Self> {
        let mut project = Project::open(config)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .context("failed to start the async runtime")?;
        let state = project.manifest.state_dir();
        let folder = state.join("cache");
        let record = RecordConfig::new(&state, config).map_err(record_error)?;
        let container = runtime.block_on(Container::open(&project.manifest.browser, &state))?;
        project.manifest.browser.container = container.map(Arc::new);
        let environment = runtime.block_on(environment(&project.manifest, config));
        let (mut context, _) = cache_context(&project.manifest, config, &environment);
        let facts = TestTargetFacts::read(&folder);
        if let Some(facts) = &facts {
            context.hooks.clone_from(&facts.hooks);
            context.tintype = tintype_version(&project.manifest.root, facts);
        }
        let redis = Some(record.redis());
        let cache = Cache::open(folder.clone(), &project.manifest, config, &context, redis);
        Ok(Self {
            project,
            cache,
            folder,
            facts,
            runtime,
        })
    }

    /// Why the next run will capture everything, if it will.
    pub(super) fn disabled_reason(&self) -> Option<&'static str> {
        let without_key = self
            .facts
            .as_ref()
            .is_some_and(|it| it.has_hooks_without_key);
        let hooks = without_key.then_some(
            "the test target has hooks without a key (help: call `Harness::cache_hooks`)",
        );
        self.cache.disabled_reason().or(hooks)
    }

    pub(super) fn wait<T>(&self, answer: impl Future<Output = T>) -> T {
        self.runtime.block_on(answer)
    }

    /// What the next run will find for these snapshots.
    pub(super) fn forecast(&self, snapshots: &[Snapshot]) -> CacheForecast {
        self.wait(async {
            let hits = self.cache.lookup(snapshots).await;
            let misses = self.cache.explain(snapshots, &hits).await;
            CacheForecast { hits, misses }
        })
    }

    /// Writes what was fetched from Redis, and prints the warnings.
    pub(super) fn flush(&self) -> Vec<String> {
        let warnings = self.wait(self.cache.flush());
        warnings.iter().for_each(|warning| warn(warning));
        warnings
    }
}

/// The version of Tintype that the next run has: that of the last run, unless
/// Cargo.lock has another one by now. The command itself may be of any version.
fn tintype_version(root: &Path, facts: &TestTargetFacts) -> String {
    let last = facts.tintype.split(' ').next().unwrap_or_default();
    match locked_version(root) {
        Some(locked) if locked != last => locked,
        _ => facts.tintype.clone(),
    }
}

/// The version of Tintype in the nearest Cargo.lock.
fn locked_version(root: &Path) -> Option<String> {
    let mut files = root.ancestors().map(|folder| folder.join("Cargo.lock"));
    let text = files.find_map(|file| std::fs::read_to_string(file).ok())?;
    let lock: toml_edit::DocumentMut = text.parse().ok()?;
    let packages = lock.get("package")?.as_array_of_tables()?;
    let text = |package: &toml_edit::Table, key: &str| {
        package
            .get(key)
            .and_then(|value| value.as_str())
            .map(str::to_owned)
    };
    let mut found = packages
        .iter()
        .filter(|package| text(package, "name").as_deref() == Some("tintype"))
        .filter_map(|package| text(package, "version"));
    found.next().filter(|_| found.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::{TestTargetFacts, tintype_version};

    #[test]
    fn another_version_in_cargo_lock_is_the_next_one() {
        let folder = tempfile::tempdir().unwrap();
        let facts = TestTargetFacts {
            tintype: "0.1.0 fingerprint".to_owned(),
            ..TestTargetFacts::default()
        };
        let version = || tintype_version(folder.path(), &facts);
        let lock = |version: &str| {
            let text =
                format!("version = 4\n[[package]]\nname = \"tintype\"\nversion = \"{version}\"\n");
            std::fs::write(folder.path().join("Cargo.lock"), text).unwrap();
        };
        lock("0.1.0");
        assert_eq!(version(), "0.1.0 fingerprint");
        lock("0.2.0");
        assert_eq!(version(), "0.2.0");
    }
}
