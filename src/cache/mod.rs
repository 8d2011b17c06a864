//! Passes that need no browser: a story whose every byte is as it was when its
//! snapshot passed passes again.
//!
//! # Layout
//! - [`Cache`] looks passes up, remembers them and writes them down.
//! - [`Context`] is what decides pixels besides the story, [`build`] names a
//!   browser's build without a session.
//! - `fingerprint` says what two passes must have in common, `contents` reads
//!   what stories load.
//! - `disk` and `shared` keep entries: in the project, and in Redis.
//!
//! Under a *recipe* (manifest entry, theme, screen, engine, context) stand the
//! last few passes, each with the names of the files that the page loaded and
//! one *fingerprint* over recipe, baseline and the content of those files. A
//! pass counts again when the fingerprint made from today's files is the same.
//! Whatever is odd (a broken entry, a file that cannot be read, a server that
//! is away) is a miss, and costs a browser what it would have cost anyway.

mod build;
mod contents;
mod context;
mod disk;
mod entry;
mod fingerprint;
mod shared;
#[cfg(test)]
mod tests;

pub use build::build;
pub use context::Context;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::baseline::{self, Baseline, Provenance};
use crate::config::{self, Config, UpdateMode};
use crate::manifest::{Manifest, Source};
use crate::plan::Snapshot;
use crate::redis::RedisTarget;
use contents::{Beginning, Contents, parallel};
use disk::Disk;
use entry::{Entry, Named};
use shared::Shared;

/// What a page loaded, as the page itself and our server tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loads {
    /// Paths below the story server's root: percent-decoded, without query,
    /// with or without a leading `/`. A file that was absent (404) is among
    /// them.
    pub files: Vec<String>,
    /// Why the story cannot be known by its files: "a request to https://…",
    /// "a service worker", "a socket", "it reads the clock".
    pub unseen: Vec<String>,
}

/// A snapshot that needs no browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// SHA-256 of the baseline's file, in lowercase hexadecimal.
    pub baseline_sha256: String,
    /// Where the baseline comes from, if it says so.
    pub provenance: Option<Provenance>,
}

/// The passes of earlier runs, and those of this one.
#[derive(Clone)]
pub struct Cache {
    /// None where nothing is looked up.
    inner: Option<Arc<Inner>>,
    /// Why nothing is remembered, if so.
    refusal: Option<&'static str>,
}

struct Inner {
    /// The manifest's folder.
    root: PathBuf,
    /// The folder that is served.
    stories: PathBuf,
    context: Context,
    disk: Disk,
    shared: Option<Shared>,
    contents: Contents,
    /// When this was opened, by the clock of the file system. What a page has
    /// loaded is only known if no file has changed since.
    opened: Option<Beginning>,
    /// Passes of this run, whose files are yet to be read.
    passes: Mutex<Vec<Pass>>,
    /// Entries that Redis knew and the disk did not.
    learnt: Mutex<Vec<Named>>,
}

/// A pass of this run.
struct Pass {
    story: String,
    recipe: blake3::Hash,
    baseline_sha256: String,
    files: Vec<String>,
}

/// A snapshot to look up.
struct Question {
    story: String,
    recipe: blake3::Hash,
    baseline: PathBuf,
}

impl Cache {
    /// Opens the cache in `folder`, and in Redis if other machines share it, as
    /// far as `TINTYPE_CACHE` allows. Nothing is connected or read yet. Open one
    /// per run: files are read once.
    pub fn open(
        folder: PathBuf,
        manifest: &Manifest,
        config: &Config,
        context: &Context,
        redis: Option<&RedisTarget>,
    ) -> Self {
        let Source::Dir(stories) = &manifest.source else {
            return Self::closed("its server is not ours, so nobody knows what it will say");
        };
        if manifest.browser.webdriver.is_some() {
            // Another build may draw by then, and nobody here would know.
            return Self::closed(
                "its browser is that of `webdriver`, which may be another by then",
            );
        }
        if config.run.cache == config::CacheMode::Off {
            return Self::closed("TINTYPE_CACHE is `off`");
        }
        if config.run.update == UpdateMode::All {
            return Self::closed("TINTYPE_UPDATE=all wants pictures");
        }
        let writes = config.run.cache == config::CacheMode::On;
        let disk = Disk::new(folder);
        let inner = Inner {
            root: manifest.root.clone(),
            stories: stories.clone(),
            context: context.clone(),
            opened: writes
                .then(|| Beginning::now(disk.folder(), stories))
                .flatten(),
            disk,
            shared: redis.and_then(Shared::new),
            contents: Contents::default(),
            passes: Mutex::default(),
            learnt: Mutex::default(),
        };
        Self {
            inner: Some(Arc::new(inner)),
            refusal: (!writes).then_some("TINTYPE_CACHE is `read`"),
        }
    }

