//! Snapshots that are in quarantine.

use jiff::civil::Date;

use crate::model::{StoryIdentifier, Viewport};

/// An entry of `quarantine.toml`: snapshots whose failures do not fail the run
/// for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quarantine {
    /// The id of the story. Without the suffix of a browser or a scale it means
    /// the story in all of them.
    pub story: String,
    /// The theme; every theme if absent.
    pub theme: Option<String>,
    /// The viewport; every viewport if absent.
    pub viewport: Option<Viewport>,
    /// The last day on which it holds, in UTC.
    pub until: Date,
    /// Why the snapshots are in quarantine.
    pub reason: String,
    /// The day on which it was set, in UTC.
    pub since: Option<Date>,
    /// The commit on which it was set.
    pub commit: Option<String>,
    /// The fingerprint of the only difference that it is about. Other failures of
    /// the snapshots fail the run.
    pub difference: Option<String>,
    /// The line of the entry in the file, from 1.
    pub line: usize,
}

impl Quarantine {
    /// Whether it is about this snapshot.
    pub fn covers(&self, snapshot: &StoryIdentifier) -> bool {
        Self::covers_by(&self.story, self.theme.as_deref(), self.viewport, snapshot)
    }

    /// Whether a quarantine of this story, theme and viewport is about a snapshot.
    pub fn covers_by(
        story: &str,
        theme: Option<&str>,
        viewport: Option<Viewport>,
        snapshot: &StoryIdentifier,
    ) -> bool {
        let id = &snapshot.story_id;
        (id == story || id.split('@').next() == Some(story))
            && theme.is_none_or(|theme| theme == snapshot.theme)
            && viewport.is_none_or(|viewport| viewport == snapshot.viewport)
    }

    /// Whether it still holds on a day.
    pub fn holds_on(&self, day: Date) -> bool {
        day <= self.until
    }

    /// The snapshots as a test name, or the beginning of one:
    /// `button-primary::dark`.
    pub fn subject(&self) -> String {
        let theme = self.theme.as_deref();
        let viewport = self.viewport.map(|viewport| viewport.to_string());
        match (theme, viewport) {
            (None, None) => self.story.clone(),
            (Some(theme), None) => format!("{}::{theme}", self.story),
            (theme, Some(viewport)) => {
                format!("{}::{}::{viewport}", self.story, theme.unwrap_or("*"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quarantine(story: &str, theme: Option<&str>, viewport: Option<&str>) -> Quarantine {
        Quarantine {
            story: story.to_owned(),
            theme: theme.map(str::to_owned),
            viewport: viewport.map(|viewport| viewport.parse().unwrap()),
            until: Date::constant(2026, 12, 31),
            reason: "issue 12".to_owned(),
            since: None,
            commit: None,
            difference: None,
            line: 1,
        }
    }

    #[test]
    fn a_story_is_covered_in_every_browser_unless_one_is_named() {
        let snapshot = |key| StoryIdentifier::from_key(key).unwrap();
        let story = quarantine("button", None, None);
        assert!(story.covers(&snapshot("button:dark:10x20")));
        assert!(story.covers(&snapshot("button@firefox@2x:dark:10x20")));
        assert!(!story.covers(&snapshot("button-wide:dark:10x20")));
        let firefox = quarantine("button@firefox", None, None);
        assert!(firefox.covers(&snapshot("button@firefox:dark:10x20")));
        assert!(!firefox.covers(&snapshot("button:dark:10x20")));
        let dark = quarantine("button", Some("dark"), Some("10x20"));
        assert!(dark.covers(&snapshot("button:dark:10x20")));
        assert!(!dark.covers(&snapshot("button:light:10x20")));
        assert!(!dark.covers(&snapshot("button:dark:10x30")));
        assert_eq!(dark.subject(), "button::dark::10x20");
    }

    #[test]
    fn it_holds_to_the_end_of_its_last_day() {
        let quarantine = quarantine("button", None, None);
        assert!(quarantine.holds_on(Date::constant(2026, 12, 31)));
        assert!(!quarantine.holds_on(Date::constant(2027, 1, 1)));
    }
}
