//! Checks that a document of the record is about what its key names.

use std::path::{Component, Path};

use super::{BrowserName, RunId, StoryIdentifier, VisualTestResult, VisualTestRun};

impl VisualTestRun {
    /// Checks that this is the document of the run `id`.
    ///
    /// # Errors
    /// The reason why it is not.
    pub(crate) fn check(&self, id: &RunId) -> Result<(), String> {
        if self.run_id == *id {
            Ok(())
        } else {
            Err(format!("it names the run `{}`", self.run_id))
        }
    }
}

impl VisualTestResult {
    /// Checks that this is the document of `story` in the run `run`: every field
    /// that names a run, a snapshot, an engine, a scale or a file agrees.
    ///
    /// # Errors
    /// The reason why it is not.
    pub fn check(&self, run: &RunId, story: &StoryIdentifier) -> Result<(), String> {
        if self.run_id != *run {
            return Err(format!("it names the run `{}`", self.run_id));
        }
        if self.story_identifier != *story {
            return Err(format!("it names the snapshot `{}`", self.story_identifier));
        }
        if self.theme != story.theme {
            return Err(format!("it names the theme `{}`", self.theme));
        }
        if let (Some(engine), Some(browser)) = (story.named_browser(), &self.browser)
            && !engine.is_name_of(browser)
        {
            return Err(format!("it was captured by `{browser}`"));
        }
        if let Some(scale) = self.scale
            && !is_scale_of(story, scale)
        {
            return Err(format!("it has the scale {scale}"));
        }
        self.check_files(run, story)
    }

    fn check_files(&self, run: &RunId, story: &StoryIdentifier) -> Result<(), String> {
        for (kind, path) in [("current", &self.current), ("diff", &self.diff)] {
            let own = format!("{run}/{}-{kind}.png", story.file_stem());
            if let Some(path) = path.as_deref().filter(|path| !is_below(path, Some(&own))) {
                return Err(format!("its image `{path}` is not `{own}`"));
            }
        }
        let artifacts = self.artifacts.clone().unwrap_or_default();
        for (name, path) in [
            ("console.txt", artifacts.console),
            ("dom.txt.gz", artifacts.dom),
        ] {
            let own = format!("{run}/{}-{name}", story.file_stem());
            if let Some(path) = path.filter(|path| !is_below(path, Some(&own))) {
                return Err(format!("its file `{path}` is not `{own}`"));
            }
        }
        if let Some(path) = self
            .baseline
            .as_deref()
            .filter(|path| !is_below(path, None))
        {
            return Err(format!("its baseline `{path}` is outside of the project"));
        }
        let hashes = self.sha256.iter().flat_map(|hashes| {
            [&hashes.baseline, &hashes.current, &hashes.diff]
                .into_iter()
                .flatten()
        });
        for hash in hashes {
            if !is_sha256(hash) {
                return Err(format!("`{hash}` is not a SHA-256"));
            }
        }
        Ok(())
    }
}

impl BrowserName {
    /// Whether `browser`, such as `firefox 140.0`, is of this engine.
    pub fn is_name_of(self, browser: &str) -> bool {
        browser.split(' ').next() == Some(self.as_str())
    }
}

/// Whether `scale` is that of the story's suffix, such as `@2x`.
fn is_scale_of(story: &StoryIdentifier, scale: f64) -> bool {
    let suffix = Some(format!("{scale}x")).filter(|suffix| suffix != "1x");
    let mut suffixes = story.story_id.split('@').skip(1);
    let named = suffixes.find(|suffix| BrowserName::parse(suffix).is_none());
    named == suffix.as_deref()
}

/// Whether a recorded path goes only downwards, and ends with `end`. Runs of
/// Windows have backslashes.
fn is_below(path: &str, end: Option<&str>) -> bool {
    let path = path.replace('\\', "/");
    let path = Path::new(&path);
    let mut parts = path.components();
    parts.all(|part| part != Component::ParentDir) && end.is_none_or(|end| path.ends_with(end))
}

/// Whether a text is a SHA-256 in lowercase hexadecimal.
fn is_sha256(text: &str) -> bool {
    let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    text.len() == 64 && text.bytes().all(is_digit)
}

#[cfg(test)]
mod tests {
    use crate::model::{
        FailureArtifacts, ImageHashes, RunId, Status, StoryIdentifier, VisualTestResult,
    };

    fn story(key: &str) -> StoryIdentifier {
        StoryIdentifier::from_key(key).unwrap()
    }

    fn result() -> VisualTestResult {
        let id = story("one@firefox@2x:dark:10x20");
        let mut result = VisualTestResult::new(RunId("run-1".to_owned()), id, Status::Failed);
        let stem = "target/tintype/runs/run-1/one@firefox@2x-dark-10x20";
        result.current = Some(format!("{stem}-current.png"));
        result.diff = Some(format!("{stem}-diff.png"));
        result.baseline = Some("baselines/one@firefox@2x-dark-10x20.png".to_owned());
        result.browser = Some("firefox 140.0".to_owned());
        result.scale = Some(2.0);
        result.sha256 = Some(ImageHashes {
            current: Some("0a".repeat(32)),
            ..ImageHashes::default()
        });
        result
    }

    /// Each attack changes one field of a correct document.
    #[test]
    fn a_forged_document_is_recognised() {
        let (run, id) = (RunId("run-1".to_owned()), result().story_identifier);
        assert_eq!(result().check(&run, &id), Ok(()));
        let attacks: [fn(&mut VisualTestResult); 15] = [
            |r| {
                r.artifacts = Some(FailureArtifacts {
                    dom: Some("../../secret-dom.txt.gz".to_owned()),
                    ..FailureArtifacts::default()
                });
            },
            |r| r.run_id = RunId("run-2".to_owned()),
            |r| r.story_identifier = story("two@firefox@2x:dark:10x20"),
            |r| r.story_identifier.theme = "light".to_owned(),
            |r| r.story_identifier.viewport.width = 11,
            |r| r.theme = "light".to_owned(),
            |r| r.browser = Some("chromium 156".to_owned()),
            |r| r.browser = Some("firefoxes 1".to_owned()),
            |r| r.scale = Some(3.0),
            |r| r.current = Some("target/tintype/runs/run-1/two-dark-10x20-current.png".to_owned()),
            |r| r.current = r.diff.clone(),
            |r| r.diff = Some(format!("../elsewhere/{}", r.diff.clone().unwrap())),
            |r| r.diff = r.diff.as_ref().map(|path| path.replace("run-1", "run-2")),
            |r| r.baseline = Some("baselines/../../secret.png".to_owned()),
            |r| r.sha256.as_mut().unwrap().current = Some("../../x".to_owned()),
        ];
        for (number, attack) in attacks.iter().enumerate() {
            let mut forged = result();
            attack(&mut forged);
            assert!(forged.check(&run, &id).is_err(), "attack {number}");
        }
    }
}
