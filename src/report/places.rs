//! Finds the file and line that an annotation of a failure points to.

use std::collections::HashMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::explain::known_causes;
use crate::manifest::{Manifest, Source};
use crate::model::{CauseSource, VisualTestResult};

/// A line of a file of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AnnotationPlace {
    /// Its path from the root of the repository.
    pub(super) file: String,
    /// From 1.
    pub(super) line: Option<usize>,
}

/// The places of causes and stories.
#[derive(Debug, Default)]
pub(crate) struct AnnotationPlaces {
    /// The manifest's path from the root of the repository.
    pub(super) manifest: String,
    /// The line of each story in it, by story id.
    pub(super) lines: HashMap<String, usize>,
    repository: PathBuf,
    /// The folders that files of causes may be in.
    folders: Vec<PathBuf>,
}

impl AnnotationPlaces {
    /// The places of a manifest's stories, and of the files beside it.
    pub(crate) fn new(manifest: &Manifest) -> Self {
        let mut ancestors = manifest.root.ancestors();
        let repository = ancestors.find(|folder| folder.join(".git").exists());
        let stories = match &manifest.source {
            Source::Dir(dir) => Some(manifest.root.join(dir)),
            _ => None,
        };
        let path = manifest.file();
        let path = repository.and_then(|root| path.strip_prefix(root).ok());
        let path = path.unwrap_or(&manifest.path);
        Self {
            manifest: path.to_string_lossy().into_owned(),
            lines: story_lines(manifest),
            repository: repository.unwrap_or(&manifest.root).to_owned(),
            folders: stories.into_iter().chain([manifest.root.clone()]).collect(),
        }
    }

    /// The manifest as a whole.
    pub(super) fn of_manifest(&self) -> AnnotationPlace {
        AnnotationPlace {
            file: self.manifest.clone(),
            line: None,
        }
    }

    /// The rule that caused a failure, otherwise the story in the manifest.
    pub(super) fn of_result(&self, result: &VisualTestResult) -> AnnotationPlace {
        let mut sources = known_causes(result).filter_map(|cause| cause.source.as_ref());
        if let Some(place) = sources.find_map(|source| self.of_source(source)) {
            return place;
        }
        let id = &result.story_identifier.story_id;
        let id = id.split('@').next().unwrap_or(id);
        AnnotationPlace {
            line: self.lines.get(id).copied(),
            ..self.of_manifest()
        }
    }

    /// A place that the page or its source map names, if it is in the repository.
    fn of_source(&self, source: &CauseSource) -> Option<AnnotationPlace> {
        let path = Path::new(&source.file);
        let line = usize::try_from(source.line?).ok()?;
        let is_inside = path
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        let mut files = self.folders.iter().map(|folder| folder.join(path));
        let file = files.find(|file| is_inside && file.is_file())?;
        let file = file.strip_prefix(&self.repository).ok()?;
        Some(AnnotationPlace {
            file: file.to_string_lossy().replace('\\', "/"),
            line: Some(line),
        })
    }
}

/// The line of the manifest that declares each story, by story id.
fn story_lines(manifest: &Manifest) -> HashMap<String, usize> {
    let Ok(text) = fs::read(manifest.file()) else {
        return HashMap::new();
    };
    let line = |offset: usize| {
        let before = &text[..offset.min(text.len())];
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    };
    let stories = manifest.stories.iter();
    stories
        .map(|story| (story.id.clone(), line(story.declared.start)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::super::sample;
    use super::{AnnotationPlaces, CauseSource, VisualTestResult};
    use crate::config::Config;
    use crate::manifest::Manifest;
    use crate::model::Status;

    const MANIFEST: &str = "[stories]\ndir = \"stories\"\n\n[[story]]\npath = \"a.html\"\n\n\
                            [[story]]\nid = \"b\"\npath = \"a.html\"\n";

    fn places() -> (TempDir, AnnotationPlaces) {
        let folder = TempDir::new().unwrap();
        fs::create_dir_all(folder.path().join(".git")).unwrap();
        let root = folder.path().join("shop");
        fs::create_dir_all(root.join("stories")).unwrap();
        for file in ["stories/a.html", "stories/a.css", "b.scss"] {
            fs::write(root.join(file), "").unwrap();
        }
        let path = root.join("stories.toml");
        fs::write(&path, MANIFEST).unwrap();
        let manifest = Manifest::load(&path, &Config::default()).unwrap();
        (folder, AnnotationPlaces::new(&manifest))
    }

    fn place(places: &AnnotationPlaces, story: &str) -> (String, Option<usize>) {
        let place = places.of_result(&sample::result(story, Status::Failed));
        (place.file, place.line)
    }

    /// A failure by a rule at this place.
    fn caused(file: &str, line: Option<u32>) -> VisualTestResult {
        let mut cause = sample::cause(".a", "color", "red", "blue");
        cause.source = Some(CauseSource {
            file: file.to_owned(),
            line,
            column: None,
        });
        VisualTestResult {
            explanation: Some(sample::explanation(1.0, vec![cause])),
            ..sample::result("b@firefox", Status::Failed)
        }
    }

    #[test]
    fn a_failure_without_the_place_of_a_rule_is_at_its_story() {
        let (_folder, places) = places();
        assert_eq!(
            place(&places, "a"),
            ("shop/stories.toml".to_owned(), Some(4))
        );
        assert_eq!(
            place(&places, "b@2x"),
            ("shop/stories.toml".to_owned(), Some(7))
        );
        assert_eq!(
            place(&places, "other"),
            ("shop/stories.toml".to_owned(), None)
        );
        for (file, line) in [
            ("a.css", None),
            ("missing.css", Some(3)),
            ("../b.scss", Some(3)),
            ("/etc/hosts", Some(3)),
        ] {
            let place = places.of_result(&caused(file, line));
            assert_eq!(place.file, "shop/stories.toml", "{file}");
            assert_eq!(place.line, Some(7), "{file}");
        }
    }

    #[test]
    fn a_failure_is_at_the_rule_that_caused_it() {
        let (_folder, places) = places();
        for (file, expected) in [("a.css", "shop/stories/a.css"), ("b.scss", "shop/b.scss")] {
            let place = places.of_result(&caused(file, Some(12)));
            assert_eq!((&*place.file, place.line), (expected, Some(12)));
        }
    }
}
