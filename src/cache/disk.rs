//! Entries in the project's target folder, in one file per story.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::entry::{CacheEntry, KeyedEntry, TTL_MS};
use super::parallel;
use crate::files;

/// The number of passes kept per recipe, so that switching between branches
/// stays a cache hit.
const MAX_PASSES: usize = 4;

/// The folder of all entries.
pub(super) struct DiskCache {
    folder: PathBuf,
}

/// The file of a story.
#[derive(Default, Serialize, Deserialize)]
struct StoryFile {
    /// By recipe in hexadecimal; the newest pass first.
    passes: BTreeMap<String, Vec<CacheEntry>>,
}

impl DiskCache {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The entries of these recipes, given with their stories.
    pub(super) fn read<'a>(
        &self,
        wanted: impl Iterator<Item = (&'a str, &'a blake3::Hash)>,
    ) -> HashMap<blake3::Hash, Vec<CacheEntry>> {
        let (stories, recipes): (HashSet<&str>, HashSet<blake3::Hash>) = wanted.unzip();
        let stories: Vec<&str> = stories.into_iter().collect();
        let files = parallel::map(&stories, |story| StoryFile::read(&self.path(story)));
        let mut found = HashMap::new();
        for (recipe, mut entries) in files.into_iter().flat_map(|file| file.passes) {
            let recipe = blake3::Hash::from_hex(recipe).ok();
            if let Some(recipe) = recipe.filter(|recipe| recipes.contains(recipe)) {
                entries.retain(CacheEntry::is_valid);
                found.insert(recipe, entries);
            }
        }
        found
    }

    /// Adds entries to the existing ones, one process at a time.
    pub(super) fn merge(&self, entries: Vec<KeyedEntry>) -> io::Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        fs::create_dir_all(&self.folder)?;
        let lock = files::append(&self.folder.join(".lock"))?;
        lock.lock()?;
        let mut by_story: BTreeMap<String, Vec<KeyedEntry>> = BTreeMap::new();
        for keyed in entries {
            by_story.entry(keyed.story.clone()).or_default().push(keyed);
        }
        for (story, entries) in by_story {
            let path = self.path(&story);
            let mut file = StoryFile::read(&path);
            file.add(entries);
            files::replace(&path, &serde_json::to_vec(&file)?)?;
        }
        self.prune();
        Ok(())
    }

    /// Removes the files whose entries have all expired.
    fn prune(&self) {
        let age = Duration::from_millis(TTL_MS.unsigned_abs());
        let Some(limit) = SystemTime::now().checked_sub(age) else {
            return;
        };
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let written = entry.metadata().and_then(|meta| meta.modified());
            let is_story = entry.path().extension().is_some_and(|e| e == "json");
            if is_story && written.is_ok_and(|written| written < limit) {
                // A failure is repeated at the next flush.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Files are keyed by hash, as some file systems ignore case.
    fn path(&self, story: &str) -> PathBuf {
        let name = blake3::hash(story.as_bytes()).to_hex();
        self.folder.join(format!("{}.json", &name[..32]))
    }
}

impl StoryFile {
    /// Reads a file; one that is missing or damaged is empty.
    fn read(path: &Path) -> Self {
        let Ok(bytes) = fs::read(path) else {
            return Self::default();
        };
        serde_json::from_slice(&bytes).unwrap_or_else(|error| {
            let path = path.display();
            tracing::warn!("the cache file {path} is invalid and is replaced: {error}");
            Self::default()
        })
    }

    fn add(&mut self, entries: Vec<KeyedEntry>) {
        for KeyedEntry { recipe, entry, .. } in entries {
            let passes = self.passes.entry(recipe.to_hex().to_string()).or_default();
            passes.retain(|pass| pass.fingerprint != entry.fingerprint);
            passes.insert(0, entry);
            passes.truncate(MAX_PASSES);
        }
        for passes in self.passes.values_mut() {
            passes.retain(CacheEntry::is_valid);
        }
        self.passes.retain(|_, passes| !passes.is_empty());
    }
}
