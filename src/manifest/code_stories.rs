//! Stories that the test target names, beside those of the manifest.

use std::fmt;
use std::sync::Arc;

use url::Url;

use super::story::unfit_id;
use super::suite::parse_screen;
use super::types::{CaptureSettings, Manifest, Screen, Source, StorySpec, Theme};

/// A story as the test target names it. What it leaves open is the suite's.
///
/// ```
/// use tintype::Story;
///
/// let story = Story::new("orders/empty", "/orders?customer=none")
///     .viewports(["phone", "800x600"])
///     .compare(|compare| compare.max_diff_pixels = Some(20));
/// ```
#[derive(Clone)]
pub struct Story {
    id: String,
    path: String,
    themes: Option<Vec<String>>,
    viewports: Option<Vec<String>>,
    compare: Adjust<tintype_compare::Options>,
    capture: Adjust<CaptureSettings>,
    skip: Option<String>,
}

/// A change to settings that are only known later.
type Adjust<T> = Arc<dyn Fn(&mut T) + Send + Sync>;

impl Story {
    /// A story with this id, which is shown at this address below the source.
    pub fn new(id: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            path: path.into(),
            themes: None,
            viewports: None,
            compare: Arc::new(|_| {}),
            capture: Arc::new(|_| {}),
            skip: None,
        }
    }

    /// Shows it in these themes of the manifest only.
    #[must_use]
    pub fn themes<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.themes = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Shows it at these viewports only, by their names in the manifest or as
    /// `800x600` or `800x600@2x`.
    #[must_use]
    pub fn viewports<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.viewports = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Changes how it is compared, starting from the manifest's `[compare]`.
    #[must_use]
    pub fn compare(
        mut self,
        change: impl Fn(&mut tintype_compare::Options) + Send + Sync + 'static,
    ) -> Self {
        self.compare = Arc::new(change);
        self
    }

    /// Changes how it is captured, starting from the manifest's `[capture]`.
    #[must_use]
    pub fn capture(
        mut self,
        change: impl Fn(&mut CaptureSettings) + Send + Sync + 'static,
    ) -> Self {
        self.capture = Arc::new(change);
        self
    }

    /// Leaves it out, for this reason.
    #[must_use]
    pub fn skip(mut self, reason: impl Into<String>) -> Self {
        self.skip = Some(reason.into());
        self
    }
}

impl fmt::Debug for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Story")
            .field("id", &self.id)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Why code cannot add to a manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeStoryError {
    /// The manifest does not say that there are more stories than its own.
    #[error(
        "the test target names the story `{id}`, and the manifest does not say so (put \
         `from-code = true` into [stories]: whoever reads only the manifest must know that there \
         are more)"
    )]
    NotDeclared {
        /// The story.
        id: String,
    },
    /// A story cannot be what the code says.
    #[error("the story `{id}` of the test target {what}")]
    Story {
        /// The story.
        id: String,
        /// What is wrong with it.
        what: String,
    },
    /// The address of the stories' server is none.
    #[error(
        "`{0}` is no address of a server (the test target gives it; begin with http:// or https://)"
    )]
    Address(String),
    /// The address would show a password.
    #[error(
        "the address that the test target gives has a user or a password in it (put them into `basic-auth` in [stories])"
    )]
    Password,
    /// There is no story at all.
    #[error("there are no stories: neither the manifest nor the test target names one")]
    NoStories,
}

impl Manifest {
    /// Adds stories behind the manifest's own.
    ///
    /// # Errors
    /// When the manifest does not allow for it, or a story cannot be what it
    /// says.
    pub fn add_stories(&mut self, drafts: &[Story]) -> Result<(), CodeStoryError> {
        for draft in drafts {
            if !self.from_code {
                let id = draft.id.clone();
                return Err(CodeStoryError::NotDeclared { id });
            }
            let story = self.story(draft).map_err(|what| CodeStoryError::Story {
                id: draft.id.clone(),
                what,
            })?;
            self.stories.push(Arc::new(story));
        }
        if self.stories.is_empty() && !self.is_stale {
            return Err(CodeStoryError::NoStories);
        }
        Ok(())
    }

    /// Takes the stories from a server instead of whatever `[stories]` names.
    ///
    /// # Errors
    /// When the address is none.
    pub fn set_address(&mut self, address: &str) -> Result<(), CodeStoryError> {
        let url = Url::parse(address).ok();
        let bare = |url: &Url| url.username().is_empty() && url.password().is_none();
        if url.as_ref().is_some_and(|url| !bare(url)) {
            return Err(CodeStoryError::Password);
        }
        let web = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if web.is_none() {
            return Err(CodeStoryError::Address(address.to_owned()));
        }
        self.source = Source::Url {
            base: address.trim_end_matches('/').to_owned(),
            command: None,
        };
        Ok(())
    }

    fn story(&self, draft: &Story) -> Result<StorySpec, String> {
        if let Some(why) = unfit_id(&draft.id) {
            return Err(format!("has an unfit id: {why}"));
        }
        if self.stories.iter().any(|story| story.id == draft.id) {
            return Err("is there already, under the same id".to_owned());
        }
        if let Source::Dir(folder) = &self.source {
            let file = draft.path.split(['?', '#']).next().unwrap_or_default();
            let file = file.trim_start_matches('/');
            if !folder.join(file).is_file() {
                return Err(format!("has no page: {}", folder.join(file).display()));
            }
        }
        let mut story = StorySpec {
            id: draft.id.clone(),
            path: draft.path.clone(),
            skip: draft.skip.clone(),
            storybook: None,
            ..self.story_defaults.clone()
        };
        if let Some(names) = &draft.themes {
            story.themes = all(names, |name| self.theme(name))?;
        }
        if let Some(names) = &draft.viewports {
            story.screens = all(names, |name| self.screen(name))?;
        }
        story.compare.each(|options| (draft.compare)(options));
        (draft.capture)(&mut story.capture);
        Ok(story)
    }

    fn theme(&self, name: &str) -> Result<Arc<Theme>, String> {
        let found = self.themes.iter().find(|theme| theme.name == name);
        let names = self.themes.iter().map(|theme| theme.name.as_str());
        found.cloned().ok_or_else(|| unknown("theme", name, names))
    }

    fn screen(&self, name: &str) -> Result<Screen, String> {
        let named = self.viewports.iter().find(|(known, _)| known == name);
        let screen = named.map(|(_, screen)| *screen);
        let names = self.viewports.iter().map(|(name, _)| name.as_str());
        let screen = screen.or_else(|| parse_screen(name));
        screen.ok_or_else(|| unknown("viewport", name, names))
    }
}

fn all<T>(names: &[String], find: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    if names.is_empty() {
        return Err("has an empty list of themes or viewports".to_owned());
    }
    names.iter().map(|name| find(name)).collect()
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    format!(
        "names the unknown {what} `{name}` (the manifest has {})",
        known.join(", ")
    )
}
