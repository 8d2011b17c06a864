//! The path template of baselines.

use std::env::consts::{ARCH, OS};
use std::fmt;
use std::path::{Component, Path};

use crate::model::{BrowserName, StoryIdentifier, Viewport};

/// The path of baselines below the manifest's folder, with placeholders, such as
/// `baselines/{platform}/{story}-{theme}-{viewport}.png`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaselineTemplate {
    text: String,
    parts: Vec<TemplatePart>,
    /// The platform of the browsers.
    platform: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum TemplatePart {
    Text(String),
    Placeholder(Placeholder),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Placeholder {
    Story,
    Theme,
    Viewport,
    Browser,
    Platform,
    Arch,
}

const PLACEHOLDERS: [(&str, Placeholder); 6] = [
    ("story", Placeholder::Story),
    ("theme", Placeholder::Theme),
    ("viewport", Placeholder::Viewport),
    ("browser", Placeholder::Browser),
    ("platform", Placeholder::Platform),
    ("arch", Placeholder::Arch),
];

/// The values of the placeholders.
#[derive(Clone, Copy, Debug)]
pub struct TemplateValues<'a> {
    /// The story id with its suffixes.
    pub story: &'a str,
    /// The theme's name.
    pub theme: &'a str,
    /// `1280x720`
    pub viewport: &'a str,
    /// The engine's name.
    pub browser: &'a str,
}

/// A text is not a valid template.
pub(in crate::manifest) struct TemplateError {
    /// Follows "`path` in [baselines]".
    pub(in crate::manifest) message: String,
    pub(in crate::manifest) unknown_placeholder: Option<String>,
}

impl TemplateError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            unknown_placeholder: None,
        }
    }
}

impl Default for BaselineTemplate {
    fn default() -> Self {
        let place = |place| TemplatePart::Placeholder(place);
        let text = |text: &str| TemplatePart::Text(text.to_owned());
        Self {
            text: "baselines/{story}-{theme}-{viewport}.png".to_owned(),
            parts: vec![
                text("baselines/"),
                place(Placeholder::Story),
                text("-"),
                place(Placeholder::Theme),
                text("-"),
                place(Placeholder::Viewport),
                text(".png"),
            ],
            platform: OS,
        }
    }
}

impl BaselineTemplate {
    pub(in crate::manifest) fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find(['{', '}']) {
            let braces = TemplateError::new("has an unmatched brace");
            if rest[start..].starts_with('}') {
                return Err(braces);
            }
            let end = start + rest[start..].find('}').ok_or(braces)?;
            let name = &rest[start + 1..end];
            let place = PLACEHOLDERS.iter().find(|(known, _)| *known == name);
            let (_, place) = place.ok_or_else(|| TemplateError {
                message: format!("contains the unknown placeholder {{{name}}}"),
                unknown_placeholder: Some(name.to_owned()),
            })?;
            if start > 0 {
                parts.push(TemplatePart::Text(rest[..start].to_owned()));
            }
            parts.push(TemplatePart::Placeholder(*place));
            rest = &rest[end + 1..];
        }
        parts.push(TemplatePart::Text(rest.to_owned()));
        check(text)?;
        let text = text.to_owned();
        Ok(Self {
            text,
            parts,
            platform: OS,
        })
    }

    /// The template of the baselines of this platform.
    #[must_use]
    pub(in crate::manifest) fn on_platform(self, platform: &'static str) -> Self {
        Self { platform, ..self }
    }

    /// The names of all placeholders.
    pub(in crate::manifest) fn placeholders() -> [&'static str; 6] {
        PLACEHOLDERS.map(|(name, _)| name)
    }

    /// The template as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The relative path of one baseline, with `/` between folders.
    pub fn path(&self, places: &TemplateValues<'_>) -> String {
        let mut path = String::with_capacity(self.text.len() + places.story.len());
        for part in &self.parts {
            path.push_str(match part {
                TemplatePart::Text(text) => text,
                TemplatePart::Placeholder(Placeholder::Story) => places.story,
                TemplatePart::Placeholder(Placeholder::Theme) => places.theme,
                TemplatePart::Placeholder(Placeholder::Viewport) => places.viewport,
                TemplatePart::Placeholder(Placeholder::Browser) => places.browser,
                TemplatePart::Placeholder(Placeholder::Platform) => self.platform,
                TemplatePart::Placeholder(Placeholder::Arch) => ARCH,
            });
        }
        path
    }

    /// The folder of all baselines of this platform: everything before the
    /// first placeholder that depends on a snapshot, up to its last `/`.
    pub fn folder(&self) -> String {
        let mut fixed = String::new();
        for part in &self.parts {
            fixed.push_str(match part {
                TemplatePart::Text(text) => text,
                TemplatePart::Placeholder(Placeholder::Platform) => self.platform,
                TemplatePart::Placeholder(Placeholder::Arch) => ARCH,
                TemplatePart::Placeholder(_) => break,
            });
        }
        fixed.truncate(fixed.rfind('/').unwrap_or(0));
        fixed
    }
}

