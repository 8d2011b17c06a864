//! Looks up passes of earlier runs and records those of this run.

use std::path::PathBuf;
use std::sync::Arc;

use super::context::CacheContext;
use super::entry::CachedPass;
use super::index::{CacheIndex, Query, RecordedPass};
use super::loads::Loads;
use super::paths;
use crate::baseline::Baselines;
use crate::config::{CacheMode, Config, UpdateMode};
use crate::manifest::{Manifest, Source};
use crate::plan::Snapshot;
use crate::redis::RedisTarget;

/// The passes of earlier runs and of this one.
#[derive(Clone)]
pub struct Cache {
    /// `None` if nothing is looked up.
    index: Option<Arc<CacheIndex>>,
    /// Why no passes are recorded.
    read_only: Option<&'static str>,
}

impl Cache {
    /// Opens the cache in `folder`, and in Redis if other machines share it, as
    /// far as `TINTYPE_CACHE` allows. Nothing is connected or read yet. Open one
    /// per run: files are read once.
    pub fn open(
        folder: PathBuf,
        manifest: &Manifest,
        config: &Config,
        context: &CacheContext,
        redis: Option<&RedisTarget>,
    ) -> Self {
        let Source::Dir(stories) = &manifest.source else {
            return Self::disabled(
                "its server is external, so changes of its responses cannot be detected",
            );
        };
        if manifest.browser.webdriver.is_some() {
            return Self::disabled(
                "its browser runs behind `webdriver`, so changes of its build cannot be detected",
            );
        }
        if config.run.cache == CacheMode::Off {
            return Self::disabled("TINTYPE_CACHE is `off`");
        }
        if config.run.update == UpdateMode::All {
            return Self::disabled("TINTYPE_UPDATE is `all`");
        }
        let is_writable = config.run.cache == CacheMode::On;
        let index = CacheIndex::new(
            folder,
            Baselines::of(manifest),
            stories,
            context.clone(),
            redis,
            is_writable,
        );
        Self {
            index: Some(Arc::new(index)),
            read_only: (!is_writable).then_some("TINTYPE_CACHE is `read`"),
        }
    }

    fn disabled(reason: &'static str) -> Self {
        Self {
            index: None,
            read_only: Some(reason),
        }
    }

    /// Looks up each snapshot: a hit if a recorded pass has the same
    /// fingerprint. Every file is read once, on all cores. Redis is queried only
    /// for snapshots that the disk does not have.
    pub async fn lookup(&self, snapshots: &[Snapshot]) -> Vec<Option<CachedPass>> {
        let Some(index) = &self.index else {
            return vec![None; snapshots.len()];
        };
        let queries: Vec<_> = snapshots.iter().map(|s| index.query(s)).collect();
        let mut hits = CacheIndex::find(index, Arc::new(queries)).await;
        hits.resize(snapshots.len(), None);
        for (hit, snapshot) in hits.iter_mut().zip(snapshots) {
            // One in quarantine runs every time.
            hit.take_if(|_| !snapshot.quarantines.is_empty());
        }
        hits
    }

    /// Records a pass: a snapshot with the status `passed`. Nothing is written
    /// before [`flush`](Self::flush).
    ///
    /// # Errors
    /// When the snapshot depends on more than files; the text is the reason.
    pub fn record_pass(
        &self,
        snapshot: &Snapshot,
        pass: CachedPass,
        loads: &Loads,
    ) -> Result<(), String> {
        if let Some(reason) = self.read_only {
            return Err(reason.to_owned());
        }
        if !loads.untracked.is_empty() {
            return Err(loads.untracked.join(", "));
        }
        let Some(index) = &self.index else {
            return Err("the cache is disabled".to_owned());
        };
        let files = paths::normalize(index.stories(), loads)?;
        paths::check_page(&files, &snapshot.story.path)?;
        let Some(Query { story, recipe, .. }) = index.query(snapshot) else {
            return Err("it is skipped".to_owned());
        };
        index.add_pass(RecordedPass {
            story,
            recipe,
            files,
            pass,
        });
        Ok(())
    }

    /// Writes the recorded passes: to disk, merged with those of other
    /// processes, and to Redis with a short timeout. Returns warnings.
    pub async fn flush(&self) -> Vec<String> {
        match &self.index {
            Some(index) if self.read_only.is_none() => CacheIndex::flush(index).await,
            _ => Vec::new(),
        }
    }
}
