//! Entries in the project's target folder: a file for each story.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::contents::parallel;
use super::entry::{Entry, Named, TTL_MS};
use crate::files;

/// How many passes of a recipe are kept, so that going to and fro between
/// branches costs nothing.
const PASSES_KEPT: usize = 4;

/// The folder of all entries.
pub(super) struct Disk {
    folder: PathBuf,
}

/// A story's file.
#[derive(Default, Serialize, Deserialize)]
struct StoryFile {
    /// By recipe, in hexadecimal; the newest pass first.
    passes: BTreeMap<String, Vec<Entry>>,
}

impl Disk {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The entries of these recipes, each with the story that it belongs to.
    pub(super) fn read<'a>(
        &self,
        wanted: impl Iterator<Item = (&'a str, &'a blake3::Hash)>,
    ) -> HashMap<blake3::Hash, Vec<Entry>> {
        let (stories, recipes): (HashSet<&str>, HashSet<blake3::Hash>) = wanted.unzip();
        let stories: Vec<&str> = stories.into_iter().collect();
        let files = parallel(&stories, |story| StoryFile::read(&self.path(story)));
        let mut found = HashMap::new();
        for (recipe, mut entries) in files.into_iter().flat_map(|file| file.passes) {
            let recipe = blake3::Hash::from_hex(recipe).ok();
            if let Some(recipe) = recipe.filter(|recipe| recipes.contains(recipe)) {
                entries.retain(Entry::is_young);
                found.insert(recipe, entries);
            }
        }
        found
    }

    /// Adds entries to what is there now, one process at a time.
    pub(super) fn merge(&self, entries: Vec<Named>) -> io::Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        fs::create_dir_all(&self.folder)?;
        let lock = File::create(self.folder.join(".lock"))?;
        lock.lock()?;
        let mut by_story: BTreeMap<String, Vec<Named>> = BTreeMap::new();
        for named in entries {
            by_story.entry(named.story.clone()).or_default().push(named);
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

    /// Removes the files of stories that nobody has recorded for so long that
    /// nothing in them counts.
    fn prune(&self) {
        let age = Duration::from_millis(TTL_MS.unsigned_abs());
        let Some(limit) = SystemTime::now().checked_sub(age) else {
            return;
        };
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let written = entry.metadata().and_then(|meta| meta.modified());
            let is_story = entry.path().extension().is_some_and(|e| e == "json");
            if is_story && written.is_ok_and(|written| written < limit) {
                // What stays is pruned the next time.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Named by hash: ids may differ in case only, file names may not
    /// everywhere.
    fn path(&self, story: &str) -> PathBuf {
        let name = blake3::hash(story.as_bytes()).to_hex();
        self.folder.join(format!("{}.json", &name[..32]))
    }
}

impl StoryFile {
    /// What cannot be read or understood is as good as nothing.
    fn read(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    fn add(&mut self, entries: Vec<Named>) {
        for Named { recipe, entry, .. } in entries {
            let passes = self.passes.entry(recipe.to_hex().to_string()).or_default();
            passes.retain(|pass| pass.fingerprint != entry.fingerprint);
            passes.insert(0, entry);
            passes.truncate(PASSES_KEPT);
        }
        for passes in self.passes.values_mut() {
            passes.retain(Entry::is_young);
        }
        self.passes.retain(|_, passes| !passes.is_empty());
    }
}
