//! Checks what baselines cost in git: Git LFS pointers that were not pulled, and
//! the size of their history.

use std::collections::{HashMap, HashSet};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use tintype::internals::files;
use tintype::internals::manifest::Manifest;

use super::check::Check;
use crate::project::Project;

const NAME: &str = "git";

/// From this size on, the history is worth a warning.
const LARGE: u64 = 100 << 20;

/// Pointers are shorter than this.
const MAX_POINTER: u64 = 1024;

const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// Checks the baselines that are files.
pub(super) fn checks(project: &Project) -> Vec<Check> {
    if project.manifest.keeps_in_store {
        return Vec::new();
    }
    let pointers = pointers(project);
    let history = BaselineHistory::read(&project.manifest);
    pointers
        .into_iter()
        .chain(history.map(|history| history.check()))
        .collect()
}

/// The baselines that Git LFS has not fetched.
fn pointers(project: &Project) -> Option<Check> {
    let snapshots = &project.plan.snapshots;
    let paths: HashSet<_> = snapshots
        .iter()
        .map(|snapshot| &snapshot.baseline)
        .collect();
    let pointers = paths.iter().filter(|path| is_pointer(path)).count();
    (pointers > 0).then(|| {
        let has_lfs = git(&project.manifest.root, &["lfs", "version"]).is_some();
        let advice = match has_lfs {
            true => "fetch them with `git lfs pull`",
            false => "install Git LFS, and fetch them with `git lfs pull`",
        };
        let text = format!("{pointers} baselines are Git LFS pointers that were not pulled");
        Check::warning(NAME, text, advice)
    })
}

fn is_pointer(path: &Path) -> bool {
    let mut start = [0; POINTER.len()];
    let file = files::open(path).ok();
    file.is_some_and(|mut file| file.read_exact(&mut start).is_ok() && start == POINTER)
}

/// All versions of the baselines that the repository has.
#[derive(Debug, Default, PartialEq, Eq)]
struct BaselineHistory {
    versions: usize,
    /// What they take in git, compressed.
    bytes: u64,
    /// What the versions of the current commit take.
    current: u64,
    /// What Git LFS keeps beside git.
    lfs: u64,
    is_shallow: bool,
}

impl BaselineHistory {
    /// `None` if this is no repository, or has no baselines.
    fn read(manifest: &Manifest) -> Option<Self> {
        let root = &manifest.root;
        let folder = manifest.baselines.folder();
        let folder = if folder.is_empty() { "." } else { &folder };
        let versions = blobs(&git(
            root,
            &["rev-list", "--objects", "--all", "--", folder],
        )?);
        let tree = git(root, &["ls-tree", "-r", "HEAD", "--", folder]).unwrap_or_default();
        let current: HashSet<&str> = tree
            .lines()
            .filter_map(|line| line.split_whitespace().nth(2))
            .collect();
        let sizes = sizes(root, &versions)?;
        let mut history = Self {
            is_shallow: git(root, &["rev-parse", "--is-shallow-repository"])
                .is_some_and(|answer| answer.trim() == "true"),
            ..Self::default()
        };
        let mut small = Vec::new();
        for (id, size) in &sizes {
            history.versions += 1;
            history.bytes += size.disk;
            if current.contains(id.as_str()) {
                history.current += size.disk;
            }
            if size.content < MAX_POINTER {
                small.push(id.clone());
            }
        }
        history.lfs = lfs_bytes(root, &small);
        (history.versions > 0).then_some(history)
    }

    fn check(&self) -> Check {
        let old = self.bytes - self.current;
        let mut text = format!(
            "the repository has {} versions of baselines: {} ({} in the current commit)",
            self.versions,
            megabytes(self.bytes),
            megabytes(self.current)
        );
        if self.lfs > 0 {
            text += &format!(", and {} in Git LFS", megabytes(self.lfs));
        }
        if self.is_shallow {
            text += "; the clone is shallow and does not have all of them";
        }
        const MOVE: &str =
            "`cargo tintype baselines move --to store` keeps further versions out of";
        if self.bytes >= LARGE {
            let advice = format!(
                "{MOVE} git; rewriting the history would save {} in each clone",
                megabytes(old)
            );
            Check::warning(NAME, text, advice)
        } else if self.lfs >= LARGE {
            Check::warning(NAME, text, format!("{MOVE} Git LFS"))
        } else {
            Check::good(NAME, text)
        }
    }
}

