//! The identifier of a snapshot, from which its test name, Redis key and file
//! names are derived.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::BrowserName;

/// A viewport: width × height in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Viewport {
    /// Width in CSS pixels.
    pub width: u32,
    /// Height in CSS pixels.
    pub height: u32,
}

impl fmt::Display for Viewport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

impl FromStr for Viewport {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        let number = |part: &str| {
            let plain = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            plain
                .then(|| part.parse().ok())
                .flatten()
                .filter(|&n| n > 0)
        };
        text.split_once('x')
            .and_then(|(width, height)| {
                Some(Self {
                    width: number(width)?,
                    height: number(height)?,
                })
            })
            .ok_or_else(|| IdentifierError::Viewport(text.to_owned()))
    }
}

/// One story in one theme at one viewport: the identifier of a snapshot.
///
/// The story id contains the suffixes of a browser other than the first
/// configured (`button@firefox`) and of a scale other than 1 (`button@2x`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "UncheckedIdentifier")]
#[non_exhaustive]
pub struct StoryIdentifier {
    /// The story's id, with its suffixes.
    pub story_id: String,
    /// The theme's name.
    pub theme: String,
    /// The viewport in CSS pixels.
    pub viewport: Viewport,
}

/// An identifier as a document has it, which may be forged.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UncheckedIdentifier {
    story_id: String,
    theme: String,
    viewport: Viewport,
}

impl TryFrom<UncheckedIdentifier> for StoryIdentifier {
    type Error = IdentifierError;

    fn try_from(unchecked: UncheckedIdentifier) -> Result<Self, IdentifierError> {
        Self::new(unchecked.story_id, unchecked.theme, unchecked.viewport)
    }
}

/// Why a text is not a valid identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentifierError {
    /// The story id has an invalid character or path segment.
    #[error(
        "the story id `{0}` is invalid: expected letters, digits, `.`, `_`, `-` and `/`, \
         without empty, `.` or `..` segments"
    )]
    StoryId(String),
    /// The theme has an invalid character.
    #[error("the theme `{0}` is invalid: expected letters, digits, `_` and `-`")]
    Theme(String),
    /// The viewport is not `{width}x{height}`.
    #[error("the viewport `{0}` is invalid: expected the form `1280x720`")]
    Viewport(String),
    /// The text is not `{story}::{theme}::{width}x{height}`.
    #[error("the test name `{0}` is invalid: expected the form `story::theme::1280x720`")]
    Form(String),
}

impl StoryIdentifier {
    /// Creates an identifier.
    ///
    /// # Errors
    /// When the story id or the theme is invalid.
    pub fn new(
        story_id: impl Into<String>,
        theme: impl Into<String>,
        viewport: Viewport,
    ) -> Result<Self, IdentifierError> {
        let identifier = Self {
            story_id: story_id.into(),
            theme: theme.into(),
            viewport,
        };
        identifier.check()?;
        Ok(identifier)
    }

