//! `stories.toml`: read, checked and resolved, with errors that show the line.

mod types;

pub use types::{
    BrowserName, BrowserSettings, CaptureSettings, ColorScheme, Manifest, Screen, Source, Story,
    Target, Theme,
};
