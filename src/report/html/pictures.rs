//! Embeds the page's images, or names their files.

use std::fs;
use std::path::{Component, Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use tintype_compare::MAX_FILE_BYTES;

use crate::files;
use crate::model::{Status, VisualTestResult};
use crate::report::file::ReportError;

/// The `src` attributes of a snapshot's images.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct ImageSources {
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
}

/// The images of a report, all embedded or all in files.
pub(super) struct Pictures<'a> {
    dir: &'a Path,
    root: &'a Path,
    /// The folder of pictures that were read from the artifact store.
    stored: PathBuf,
    embed: bool,
}

impl<'a> Pictures<'a> {
    pub(super) fn new(
        dir: &'a Path,
        root: &'a Path,
        results: &[VisualTestResult],
        embed_up_to: u64,
    ) -> Self {
        // `dir` is `{state}/runs/{runId}`.
        let state = dir.ancestors().nth(2).unwrap_or(dir);
        let mut pictures = Self {
            dir,
            root,
            stored: state.join("artifacts/objects"),
            embed: false,
        };
        let reviewed = results.iter().filter(|result| is_reviewed(result));
        let bytes: u64 = reviewed
            .flat_map(|result| {
                let baseline = pictures.baseline(result);
                let others = [&result.current, &result.diff].into_iter().flatten();
                baseline
                    .into_iter()
                    .chain(others.filter_map(|path| picture(dir, root, path)))
            })
            .filter_map(|file| fs::metadata(file).ok())
            .map(|file| file.len())
            .sum();
        pictures.embed = bytes <= embed_up_to;
        pictures
    }

    /// The file of the baseline: that of the project, otherwise the picture that
    /// was read from the artifact store.
    fn baseline(&self, result: &VisualTestResult) -> Option<PathBuf> {
        let file = picture(self.dir, self.root, result.baseline.as_deref()?)?;
        if file.is_file() {
            return Some(file);
        }
        let hash = result.sha256.as_ref()?.baseline.as_deref()?;
        let stored = self.stored.join(files::sha256_path(hash)?);
        stored.is_file().then_some(stored)
    }

    /// The images of one result. A result that passed has only its baseline,
    /// which is never embedded: there may be thousands of them.
    pub(super) fn of(&self, result: &VisualTestResult) -> Result<ImageSources, ReportError> {
        let find = |path: &Option<String>| picture(self.dir, self.root, path.as_deref()?);
        let show = |path: &Option<String>| self.show(result, &find(path)?);
        let baseline = self.baseline(result);
        Ok(ImageSources {
            baseline: match &baseline {
                Some(file) if is_reviewed(result) && !self.embed => self.copy(result, file)?,
                _ => baseline.and_then(|file| self.show(result, &file)),
            },
            current: show(&result.current),
            diff: show(&result.diff),
        })
    }

    fn show(&self, result: &VisualTestResult, file: &Path) -> Option<String> {
        if self.embed && is_reviewed(result) {
            let bytes = files::read(file, MAX_FILE_BYTES).ok()?;
            Some(format!("data:image/png;base64,{}", STANDARD.encode(bytes)))
        } else {
            file.is_file().then(|| address(self.dir, file))
        }
    }

    /// Copies a baseline beside the page: accepting replaces the original, and a
    /// CI artifact has only this folder.
    fn copy(&self, result: &VisualTestResult, file: &Path) -> Result<Option<String>, ReportError> {
        let stem = result.story_identifier.file_stem();
        let copy = self.dir.join(format!("{stem}-baseline.png"));
        let write = || {
            fs::create_dir_all(copy.parent().unwrap_or(self.dir))?;
            fs::copy(file, &copy)
        };
        write().map_err(|source| ReportError {
            path: copy.clone(),
            source,
        })?;
        Ok(Some(address(self.dir, &copy)))
    }
}

/// Whether a person will look at the images closely.
fn is_reviewed(result: &VisualTestResult) -> bool {
    matches!(
        result.status,
        Status::Failed | Status::New | Status::Changed
    )
}

/// The file at a path from the record, if it is a PNG in the project or in the
/// run's folder, which may be outside of it. Records may come from other
/// machines and reports are often public, so no other file may be embedded.
fn picture(dir: &Path, root: &Path, path: &str) -> Option<PathBuf> {
    let file = root.join(path);
    let climbs = Path::new(path)
        .components()
        .any(|part| part == Component::ParentDir);
    let is_inside = file.starts_with(root) || file.starts_with(dir);
    let is_png = file.extension().is_some_and(|end| end == "png");
    (is_png && is_inside && !climbs).then_some(file)
}

/// A file's address relative to the page's folder.
fn address(dir: &Path, file: &Path) -> String {
    let mut from = dir.components().peekable();
    let mut to = file.components().peekable();
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    let up = from.map(|_| "..".to_owned());
    let down = to.map(|part| encoded(&part.as_os_str().to_string_lossy()));
    up.chain(down).collect::<Vec<_>>().join("/")
}

/// A part of a path, percent-encoded for a URL.
fn encoded(part: &str) -> String {
    utf8_percent_encode(part, IN_A_PART).to_string()
}

/// Characters that are encoded in a part of a path.
const IN_A_PART: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@');
