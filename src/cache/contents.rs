//! What stands in the files that stories load, and whether it stood there all
//! the time.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::{Loads, locked};

/// What a server finds at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Absent,
    Folder,
    File(blake3::Hash),
}

/// The contents of files, each read once.
#[derive(Default)]
pub(super) struct Contents {
    /// None where a file cannot be read.
    known: Mutex<HashMap<PathBuf, Option<Content>>>,
}

impl Contents {
    /// Reads those of the files that are not known yet, on all cores.
    pub(super) fn read(&self, paths: impl Iterator<Item = PathBuf>) {
        let mut unknown: Vec<PathBuf> = {
            let known = locked(&self.known);
            paths.filter(|path| !known.contains_key(path)).collect()
        };
        unknown.sort_unstable();
        unknown.dedup();
        let contents = parallel(&unknown, |path| content(path).ok());
        locked(&self.known).extend(unknown.into_iter().zip(contents));
    }

    /// What was found; none where it could not be read.
    pub(super) fn of(&self, path: &Path) -> Option<Content> {
        locked(&self.known).get(path).copied().flatten()
    }
}

fn content(path: &Path) -> io::Result<Content> {
    let read = || {
        if fs::metadata(path)?.is_dir() {
            return Ok(Content::Folder);
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(File::open(path)?)?;
        Ok(Content::File(hasher.finalize()))
    };
    match read() {
        Err(error) if is_absence(&error) => Ok(Content::Absent),
        other => other,
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// The file that the story server answers with, as it finds it: an address
/// that ends in `/` means the folder's `index.html`. None for what leads out
/// of the folder.
pub(super) fn place(stories: &Path, file: &str) -> Option<PathBuf> {
    let mut path = PathBuf::from(file.trim_start_matches('/'));
    if file.is_empty() || file.ends_with('/') {
        path.push("index.html");
    }
    let plain = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    (plain && !file.contains('\0')).then(|| stories.join(path))
}

/// The files of a page in the one form that is kept: without leading `/`,
/// sorted, each once.
pub(super) fn named(stories: &Path, loads: &Loads) -> Result<Vec<String>, String> {
    let trimmed = |file: &String| file.trim_start_matches('/').to_owned();
    let mut files: Vec<String> = loads.files.iter().map(trimmed).collect();
    files.sort_unstable();
    files.dedup();
    match files.iter().find(|file| place(stories, file).is_none()) {
        Some(odd) => Err(format!("a request to `{odd}`, outside of the stories")),
        None => Ok(files),
    }
}

/// Checks that the story's own page is among the files: a list without it is
/// not the list of this story.
pub(super) fn contains_page(files: &[String], page: &str) -> Result<(), String> {
    let page = page.split(['?', '#']).next().unwrap_or_default();
    let page = decoded(page.trim_start_matches('/'));
    if files.contains(&page) {
        Ok(())
    } else {
        Err(format!("its page `{page}` is not among what it loaded"))
    }
}

/// A path with its `%20`s undone. Whatever is no such sequence stays.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = (first == b'%').then(|| tail.get(..2)).flatten();
        let code = code.and_then(|code| u8::from_str_radix(str::from_utf8(code).ok()?, 16).ok());
        bytes.push(code.unwrap_or(first));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A moment by the clock of a file system, in nanoseconds since 1970, and the
/// device whose clock it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    ns: i128,
    device: u64,
}

/// What a change may be off on a file system that counts whole seconds, or has
/// a clock of its own.
const DOUBT_NS: i128 = 2_000_000_000;

impl Moment {
    /// Now, as a file says that is made in this folder. None where none can be
    /// made.
    pub(super) fn now(folder: &Path) -> Option<Self> {
        fs::create_dir_all(folder).ok()?;
        let probe = tempfile::NamedTempFile::new_in(folder).ok()?;
        Some(changed(&probe.as_file().metadata().ok()?))
    }

    /// Whether `change` came before, beyond doubt. Two within one tick of the
    /// clock are in doubt.
    pub(super) fn is_after(self, change: Self) -> bool {
        let whole_seconds = change.ns % 1_000_000_000 == 0;
        let doubt = if whole_seconds || change.device != self.device {
            DOUBT_NS
        } else {
            0
        };
        change.ns + doubt < self.ns
    }
}

/// When a file or folder was last changed in any way: written, renamed,
/// replaced. No program can set this time back.
#[cfg(unix)]
fn changed(meta: &Metadata) -> Moment {
    use std::os::unix::fs::MetadataExt;
    Moment {
        ns: i128::from(meta.ctime()) * 1_000_000_000 + i128::from(meta.ctime_nsec()),
        device: meta.dev(),
    }
}

/// The later of its writing and its making: the best that there is.
#[cfg(not(unix))]
fn changed(meta: &Metadata) -> Moment {
    let times = [meta.modified(), meta.created()].into_iter().flatten();
    let since = times.filter_map(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let ns = since.map(|since| since.as_nanos() as i128).max();
    Moment {
        ns: ns.unwrap_or(i128::MAX / 2),
        device: 0,
    }
}

/// The stories' folder at the beginning of a run.
pub(super) struct Beginning {
    at: Moment,
    /// The folder without links.
    stories: PathBuf,
}

impl Beginning {
    /// This moment, by the clock of the file system on which `folder` is.
    pub(super) fn now(folder: &Path, stories: &Path) -> Option<Self> {
        Some(Self {
            at: Moment::now(folder)?,
            stories: stories.canonicalize().ok()?,
        })
    }
}

/// Tells which files have not changed since the beginning.
pub(super) struct Still<'a> {
    beginning: Option<&'a Beginning>,
    known: HashMap<String, bool>,
}

/// More links than this in a path are a loop.
const LINKS: usize = 40;

impl<'a> Still<'a> {
    pub(super) fn new(stories: &Path, beginning: Option<&'a Beginning>) -> Self {
        let now = stories.canonicalize().ok();
        Self {
            beginning: beginning.filter(|beginning| Some(&beginning.stories) == now.as_ref()),
            known: HashMap::new(),
        }
    }

    /// Whether the file, or its absence, has been there since.
    pub(super) fn is(&mut self, file: &str) -> bool {
        if let Some(&known) = self.known.get(file) {
            return known;
        }
        let still = self.beginning.is_some_and(|beginning| {
            place(&beginning.stories, file)
                .is_some_and(|path| beginning.holds(&path).unwrap_or(false))
        });
        self.known.insert(file.to_owned(), still);
        still
    }
}

impl Beginning {
    /// Goes from the stories' folder to the file, through every link, and
    /// looks at each step: a folder changes when something in it is made,
    /// renamed or removed. What lies above the stories' folder is not looked
    /// at: nobody moves a whole project during a run.
    fn holds(&self, path: &Path) -> io::Result<bool> {
        let mut here = PathBuf::new();
        let mut ahead: Vec<OsString> = parts(path);
        let mut links = 0;
        while let Some(step) = ahead.pop() {
            here = match step.to_str() {
                Some(".") => here,
                Some("..") => here.parent().map(Path::to_owned).unwrap_or(here),
                _ => here.join(step),
            };
            let meta = match fs::symlink_metadata(&here) {
                Err(error) if is_absence(&error) => return Ok(true),
                meta => meta?,
            };
            let above = here != self.stories && self.stories.starts_with(&here);
            if !above && !self.at.is_after(changed(&meta)) {
                return Ok(false);
            }
            if meta.is_symlink() {
                links += 1;
                if links > LINKS {
                    return Ok(false);
                }
                ahead.extend(parts(&fs::read_link(&here)?));
                here.pop();
            }
        }
        Ok(true)
    }
}

/// A path's parts, the first one last.
fn parts(path: &Path) -> Vec<OsString> {
    let parts = path.components().map(|part| part.as_os_str().to_owned());
    parts.rev().collect()
}

/// Does the same to each item, on all cores; answers in the items' order.
pub(super) fn parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(items.len()));
    let run = || {
        while let Some((index, item)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            items.get(index).map(|item| (index, item))
        } {
            let result = work(item);
            locked(&done).push((index, result));
        }
    };
    thread::scope(|scope| {
        for _ in 1..cores.min(items.len()) {
            scope.spawn(run);
        }
        run();
    });
    let mut done = done
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}