    /// Validates an identifier from a record.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub(crate) fn check(&self) -> Result<(), IdentifierError> {
        Self::check_story_id(&self.story_id)?;
        Self::check_theme(&self.theme)
    }

    /// Validates a story id, with or without its `@browser` and `@2x` suffixes.
    ///
    /// # Errors
    /// When it is empty, has an invalid character, or would leave its folder.
    pub(crate) fn check_story_id(id: &str) -> Result<(), IdentifierError> {
        let known = |b: u8| b.is_ascii_alphanumeric() || b"._/-@".contains(&b);
        let inside = |segment: &str| !matches!(segment, "" | "." | "..");
        let stem = id.split('@').next().unwrap_or_default();
        let suffixes = id
            .split('@')
            .skip(1)
            .all(|s| !s.is_empty() && !s.contains('/'));
        if id.bytes().all(known) && stem.split('/').all(inside) && suffixes {
            Ok(())
        } else {
            Err(IdentifierError::StoryId(id.to_owned()))
        }
    }

    /// Validates a theme's name.
    ///
    /// # Errors
    /// When it is empty or has an invalid character.
    pub(crate) fn check_theme(theme: &str) -> Result<(), IdentifierError> {
        let known = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if !theme.is_empty() && theme.bytes().all(known) {
            Ok(())
        } else {
            Err(IdentifierError::Theme(theme.to_owned()))
        }
    }

    /// The engine that the story id names, if it is not the first one.
    pub(crate) fn named_browser(&self) -> Option<BrowserName> {
        self.story_id
            .split('@')
            .skip(1)
            .find_map(BrowserName::parse)
    }

    /// The test's name: `{storyId}::{theme}::{width}x{height}`.
    pub fn test_name(&self) -> String {
        format!("{}::{}::{}", self.story_id, self.theme, self.viewport)
    }

    /// The last part of Redis keys: `{storyId}:{theme}:{width}x{height}`.
    pub fn key(&self) -> String {
        format!("{}:{}:{}", self.story_id, self.theme, self.viewport)
    }

    /// The stem of file names, relative, with `/` between folders:
    /// `{storyId}-{theme}-{width}x{height}`.
    pub fn file_stem(&self) -> String {
        format!("{}-{}-{}", self.story_id, self.theme, self.viewport)
    }

    /// Parses a [`key`](Self::key) from its end, as the last two fields contain no
    /// colon.
    ///
    /// # Errors
    /// When the text is not a valid key.
    pub fn from_key(key: &str) -> Result<Self, IdentifierError> {
        Self::split(key, ":")
    }

    fn split(text: &str, separator: &str) -> Result<Self, IdentifierError> {
        let form = || IdentifierError::Form(text.to_owned());
        let (rest, viewport) = text.rsplit_once(separator).ok_or_else(form)?;
        let (story, theme) = rest.rsplit_once(separator).ok_or_else(form)?;
        Self::new(story, theme, viewport.parse()?)
    }
}

impl fmt::Display for StoryIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.test_name())
    }
}

impl FromStr for StoryIdentifier {
    type Err = IdentifierError;

    /// Parses a test name.
    fn from_str(name: &str) -> Result<Self, IdentifierError> {
        Self::split(name, "::")
    }
}

#[cfg(test)]
mod tests {
    use super::{IdentifierError, StoryIdentifier, Viewport};

    fn button() -> StoryIdentifier {
        let viewport = "1024x768".parse().unwrap();
        StoryIdentifier::new("forms/button-primary@firefox@2x", "dark", viewport).unwrap()
    }

    #[test]
    fn names_are_derived_from_the_identifier() {
        assert_eq!(
            button().test_name(),
            "forms/button-primary@firefox@2x::dark::1024x768"
        );
        assert_eq!(
            button().key(),
            "forms/button-primary@firefox@2x:dark:1024x768"
        );
        assert_eq!(
            button().file_stem(),
            "forms/button-primary@firefox@2x-dark-1024x768"
        );
    }

    #[test]
    fn names_and_keys_are_parsed() {
        assert_eq!(button().test_name().parse(), Ok(button()));
        assert_eq!(StoryIdentifier::from_key(&button().key()), Ok(button()));
    }

    #[test]
    fn an_id_cannot_leave_its_folder() {
        let viewport = Viewport {
            width: 1,
            height: 1,
        };
        for id in [
            "", "/", "a/", "/a", "a//b", "..", "a/../b", "./a", "a b", "a:b", "ü", "a@", "a@x/y",
        ] {
            let error = StoryIdentifier::new(id, "light", viewport).unwrap_err();
            assert_eq!(error, IdentifierError::StoryId(id.to_owned()), "{id}");
        }
    }

    #[test]
    fn viewports_are_two_positive_numbers() {
        for text in [
            "",
            "x",
            "1x",
            "0x5",
            "+1x2",
            "1x2x3",
            "1X2",
            "99999999999x1",
        ] {
            assert!(text.parse::<Viewport>().is_err(), "{text}");
        }
    }
}
