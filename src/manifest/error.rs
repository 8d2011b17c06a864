//! What is wrong with a manifest, shown at the line where it is wrong.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::config::closest;

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) message: String,
    /// Bytes of the manifest that are marked.
    pub(crate) span: Range<usize>,
    /// What stands beside the mark.
    pub(crate) label: Option<String>,
    /// What to do.
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

    /// Marks the name that was probably meant among `names`, and lists them
    /// when none is close.
    pub(crate) fn suggest<'a>(
        self,
        wrong: &str,
        names: impl IntoIterator<Item = &'a str> + Clone,
    ) -> Self {
        // At most a third of the letters may differ.
        let max_distance = (wrong.chars().count() / 3).max(1);
        match closest(wrong, names.clone(), max_distance) {
            Some(name) => self.label(format!("did you mean `{name}`?")),
            None => {
                let names: Vec<_> = names.into_iter().map(|n| format!("`{n}`")).collect();
                match names.len() {
                    0 => self,
                    _ => self.help(format!("one of {}", names.join(", "))),
                }
            }
        }
    }
}

/// Why there is no manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// The file could not be read.
    #[error("failed to read the manifest `{}`: {reason}{hint}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
        /// What to do, with a leading space, or nothing.
        hint: &'static str,
    },
    /// The file says something that it may not say.
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
                " (`cargo tintype init` writes one; TINTYPE_MANIFEST names another)"
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

    /// The error as text, in colours or without.
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

/// Everything that is wrong with a manifest, in the order of its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    path: PathBuf,
    source: String,
    problems: Vec<Problem>,
}

impl Report {
    /// How many things are wrong. At least one.
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

    /// A mark of one line and of at least one byte where there is one.
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
