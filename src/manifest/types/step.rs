//! Steps: what is done to a page before it is captured.

use serde::Serialize;

use crate::config::TextTemplate;

use super::capture::WaitFor;
use super::key_chord::KeyChord;

/// A step, done as a user would do it. Elements are found by CSS selectors, in
/// the document first and then in its shadow roots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Moves the mouse to the middle of an element.
    Hover(String),
    /// Focuses an element.
    Focus(String),
    /// Clicks the middle of an element.
    Click(String),
    /// Focuses a field and replaces its text by typing.
    Type {
        /// The field.
        into: String,
        /// The text.
        text: TextTemplate,
    },
    /// Presses a key, with or without modifiers.
    Press(KeyChord),
    /// Scrolls an element into view.
    ScrollTo(String),
    /// Selects an option of a `<select>`.
    Select {
        /// The `<select>`.
        r#in: String,
        /// The option's value, or its text.
        value: TextTemplate,
    },
    /// Waits for a condition.
    WaitFor(WaitFor),
    /// Waits until every engine that shows the story has arrived at this point.
    Sync(String),
    /// Runs JavaScript in the page and awaits its promise.
    Script(String),
}

impl Step {
    /// The key in the manifest.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Hover(_) => "hover",
            Self::Focus(_) => "focus",
            Self::Click(_) => "click",
            Self::Type { .. } => "type",
            Self::Press(_) => "press",
            Self::ScrollTo(_) => "scroll-to",
            Self::Select { .. } => "select",
            Self::WaitFor(_) => "wait-for",
            Self::Sync(_) => "sync",
            Self::Script(_) => "script",
        }
    }

    /// The selector, key or script, for messages. Never the text that is typed,
    /// which may be secret.
    pub fn target(&self) -> String {
        match self {
            Self::Hover(selector)
            | Self::Focus(selector)
            | Self::Click(selector)
            | Self::Type { into: selector, .. }
            | Self::Select { r#in: selector, .. }
            | Self::ScrollTo(selector)
            | Self::Sync(selector)
            | Self::WaitFor(WaitFor::Selector(selector)) => selector.clone(),
            Self::Press(chord) => chord.name().to_owned(),
            Self::WaitFor(WaitFor::Expression(script)) | Self::Script(script) => script.clone(),
            Self::WaitFor(WaitFor::Delay(delay)) => format!("{} s", delay.as_secs_f32()),
        }
    }

    /// The text, which may contain environment variables.
    pub fn text(&self) -> Option<&TextTemplate> {
        match self {
            Self::Type { text, .. } | Self::Select { value: text, .. } => Some(text),
            _ => None,
        }
    }
}
