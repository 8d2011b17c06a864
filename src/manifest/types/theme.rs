//! Themes.

use std::collections::BTreeMap;

use serde::Serialize;

use super::device::Device;

/// A named way to render a story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Theme {
    /// Its name.
    pub name: String,
    /// The value of `prefers-color-scheme`.
    pub color_scheme: Option<ColorScheme>,
    /// Attributes of the root element.
    pub attributes: BTreeMap<String, String>,
    /// Classes of the root element.
    pub classes: Vec<String>,
    /// Parameters added to the URL, which require a navigation.
    pub query: BTreeMap<String, String>,
    /// The globals of a Storybook in the form of its URLs, empty without any:
    /// `theme:dark;density:compact`.
    pub globals: String,
    /// The device.
    pub device: Device,
}

/// A value of `prefers-color-scheme`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ColorScheme {
    /// `light`
    Light,
    /// `dark`
    Dark,
}

impl ColorScheme {
    /// The media feature's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}