impl BaselineTemplate {
    /// Whether a path can be that of a baseline of one of these engines on this
    /// platform.
    pub fn could_be(&self, path: &str, browsers: &[BrowserName]) -> bool {
        produces(&self.parts, path, browsers, Some((self.platform, ARCH)))
    }

    /// Whether a path can be that of a baseline of any engine on any platform.
    #[cfg(feature = "artifacts")]
    pub(crate) fn could_be_elsewhere(&self, path: &str) -> bool {
        produces(&self.parts, path, &BrowserName::ALL, None)
    }

    /// The folder of the baselines of all platforms: everything before the first
    /// placeholder, up to its last `/`.
    #[cfg(feature = "artifacts")]
    pub(crate) fn folder_of_all_platforms(&self) -> &str {
        let fixed = self.text.split('{').next().unwrap_or_default();
        &fixed[..fixed.rfind('/').unwrap_or(0)]
    }
}

/// Whether the parts can produce the text, on a system and architecture or on
/// any.
fn produces(
    parts: &[TemplatePart],
    text: &str,
    browsers: &[BrowserName],
    platform: Option<(&str, &str)>,
) -> bool {
    let Some((part, parts)) = parts.split_first() else {
        return text.is_empty();
    };
    let fixed = |word: &str| {
        let rest = text.strip_prefix(word);
        rest.is_some_and(|rest| produces(parts, rest, browsers, platform))
    };
    let any = |fits: &dyn Fn(&str) -> bool| {
        let ends = (1..=text.len()).filter(|&end| text.is_char_boundary(end));
        let mut ends = ends.filter(|&end| fits(&text[..end]));
        ends.any(|end| produces(parts, &text[end..], browsers, platform))
    };
    match part {
        TemplatePart::Text(word) => fixed(word),
        TemplatePart::Placeholder(place @ (Placeholder::Platform | Placeholder::Arch)) => {
            match platform {
                Some((os, _)) if *place == Placeholder::Platform => fixed(os),
                Some((_, arch)) => fixed(arch),
                None => any(&|text| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')),
            }
        }
        TemplatePart::Placeholder(Placeholder::Browser) => {
            browsers.iter().any(|name| fixed(name.as_str()))
        }
        TemplatePart::Placeholder(Placeholder::Theme) => {
            any(&|text| StoryIdentifier::check_theme(text).is_ok())
        }
        TemplatePart::Placeholder(Placeholder::Viewport) => {
            any(&|text| text.parse::<Viewport>().is_ok())
        }
        TemplatePart::Placeholder(Placeholder::Story) => any(&|text| is_story(text, browsers)),
    }
}

/// Whether a text is a story id whose suffixes name a scale or one of these
/// engines.
fn is_story(text: &str, browsers: &[BrowserName]) -> bool {
    let engine = |suffix: &str| browsers.iter().any(|name| name.as_str() == suffix);
    let scale = |suffix: &str| {
        let number = suffix.strip_suffix('x').map(str::parse::<f64>);
        number.is_some_and(|number| number.is_ok())
    };
    StoryIdentifier::check_story_id(text).is_ok()
        && text
            .split('@')
            .skip(1)
            .all(|suffix| engine(suffix) || scale(suffix))
}

fn check(text: &str) -> Result<(), TemplateError> {
    let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if !Path::new(text).components().all(inside) {
        return Err(TemplateError::new("leads out of the manifest's folder"));
    }
    if !text.ends_with(".png") {
        return Err(TemplateError::new("must end in `.png`"));
    }
    if !text.contains("{story}") {
        return Err(TemplateError::new(
            "must contain {story}, otherwise all stories share a file",
        ));
    }
    Ok(())
}

impl fmt::Display for BaselineTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
