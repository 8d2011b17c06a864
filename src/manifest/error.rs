//! Errors of a manifest, each shown with its line.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::config::closest;

/// One error and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) message: String,
    /// Bytes of the manifest that are marked.
    pub(crate) span: Range<usize>,
    /// The text beside the marked bytes.
    pub(crate) label: Option<String>,
    /// How to fix it.
    pub(crate) help: Option<String>,
}

impl Problem {
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            span,
            label: None,
            help: None,
        }
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the name that was probably meant, otherwise a list of `names`.
    pub(crate) fn suggest<'a>(
        self,
        wrong: &str,
        names: impl IntoIterator<Item = &'a str> + Clone,
    ) -> Self {
        match closest(wrong, names.clone(), max_distance(wrong)) {
            Some(name) => self.label(format!("did you mean `{name}`?")),
            None => {
                let names: Vec<_> = names.into_iter().map(|n| format!("`{n}`")).collect();
                match names.as_slice() {
                    [] => self,
                    [name] => self.help(format!("the only choice is {name}")),
                    names => self.help(format!("choose one of {}", names.join(", "))),
                }
            }
        }
    }

    /// Adds the name that was probably meant, if one is close.
    pub(crate) fn did_you_mean<'a>(
        self,
        wrong: &str,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        match closest(wrong, names, max_distance(wrong)) {
            Some(name) => self.label(format!("did you mean \"{name}\"?")),
            None => self,
        }
    }
}

/// At most a third of the letters may differ.
fn max_distance(wrong: &str) -> usize {
    (wrong.chars().count() / 3).max(1)
}

/// A manifest could not be read or has errors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// The file could not be read.
    #[error("failed to read the manifest `{}`: {reason}{hint}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        reason: String,
        /// The help text after a line break, or an empty text.
        hint: &'static str,
    },
    /// The manifest has errors.
    #[error("{0}")]
    Invalid(Box<Report>),
}

impl ManifestError {
    pub(crate) fn read(path: &Path, error: &std::io::Error) -> Self {
        let missing = error.kind() == std::io::ErrorKind::NotFound;
        Self::Read {
            path: path.to_owned(),
            reason: error.to_string(),
            hint: if missing {
                "\nhelp: run `cargo tintype init` to create one, or name another in TINTYPE_MANIFEST"
            } else {
                ""
            },
        }
    }

    pub(crate) fn invalid(path: &Path, source: &str, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.span.start);
        Self::Invalid(Box::new(Report {
            path: path.to_owned(),
            source: source.to_owned(),
            problems,
        }))
    }

    /// The error as text, with or without colours.
    pub fn render(&self, colours: bool) -> String {
        match self {
            Self::Read { .. } => self.to_string(),
            Self::Invalid(report) => report.render(&if colours {
                Renderer::styled()
            } else {
                Renderer::plain()
            }),
        }
    }
}

/// The errors of a manifest, in the order of its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    path: PathBuf,
    source: String,
    problems: Vec<Problem>,
}

impl Report {
    /// The number of errors, at least one.
    pub fn count(&self) -> usize {
        self.problems.len()
    }

    fn render(&self, renderer: &Renderer) -> String {
        let mut text = String::new();
        for problem in &self.problems {
            text += &renderer.render(&[self.group(problem)]);
            text += "\n\n";
        }
        let path = self.path.display();
        text += &match self.problems.len() {
            1 => format!("the manifest `{path}` has an error"),
            count => format!("the manifest `{path}` has {count} errors"),
        };
        text
    }

    fn group<'a>(&'a self, problem: &'a Problem) -> annotate_snippets::Group<'a> {
        let mark = AnnotationKind::Primary
            .span(self.visible(&problem.span))
            .label(problem.label.as_deref());
        let snippet = Snippet::source(self.source.as_str())
            .path(self.path.to_string_lossy())
            .annotation(mark);
        let group = Level::ERROR
            .primary_title(problem.message.as_str())
            .element(snippet);
        match &problem.help {
            Some(help) => group.element(Level::HELP.message(help.as_str())),
            None => group,
        }
    }

    /// The part of a span that is on its first line.
    fn visible(&self, span: &Range<usize>) -> Range<usize> {
        let start = span.start.min(self.source.len());
        let end = span.end.clamp(start, self.source.len());
        let line_end = self.source[start..]
            .find('\n')
            .map_or(self.source.len(), |at| start + at);
        start..end.min(line_end).max(start)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(&Renderer::plain()))
    }
}