    fn closed(reason: &'static str) -> Self {
        Self {
            inner: None,
            refusal: Some(reason),
        }
    }

    /// For each snapshot: whether a recorded pass has the same fingerprint.
    /// Every file is read once, all cores at work. Redis is asked only for
    /// what the disk does not answer.
    pub async fn lookup(&self, snapshots: &[Snapshot]) -> Vec<Option<Hit>> {
        let Some(inner) = &self.inner else {
            return vec![None; snapshots.len()];
        };
        let questions: Arc<Vec<_>> = Arc::new(snapshots.iter().map(|s| inner.ask(s)).collect());
        let mut hits = inner.on_disk(&questions).await;
        if let Some(shared) = &inner.shared {
            inner.in_redis(shared, &questions, &mut hits).await;
        }
        hits.resize(snapshots.len(), None);
        hits
    }

    /// Remembers a pass: one with status `passed`, and no other. Nothing is
    /// written before [`flush`](Self::flush).
    ///
    /// # Errors
    /// When the story cannot be known by its files; the text says why.
    pub fn remember(
        &self,
        snapshot: &Snapshot,
        baseline_sha256: &str,
        loads: &Loads,
    ) -> Result<(), String> {
        if let Some(refusal) = self.refusal {
            return Err(refusal.to_owned());
        }
        if !loads.unseen.is_empty() {
            return Err(loads.unseen.join(", "));
        }
        let Some(inner) = &self.inner else {
            return Err("there is no cache".to_owned());
        };
        let files = contents::named(&inner.stories, loads)?;
        contents::contains_page(&files, &snapshot.story.path)?;
        let Some(question) = inner.ask(snapshot) else {
            return Err("it is left out".to_owned());
        };
        locked(&inner.passes).push(Pass {
            story: question.story,
            recipe: question.recipe,
            baseline_sha256: baseline_sha256.to_owned(),
            files,
        });
        Ok(())
    }

    /// Writes what was remembered: to disk, each file as a whole and together
    /// with what other processes have written, and to Redis, which is not
    /// waited for long. Returns what people may want to know.
    pub async fn flush(&self) -> Vec<String> {
        let Some(inner) = self.inner.clone().filter(|_| self.refusal.is_none()) else {
            return Vec::new();
        };
        let work = Arc::clone(&inner);
        let written = tokio::task::spawn_blocking(move || work.write()).await;
        let (fresh, mut warnings) =
            written.unwrap_or_else(|panic| (Vec::new(), vec![panic.to_string()]));
        if let Some(shared) = &inner.shared {
            shared.push(fresh).await;
            warnings.extend(shared.trouble());
        }
        warnings
    }
}

impl Inner {
    fn ask(&self, snapshot: &Snapshot) -> Option<Question> {
        if snapshot.skip.is_some() {
            return None;
        }
        Some(Question {
            story: snapshot.story.id.clone(),
            recipe: fingerprint::recipe(snapshot, &self.context)?,
            baseline: snapshot.baseline.clone(),
        })
    }

    async fn on_disk(self: &Arc<Self>, questions: &Arc<Vec<Option<Question>>>) -> Vec<Option<Hit>> {
        let (inner, questions) = (Arc::clone(self), Arc::clone(questions));
        let work = tokio::task::spawn_blocking(move || {
            let entries = inner
                .disk
                .read(questions.iter().flatten().map(|q| (&*q.story, &q.recipe)));
            let entries: Vec<_> = questions
                .iter()
                .map(|question| {
                    let recipe = &question.as_ref()?.recipe;
                    entries.get(recipe).cloned()
                })
                .map(Option::unwrap_or_default)
                .collect();
            let found = inner.answer(&questions, &entries);
            found.into_iter().map(|hit| Some(hit?.0)).collect()
        });
        work.await.unwrap_or_default()
    }

