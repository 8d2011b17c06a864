//! Entries in the project's target folder, in one file per story.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::entry::{CacheEntry, KeyedEntry, TTL_MS};
use super::inputs::{self, StoryInputs};
use super::parallel;
use crate::files;
use crate::plan::Snapshot;

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

/// What is known about a snapshot in addition to its entries.
pub(super) struct InputNote {
    pub(super) snapshot: Snapshot,
    pub(super) noted: NotedInputs,
}

/// What a run has learned about the inputs of a snapshot.
pub(super) enum NotedInputs {
    /// It passed with this recipe.
    Recipe(blake3::Hash),
    /// Its pass cannot be recorded, for this reason.
    Uncacheable(String),
}

/// What the cache of this machine takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiskUsage {
    /// The stories with entries.
    pub stories: u64,
    /// The entries, including expired ones.
    pub entries: u64,
    /// The size of all files of the cache, in bytes.
    pub bytes: u64,
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

    /// All entries of a story by recipe in hexadecimal, including expired ones.
    pub(super) fn story(&self, story: &str) -> BTreeMap<String, Vec<CacheEntry>> {
        StoryFile::read(&self.path(story)).passes
    }

    /// What the recipes of a story were computed from.
    pub(super) fn inputs(&self, story: &str) -> StoryInputs {
        StoryInputs::read(&self.inputs_path(story))
    }

    /// What the entries of all stories take.
    pub(super) fn usage(&self) -> DiskUsage {
        let mut usage = DiskUsage {
            bytes: files::size_of_files(&self.folder),
            ..DiskUsage::default()
        };
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|e| e == "json") {
                let passes = StoryFile::read(&path).passes;
                usage.stories += 1;
                usage.entries += passes.values().map(|it| it.len() as u64).sum::<u64>();
            }
        }
        usage
    }

    /// Runs `work` while no other process changes the cache.
    pub(super) fn locked<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        fs::create_dir_all(&self.folder)?;
        let lock = files::append(&self.folder.join(".lock"))?;
        lock.lock()?;
        work()
    }

    /// Adds notes to the existing ones, one process at a time. `values` are what
    /// the recipe of a snapshot is computed from.
    pub(super) fn note(
        &self,
        notes: Vec<InputNote>,
        values: impl Fn(&Snapshot) -> Option<serde_json::Value>,
    ) -> io::Result<()> {
        if notes.is_empty() {
            return Ok(());
        }
        let mut by_story: BTreeMap<String, Vec<InputNote>> = BTreeMap::new();
        for note in notes {
            let story = note.snapshot.story.id.clone();
            by_story.entry(story).or_default().push(note);
        }
        self.locked(|| {
            for (story, notes) in by_story {
                let path = self.inputs_path(&story);
                let mut inputs = StoryInputs::read(&path);
                for InputNote { snapshot, noted } in notes {
                    let key = snapshot.identifier.key();
                    match noted {
                        NotedInputs::Uncacheable(reason) => inputs.note_uncacheable(&key, &reason),
                        NotedInputs::Recipe(recipe) => {
                            if let Some(values) = values(&snapshot) {
                                inputs.note_pass(&key, &recipe, values);
                            }
                        }
                    }
                }
                files::replace(&path, &serde_json::to_vec(&inputs)?)?;
            }
            Ok(())
        })
    }

    /// Adds entries to the existing ones, one process at a time.
    pub(super) fn merge(&self, entries: Vec<KeyedEntry>) -> io::Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut by_story: BTreeMap<String, Vec<KeyedEntry>> = BTreeMap::new();
        for keyed in entries {
            by_story.entry(keyed.story.clone()).or_default().push(keyed);
        }
        self.locked(|| {
            for (story, entries) in by_story {
                let path = self.path(&story);
                let mut file = StoryFile::read(&path);
                file.add(entries);
                files::replace(&path, &serde_json::to_vec(&file)?)?;
            }
            self.prune();
            Ok(())
        })
    }

    /// Removes the files whose entries have all expired.
    fn prune(&self) {
        let age = Duration::from_millis(TTL_MS.unsigned_abs());
        let Some(limit) = SystemTime::now().checked_sub(age) else {
            return;
        };
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let written = entry.metadata().and_then(|meta| meta.modified());
            let path = entry.path();
            let extension = path.extension();
            let is_story = extension.is_some_and(|e| e == "json" || e == inputs::EXTENSION);
            if is_story && written.is_ok_and(|written| written < limit) {
                // A failure is repeated at the next flush.
                let _ = fs::remove_file(path);
            }
        }
    }

    /// Files are keyed by hash, as some file systems ignore case.
    fn path(&self, story: &str) -> PathBuf {
        let name = blake3::hash(story.as_bytes()).to_hex();
        self.folder.join(format!("{}.json", &name[..32]))
    }

    fn inputs_path(&self, story: &str) -> PathBuf {
        self.path(story).with_extension(inputs::EXTENSION)
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
            let same = passes.iter().find(|it| it.fingerprint == entry.fingerprint);
            // A run that started before the cache was cleared may end after one
            // that started later.
            let generation = same.map_or(0, |it| it.generation).max(entry.generation);
            let entry = entry.of_generation(generation);
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