/// The ids of the PNG files in the output of `git rev-list --objects`.
fn blobs(listing: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    let files = listing.lines().filter_map(|line| line.split_once(' '));
    let pictures = files.filter(|(_, path)| path.ends_with(".png"));
    pictures
        .filter(|(id, _)| seen.insert(*id))
        .map(|(id, _)| id.to_owned())
        .collect()
}

/// The sizes of a blob.
struct BlobSize {
    content: u64,
    disk: u64,
}

fn sizes(root: &Path, ids: &[String]) -> Option<HashMap<String, BlobSize>> {
    let format = "--batch-check=%(objectname) %(objectsize) %(objectsize:disk)";
    let answers = git_with_input(root, &["cat-file", format], ids)?;
    let answers = String::from_utf8(answers).ok()?;
    // A partial clone does not have every blob.
    let sizes = answers.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let id = words.next()?.to_owned();
        let (content, disk) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some((id, BlobSize { content, disk }))
    });
    Some(sizes.collect())
}

/// The sizes of the files to which pointers refer, each once.
fn lfs_bytes(root: &Path, ids: &[String]) -> u64 {
    let contents = git_with_input(root, &["cat-file", "--batch"], ids).unwrap_or_default();
    let text = String::from_utf8_lossy(&contents);
    let mut lines = text.lines();
    let mut files = HashMap::new();
    while let Some(line) = lines.next() {
        let Some(id) = line.strip_prefix("oid sha256:") else {
            continue;
        };
        let size = lines.next().and_then(|line| line.strip_prefix("size "));
        files.insert(
            id,
            size.and_then(|size| size.parse::<u64>().ok()).unwrap_or(0),
        );
    }
    files.values().sum()
}

fn megabytes(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) >> 20;
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

/// The output of git, if it succeeds.
fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    String::from_utf8(git_with_input(root, arguments, &[])?).ok()
}

/// The output of git for these lines, if it succeeds. Nothing is fetched from a
/// server.
fn git_with_input(root: &Path, arguments: &[&str], lines: &[String]) -> Option<Vec<u8>> {
    let mut child = Command::new("git")
        .args(arguments)
        .current_dir(root)
        .env("GIT_NO_LAZY_FETCH", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut input = child.stdin.take()?;
    let text = lines
        .iter()
        .map(|line| format!("{line}\n"))
        .collect::<String>();
    // git answers while it reads.
    let writer = std::thread::spawn(move || {
        let _ = input.write_all(text.as_bytes());
    });
    let output = child.wait_with_output().ok()?;
    let _ = writer.join();
    output.status.success().then_some(output.stdout)
}

#[cfg(test)]
mod tests {
    use super::{BaselineHistory, blobs};

    #[test]
    fn only_pictures_are_versions_and_each_counts_once() {
        let listing = "c1\nt1 \nt2 baselines\nb1 baselines/a.png\nb2 baselines/a.txt\n\
                       b1 baselines/b.png\nb3 baselines/c d.png\n";
        assert_eq!(blobs(listing), ["b1", "b3"]);
    }

    #[test]
    fn a_large_history_is_a_warning_with_what_moving_saves() {
        let history = BaselineHistory {
            versions: 900,
            bytes: 300 << 20,
            current: 40 << 20,
            ..BaselineHistory::default()
        };
        let text = history.check().to_string();
        assert!(
            text.contains("900 versions of baselines: 300.0 MB (40.0 MB in the"),
            "{text}"
        );
        assert!(text.contains("would save 260.0 MB"), "{text}");
        let small = BaselineHistory {
            bytes: 3 << 20,
            current: 0,
            ..history
        };
        assert!(!small.check().to_string().contains("move --to store"));
    }
}
