//! Stories that the test target adds to those of the manifest.

use std::fmt;
use std::sync::Arc;

use url::Url;

use super::dependencies;
use super::error::ManifestError;
use super::pages;
use super::sections::story::unfit_id;
use super::types::{
    CaptureSettings, Dependency, Manifest, Screen, Source, StoryLock, StorySpec, Theme,
};
use super::values::parse_screen;

/// A story that the test target adds. Settings that it does not change are those
/// of the manifest.
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
    after: Vec<String>,
    lock: Option<StoryLock>,
}

/// A change to settings of the manifest, which is read later.
type Adjust<T> = Arc<dyn Fn(&mut T) + Send + Sync>;

impl Story {
    /// A story with this id, at this path below the source.
    pub fn new(id: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            path: path.into(),
            themes: None,
            viewports: None,
            compare: Arc::new(|_| {}),
            capture: Arc::new(|_| {}),
            skip: None,
            after: Vec::new(),
            lock: None,
        }
    }

    /// Shows it only in these themes of the manifest.
    #[must_use]
    pub fn themes<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.themes = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Shows it only in these viewports: names of the manifest, `800x600` or
    /// `800x600@2x`.
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

    /// Skips it, for this reason.
    #[must_use]
    pub fn skip(mut self, reason: impl Into<String>) -> Self {
        self.skip = Some(reason.into());
        self
    }

    /// Runs it only when these stories have passed, and skips it otherwise.
    #[must_use]
    pub fn after<T: Into<String>>(mut self, stories: impl IntoIterator<Item = T>) -> Self {
        self.after = stories.into_iter().map(Into::into).collect();
        self
    }

    /// Captures it while it holds the lock with this name, which at most `slots`
    /// stories hold at once, across runs and machines.
    #[must_use]
    pub fn lock(mut self, name: impl Into<String>, slots: u32) -> Self {
        self.lock = Some(StoryLock {
            name: name.into(),
            slots,
        });
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

/// The test target could not change the manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeStoryError {
    /// The manifest does not allow stories of the test target.
    #[error(
        "the test target adds the story `{id}`, which the manifest does not allow\n\
         help: set `from-code = true` in [stories], so that commands that read only the manifest \
         know that there are more stories"
    )]
    NotDeclared {
        /// The story.
        id: String,
    },
    /// A story is invalid.
    #[error("the story `{id}` of the test target {problem}")]
    Story {
        /// The story.
        id: String,
        /// The problem.
        problem: String,
    },
    /// With the stories of the test target, the manifest has errors.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The base URL is invalid.
    #[error(
        "the base URL `{0}` of the test target is invalid: expected an address that begins with \
         http:// or https://"
    )]
    Address(String),
    /// The base URL contains a password.
    #[error(
        "the base URL of the test target contains a user or a password, which reports would show\n\
         help: move them to `basic-auth` in [stories]"
    )]
    Password,
    /// There are no stories.
    #[error("there are no stories: neither the manifest nor the test target names one")]
    NoStories,
}

impl Manifest {
    /// Adds stories after those of the manifest.
    ///
    /// # Errors
    /// When the manifest does not allow it, or a story is invalid.
    pub fn add_stories(&mut self, drafts: &[Story]) -> Result<(), CodeStoryError> {
        for draft in drafts {
            if !self.from_code {
                let id = draft.id.clone();
                return Err(CodeStoryError::NotDeclared { id });
            }
            let story = self.story(draft).map_err(|problem| CodeStoryError::Story {
                id: draft.id.clone(),
                problem,
            })?;
            self.stories.push(Arc::new(story));
        }
        if self.from_code && !self.is_stale {
            self.check_dependencies()?;
        }
        if self.stories.is_empty() && !self.is_stale {
            return Err(CodeStoryError::NoStories);
        }
        Ok(())
    }

    /// Checks `after` now that all stories are known.
    fn check_dependencies(&self) -> Result<(), CodeStoryError> {
        let stories = self.stories.iter().map(|story| &**story);
        let (in_code, in_manifest): (Vec<_>, Vec<_>) = dependencies::problems(stories, true)
            .into_iter()
            .partition(|found| found.declared.is_empty());
        if !in_manifest.is_empty() {
            let problems = in_manifest.into_iter().map(|found| found.problem);
            return Err(self.invalid(problems.collect()).into());
        }
        match in_code.into_iter().next() {
            None => Ok(()),
            Some(found) => Err(CodeStoryError::Story {
                id: found.story,
                problem: format!("is invalid: {}", found.problem.message),
            }),
        }
    }

    /// Uses a server instead of the source in `[stories]`.
    ///
    /// # Errors
    /// When the address is invalid.
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
            return Err(format!("has an invalid id: {why}"));
        }
        if self.stories.iter().any(|story| story.id == draft.id) {
            return Err("has the id of another story".to_owned());
        }
        let mut path = draft.path.clone();
        if let Source::Dir(folder) = &self.source {
            let missing = |file| format!("has no page: {}", folder.join(file).display());
            path = pages::find_page(folder, &path).map_err(missing)?.url;
        }
        let after = draft.after.iter().map(|story| Dependency {
            story: story.clone(),
            declared: 0..0,
        });
        let mut story = StorySpec {
            after: after.collect(),
            id: draft.id.clone(),
            path,
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
        if let Some(lock) = &draft.lock {
            check_lock(lock)?;
            story.lock = Some(Arc::new(lock.clone()));
        }
        story.compare.change_all(|options| (draft.compare)(options));
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

fn check_lock(lock: &StoryLock) -> Result<(), String> {
    let StoryLock { name, slots } = lock;
    if !StoryLock::is_name(name) {
        return Err(format!(
            "has the invalid lock name `{name}`: expected letters, digits, `.`, `_` and `-`"
        ));
    }
    if !(1..=StoryLock::MAX_SLOTS).contains(slots) {
        return Err(format!(
            "has a lock with {slots} slots: expected 1 to {}",
            StoryLock::MAX_SLOTS
        ));
    }
    Ok(())
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
        "uses the unknown {what} `{name}`: the manifest has {}",
        known.join(", ")
    )
}
