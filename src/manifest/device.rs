//! What a page is told of the device and the person before it.

use serde::Serialize;

use super::compare_settings::one_of;
use super::reader::{Problems, Table, Value};

/// What a page is told of the device and the person before it. What is not set
/// is the browser's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Device {
    /// What `navigator.userAgent` and the header say.
    pub user_agent: Option<String>,
    /// The language, and with it formats of numbers and dates: `de-AT`.
    pub locale: Option<String>,
    /// The time zone: `Europe/Vienna`.
    pub time_zone: Option<String>,
    /// What `prefers-reduced-motion` says.
    pub reduced_motion: Option<bool>,
    /// What `forced-colors` says.
    pub forced_colors: Option<bool>,
    /// What `prefers-contrast` says.
    pub contrast: Option<Contrast>,
    /// For which medium the page is laid out.
    pub medium: Option<Medium>,
}

/// What `prefers-contrast` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contrast {
    /// `more`
    More,
    /// `less`
    Less,
    /// `no-preference`
    NoPreference,
}

/// For which medium a page is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
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
    /// This, and what it does not set as `base` has it.
    #[must_use]
    pub fn over(&self, base: &Self) -> Self {
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

    /// What of it a page may have read already: all that is no media feature.
    #[must_use]
    pub fn fixed(&self) -> Self {
        Self {
            user_agent: self.user_agent.clone(),
            locale: self.locale.clone(),
            time_zone: self.time_zone.clone(),
            ..Self::default()
        }
    }

    /// The manifest's words for what is set, for an engine that has to say what
    /// of it it cannot do.
    pub fn words(&self) -> Vec<&'static str> {
        let words = [
            ("user-agent", self.user_agent.is_some()),
            ("locale", self.locale.is_some()),
            ("timezone", self.time_zone.is_some()),
            ("reduced-motion", self.reduced_motion.is_some()),
            ("forced-colors", self.forced_colors.is_some()),
            ("contrast", self.contrast.is_some()),
            ("media", self.medium.is_some()),
        ];
        let set = words.into_iter().filter(|(_, is_set)| *is_set);
        set.map(|(word, _)| word).collect()
    }

    /// Takes what a table says of a device.
    pub(super) fn take(table: &mut Table<'_>, problems: &mut Problems) -> Self {
        let contrasts = [Contrast::More, Contrast::Less, Contrast::NoPreference]
            .map(|contrast| (contrast.as_str(), contrast));
        let media = [Medium::Screen, Medium::Print].map(|medium| (medium.as_str(), medium));
        let (agent, locale) = (table.take("user-agent"), table.take("locale"));
        let (zone, motion) = (table.take("timezone"), table.take("reduced-motion"));
        let (colours, contrast) = (table.take("forced-colors"), table.take("contrast"));
        let medium = table.take("media");
        let agent = agent.and_then(|v| v.text(problems));
        let zone = zone.and_then(|v| v.text(problems));
        Self {
            user_agent: agent.map(str::to_owned),
            locale: locale.and_then(|v| self::locale(&v, problems)),
            time_zone: zone.map(str::to_owned),
            reduced_motion: motion.and_then(|v| v.flag(problems)),
            forced_colors: colours.and_then(|v| v.flag(problems)),
            contrast: contrast.and_then(|v| one_of(&v, &contrasts, problems)),
            medium: medium.and_then(|v| one_of(&v, &media, problems)),
        }
    }

    /// Reads a table that says nothing else.
    pub(super) fn read(value: Option<Value<'_>>, problems: &mut Problems) -> Self {
        let Some(mut table) = value.and_then(|value| value.table(problems)) else {
            return Self::default();
        };
        let device = Self::take(&mut table, problems);
        table.finish(problems);
        device
    }
}

/// A language tag: `de`, `de-AT`, `zh-Hant-TW`.
fn locale(value: &Value<'_>, problems: &mut Problems) -> Option<String> {
    let text = value.text(problems)?;
    let mut parts = text.split('-');
    let language = parts.next().unwrap_or_default();
    let is_language = (2..=3).contains(&language.len()) && only_letters(language);
    let is_part = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    if !is_language || !parts.all(is_part) {
        let problem = value.wrong("is not a language tag");
        problems.add(problem.help("write it as in \"en\", \"de-AT\" or \"zh-Hant-TW\""));
        return None;
    }
    Some(text.to_owned())
}

fn only_letters(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphabetic())
}
