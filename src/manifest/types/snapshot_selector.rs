//! Several snapshots by a test name, or the beginning of one.

use std::fmt;
use std::str::FromStr;

use crate::model::{StoryIdentifier, Viewport};

/// The snapshots of a story, in one theme or all, in one viewport or all. As text
/// `button`, `button::dark`, `button::dark::1280x720` or, in all themes,
/// `button::*::1280x720`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotSelector {
    /// The id of the story. Without the suffix of a browser or a scale it means
    /// the story in all of them.
    pub story: String,
    /// The theme; every theme if absent.
    pub theme: Option<String>,
    /// The viewport; every viewport if absent.
    pub viewport: Option<Viewport>,
}

impl SnapshotSelector {
    /// One snapshot.
    pub fn of(snapshot: &StoryIdentifier) -> Self {
        Self {
            story: snapshot.story_id.clone(),
            theme: Some(snapshot.theme.clone()),
            viewport: Some(snapshot.viewport),
        }
    }

    /// Whether it selects a snapshot.
    pub fn covers(&self, snapshot: &StoryIdentifier) -> bool {
        let id = &snapshot.story_id;
        let is_story = *id == self.story || id.split('@').next() == Some(&self.story);
        let is_theme = (self.theme.as_ref()).is_none_or(|theme| *theme == snapshot.theme);
        is_story && is_theme && self.viewport.is_none_or(|it| it == snapshot.viewport)
    }

    /// Whether it selects everything that `other` does, of the same story id.
    pub fn includes(&self, other: &Self) -> bool {
        self.story == other.story
            && (self.theme.is_none() || self.theme == other.theme)
            && (self.viewport.is_none() || self.viewport == other.viewport)
    }
}

impl FromStr for SnapshotSelector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split("::");
        let story = parts.next().unwrap_or_default();
        if story.is_empty() {
            return Err("expected the id of a story".to_owned());
        }
        // `*` stands for every theme.
        let theme = parts.next().filter(|theme| *theme != "*");
        let viewport = parts.next().map(|viewport| {
            let parsed = viewport.parse::<Viewport>().ok();
            parsed.ok_or_else(|| format!("`{viewport}` is not a viewport (help: write 1280x720)"))
        });
        if parts.next().is_some() {
            return Err("expected STORY, STORY::THEME or STORY::THEME::VIEWPORT".to_owned());
        }
        Ok(Self {
            story: story.to_owned(),
            theme: theme.map(str::to_owned),
            viewport: viewport.transpose()?,
        })
    }
}

impl fmt::Display for SnapshotSelector {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story_is_covered_in_every_browser_unless_one_is_named() {
        let snapshot = |key| StoryIdentifier::from_key(key).unwrap();
        let selector = |text: &str| text.parse::<SnapshotSelector>().unwrap();
        let story = selector("button");
        assert!(story.covers(&snapshot("button:dark:10x20")));
        assert!(story.covers(&snapshot("button@firefox@2x:dark:10x20")));
        assert!(!story.covers(&snapshot("button-wide:dark:10x20")));
        let firefox = selector("button@firefox");
        assert!(firefox.covers(&snapshot("button@firefox:dark:10x20")));
        assert!(!firefox.covers(&snapshot("button:dark:10x20")));
        let dark = selector("button::dark::10x20");
        assert!(dark.covers(&snapshot("button:dark:10x20")));
        assert!(!dark.covers(&snapshot("button:light:10x20")));
        assert!(!dark.covers(&snapshot("button:dark:10x30")));
        assert_eq!(dark.to_string(), "button::dark::10x20");
        assert_eq!(selector("button::*::10x20").to_string(), "button::*::10x20");
    }
}
