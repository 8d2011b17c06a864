//! The device that a page sees.

use serde::Serialize;

/// The device and the user as the page sees them. Unset values are those of the
/// browser.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Device {
    /// The value of `navigator.userAgent` and of the `User-Agent` header.
    pub user_agent: Option<String>,
    /// The language, which decides the formats of numbers and dates: `de-AT`.
    pub locale: Option<String>,
    /// The time zone: `Europe/Vienna`.
    pub time_zone: Option<String>,
    /// The value of `prefers-reduced-motion`.
    pub reduced_motion: Option<bool>,
    /// The value of `forced-colors`.
    pub forced_colors: Option<bool>,
    /// The value of `prefers-contrast`.
    pub contrast: Option<Contrast>,
    /// The medium for which the page is laid out.
    pub medium: Option<Medium>,
}

/// A value of `prefers-contrast`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Contrast {
    /// `more`
    More,
    /// `less`
    Less,
    /// `no-preference`
    NoPreference,
}

/// The medium for which a page is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Medium {
    /// `screen`
    Screen,
    /// `print`
    Print,
}

impl Contrast {
    /// The media feature's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::More => "more",
            Self::Less => "less",
            Self::NoPreference => "no-preference",
        }
    }
}

impl Medium {
    /// The medium's name in a media query.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Screen => "screen",
            Self::Print => "print",
        }
    }
}

impl Device {
    /// This device, with unset values taken from `base`.
    #[must_use]
    pub(crate) fn over(&self, base: &Self) -> Self {
        let text = |own: &Option<String>, base: &Option<String>| own.clone().or(base.clone());
        Self {
            user_agent: text(&self.user_agent, &base.user_agent),
            locale: text(&self.locale, &base.locale),
            time_zone: text(&self.time_zone, &base.time_zone),
            reduced_motion: self.reduced_motion.or(base.reduced_motion),
            forced_colors: self.forced_colors.or(base.forced_colors),
            contrast: self.contrast.or(base.contrast),
            medium: self.medium.or(base.medium),
        }
    }

    /// The values that a page reads only once: all but the media features.
    #[must_use]
    pub(crate) fn fixed(&self) -> Self {
        Self {
            user_agent: self.user_agent.clone(),
            locale: self.locale.clone(),
            time_zone: self.time_zone.clone(),
            ..Self::default()
        }
    }
}