    /// Fills in what Redis knows of the snapshots that are still open.
    async fn in_redis(
        self: &Arc<Self>,
        shared: &Shared,
        questions: &Arc<Vec<Option<Question>>>,
        hits: &mut Vec<Option<Hit>>,
    ) {
        hits.resize(questions.len(), None);
        let open: Vec<usize> = (0..questions.len())
            .filter(|&index| hits[index].is_none() && questions[index].is_some())
            .collect();
        let recipes = open.iter().filter_map(|&index| questions[index].as_ref());
        let fetched = shared.fetch(recipes.map(|q| q.recipe).collect()).await;
        let mut entries = vec![Vec::new(); questions.len()];
        for (index, found) in open.into_iter().zip(fetched) {
            entries[index] = found;
        }
        if entries.iter().all(Vec::is_empty) {
            return;
        }
        let (inner, asked) = (Arc::clone(self), Arc::clone(questions));
        let work = tokio::task::spawn_blocking(move || inner.answer(&asked, &entries));
        let answers = work.await.unwrap_or_default();
        let mut learnt = locked(&self.learnt);
        for (index, answer) in answers.into_iter().enumerate() {
            if let (Some((hit, entry)), Some(question)) = (answer, &questions[index]) {
                hits[index] = Some(hit);
                learnt.push(Named::new(&question.story, question.recipe, entry));
            }
        }
    }

    /// Which of the entries found for each question are true today.
    fn answer(
        &self,
        questions: &[Option<Question>],
        entries: &[Vec<Entry>],
    ) -> Vec<Option<(Hit, Entry)>> {
        let files = entries.iter().flatten().flat_map(|entry| &entry.files);
        self.contents
            .read(files.filter_map(|f| contents::place(&self.stories, f)));
        let pairs: Vec<_> = questions.iter().zip(entries).collect();
        parallel(&pairs, |(question, entries)| {
            let question = question.as_ref().filter(|_| !entries.is_empty())?;
            let baseline = baseline::read(&self.root, &question.baseline).ok()??;
            let entry = entries.iter().find(|entry| {
                let made = self.fingerprint(&question.recipe, &baseline.file_sha256, &entry.files);
                made.is_some_and(|made| made.to_hex().as_str() == entry.fingerprint)
            })?;
            Some((hit(baseline), entry.clone()))
        })
    }

    fn fingerprint(
        &self,
        recipe: &blake3::Hash,
        baseline_sha256: &str,
        files: &[String],
    ) -> Option<blake3::Hash> {
        fingerprint::pass(recipe, baseline_sha256, files, |file| {
            self.contents.of(&contents::place(&self.stories, file)?)
        })
    }

    /// Writes to disk; returns what is new to Redis, and warnings.
    fn write(&self) -> (Vec<Named>, Vec<String>) {
        let passes = std::mem::take(&mut *locked(&self.passes));
        let mut all = std::mem::take(&mut *locked(&self.learnt));
        let paths = passes
            .iter()
            .flat_map(|pass| &pass.files)
            .filter_map(|file| contents::place(&self.stories, file));
        // First read, then see that nothing has changed since the beginning:
        // what was read now is what the pages have seen.
        self.contents.read(paths);
        let mut still = contents::Still::new(&self.stories, self.opened.as_ref());
        let mut warnings = Vec::new();
        let mut fresh = Vec::new();
        for pass in passes {
            if let Some(moved) = pass.files.iter().find(|file| !still.is(file)) {
                let line = format!(
                    "the cache does not remember {}: {moved} changed during the run",
                    pass.story
                );
                if !warnings.contains(&line) {
                    warnings.push(line);
                }
                continue;
            }
            let made = self.fingerprint(&pass.recipe, &pass.baseline_sha256, &pass.files);
            if let Some(made) = made {
                let entry = Entry::new(pass.files, made);
                fresh.push(Named::new(&pass.story, pass.recipe, entry));
            }
        }
        all.extend(fresh.iter().cloned());
        if let Err(error) = self.disk.merge(all) {
            let folder = self.disk.folder().display();
            warnings.push(format!("failed to write the cache in {folder}: {error}"));
        }
        (fresh, warnings)
    }
}

fn hit(baseline: Baseline) -> Hit {
    Hit {
        baseline_sha256: baseline.file_sha256,
        provenance: baseline.provenance,
    }
}

/// What a thread that panicked has left is as good as before.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
