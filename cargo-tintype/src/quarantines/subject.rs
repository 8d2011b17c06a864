//! Snapshots as an argument: a test name, or the beginning of one.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Error, bail, ensure};
use tintype::internals::manifest::Quarantine;
use tintype::internals::model::{StoryIdentifier, Viewport};

/// `button`, `button::dark` or `button::dark::1280x720`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) story: String,
    pub(crate) theme: Option<String>,
    pub(crate) viewport: Option<Viewport>,
}

impl Subject {
    /// One snapshot.
    pub(crate) fn of(snapshot: &StoryIdentifier) -> Self {
        Self {
            story: snapshot.story_id.clone(),
            theme: Some(snapshot.theme.clone()),
            viewport: Some(snapshot.viewport),
        }
    }

    /// What an entry of the file is about.
    pub(crate) fn of_entry(entry: &Quarantine) -> Self {
        Self {
            story: entry.story.clone(),
            theme: entry.theme.clone(),
            viewport: entry.viewport,
        }
    }

    pub(crate) fn covers(&self, snapshot: &StoryIdentifier) -> bool {
        Quarantine::covers_by(&self.story, self.theme.as_deref(), self.viewport, snapshot)
    }

    /// Whether everything that `other` is about is part of this.
    pub(crate) fn includes(&self, other: &Self) -> bool {
        self.story == other.story
            && (self.theme.is_none() || self.theme == other.theme)
            && (self.viewport.is_none() || self.viewport == other.viewport)
    }
}

impl FromStr for Subject {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut parts = text.split("::");
        let story = parts.next().unwrap_or_default();
        ensure!(!story.is_empty(), "expected the id of a story");
        // `*` stands for every theme.
        let theme = parts.next().filter(|theme| *theme != "*");
        let viewport = parts.next().map(|viewport| {
            let parsed = viewport.parse::<Viewport>();
            parsed.with_context(|| format!("`{viewport}` is not a viewport (help: write 1280x720)"))
        });
        if parts.next().is_some() {
            bail!("expected STORY, STORY::THEME or STORY::THEME::VIEWPORT");
        }
        Ok(Self {
            story: story.to_owned(),
            theme: theme.map(str::to_owned),
            viewport: viewport.transpose()?,
        })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.story)?;
        match (&self.theme, self.viewport) {
            (None, None) => Ok(()),
            (Some(theme), None) => write!(f, "::{theme}"),
            (theme, Some(viewport)) => {
                write!(f, "::{}::{viewport}", theme.as_deref().unwrap_or("*"))
            }
        }
    }
}
