//! The path template of baselines.

use std::fmt;
use std::path::{Component, Path};

use crate::model::{StoryIdentifier, Viewport};

use super::error::Problem;
use super::reader::Value;
use crate::model::BrowserName;

/// Where baselines live: a path below the manifest's folder with
/// placeholders, such as `baselines/{platform}/{story}-{theme}-{viewport}.png`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaselineTemplate {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Place(Place),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Story,
    Theme,
    Viewport,
    Browser,
    Platform,
    Arch,
}

const PLACES: [(&str, Place); 6] = [
    ("story", Place::Story),
    ("theme", Place::Theme),
    ("viewport", Place::Viewport),
    ("browser", Place::Browser),
    ("platform", Place::Platform),
    ("arch", Place::Arch),
];

/// What a template's placeholders stand for.
#[derive(Clone, Copy, Debug)]
pub struct TemplateValues<'a> {
    /// The story's id with its suffixes.
    pub story: &'a str,
    /// The theme's name.
    pub theme: &'a str,
    /// `1280x720`
    pub viewport: &'a str,
    /// The engine's name.
    pub browser: &'a str,
}

/// Why a text is not a template. Completes "`path` in [baselines] …".
pub(super) struct TemplateError {
    what: String,
    unknown: Option<String>,
}

impl TemplateError {
    fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            unknown: None,
        }
    }

    pub(super) fn at(self, value: &Value<'_>) -> Problem {
        let problem = value.wrong(&self.what);
        match self.unknown {
            Some(name) => problem.suggest(&name, PLACES.map(|(name, _)| name)),
            None => problem,
        }
    }
}

impl Default for BaselineTemplate {
    fn default() -> Self {
        let place = |place| Part::Place(place);
        let text = |text: &str| Part::Text(text.to_owned());
        Self {
            text: "baselines/{story}-{theme}-{viewport}.png".to_owned(),
            parts: vec![
                text("baselines/"),
                place(Place::Story),
                text("-"),
                place(Place::Theme),
                text("-"),
                place(Place::Viewport),
                text(".png"),
            ],
        }
    }
}

impl BaselineTemplate {
    pub(super) fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find(['{', '}']) {
            let braces = TemplateError::new("has a brace without its partner");
            if rest[start..].starts_with('}') {
                return Err(braces);
            }
            let end = start + rest[start..].find('}').ok_or(braces)?;
            let name = &rest[start + 1..end];
            let place = PLACES.iter().find(|(known, _)| *known == name);
            let (_, place) = place.ok_or_else(|| TemplateError {
                what: format!("has the unknown placeholder {{{name}}}"),
                unknown: Some(name.to_owned()),
            })?;
            if start > 0 {
                parts.push(Part::Text(rest[..start].to_owned()));
            }
            parts.push(Part::Place(*place));
            rest = &rest[end + 1..];
        }
        parts.push(Part::Text(rest.to_owned()));
        check(text)?;
        let text = text.to_owned();
        Ok(Self { text, parts })
    }

    /// The template as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The path of one baseline, relative, with `/` between folders.
    pub fn path(&self, places: &TemplateValues<'_>) -> String {
        let mut path = String::with_capacity(self.text.len() + places.story.len());
        for part in &self.parts {
            path.push_str(match part {
                Part::Text(text) => text,
                Part::Place(Place::Story) => places.story,
                Part::Place(Place::Theme) => places.theme,
                Part::Place(Place::Viewport) => places.viewport,
                Part::Place(Place::Browser) => places.browser,
                Part::Place(Place::Platform) => std::env::consts::OS,
                Part::Place(Place::Arch) => std::env::consts::ARCH,
            });
        }
        path
    }

    /// The folder below which all baselines of this platform are: everything
    /// before the first placeholder that a snapshot fills in, cut at its last
    /// `/`, with the platform and the architecture filled in.
    pub fn folder(&self) -> String {
        let mut fixed = String::new();
        for part in &self.parts {
            fixed.push_str(match part {
                Part::Text(text) => text,
                Part::Place(Place::Platform) => std::env::consts::OS,
                Part::Place(Place::Arch) => std::env::consts::ARCH,
                Part::Place(_) => break,
            });
        }
        fixed.truncate(fixed.rfind('/').unwrap_or(0));
        fixed
    }
}

impl BaselineTemplate {
    /// Whether this could be the path of a baseline on this platform, of one
    /// of these engines.
    pub fn could_be(&self, path: &str, browsers: &[BrowserName]) -> bool {
        produces(&self.parts, path, browsers)
    }
}

/// Whether the parts can be filled in so that they give the text.
fn produces(parts: &[Part], text: &str, browsers: &[BrowserName]) -> bool {
    let Some((part, parts)) = parts.split_first() else {
        return text.is_empty();
    };
    let fixed = |word: &str| {
        let rest = text.strip_prefix(word);
        rest.is_some_and(|rest| produces(parts, rest, browsers))
    };
    let any = |fits: &dyn Fn(&str) -> bool| {
        let ends = (1..=text.len()).filter(|&end| text.is_char_boundary(end));
        let mut ends = ends.filter(|&end| fits(&text[..end]));
        ends.any(|end| produces(parts, &text[end..], browsers))
    };
    match part {
        Part::Text(word) => fixed(word),
        Part::Place(Place::Platform) => fixed(std::env::consts::OS),
        Part::Place(Place::Arch) => fixed(std::env::consts::ARCH),
        Part::Place(Place::Browser) => browsers.iter().any(|name| fixed(name.as_str())),
        Part::Place(Place::Theme) => any(&|text| StoryIdentifier::check_theme(text).is_ok()),
        Part::Place(Place::Viewport) => any(&|text| text.parse::<Viewport>().is_ok()),
        Part::Place(Place::Story) => any(&|text| is_story(text, browsers)),
    }
}

/// A story id whose suffixes name a scale or one of these engines.
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
        return Err(TemplateError::new("leaves the manifest's folder"));
    }
    if !text.ends_with(".png") {
        return Err(TemplateError::new("does not end in .png"));
    }
    if !text.contains("{story}") {
        return Err(TemplateError::new(
            "has no {story}, so that all stories would share a file",
        ));
    }
    Ok(())
}

impl fmt::Display for BaselineTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
