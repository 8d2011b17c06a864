//! The explanation of a difference: its causes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a snapshot differs from its baseline.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// Differing pixels that a known cause explains ÷ all differing pixels, 0 to 1.
    pub explained_ratio: f64,
    /// The causes, the one with the most pixels first.
    pub causes: Vec<Cause>,
}

/// One reason for differing pixels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    /// A hash of kind, selector, property, from and to: equal in all snapshots
    /// with this cause.
    pub id: String,
    /// What has changed.
    pub kind: CauseKind,
    /// The rule or the elements that changed: `.btn-primary`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// The property or attribute that changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub property: Option<String>,
    /// Its value in the baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Its value now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Where the rule is declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<CauseSource>,
    /// The number of elements that changed, or that the change moved.
    pub elements: u64,
    /// The number of differing pixels.
    pub pixels: u64,
}

/// The place of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CauseSource {
    /// The file, as the page names it.
    pub file: String,
    /// The line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

/// What kind of change causes a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CauseKind {
    /// A computed property.
    Style,
    /// A text.
    Text,
    /// An attribute.
    Attribute,
    /// An element that is only in the current page.
    Added,
    /// An element that was only in the page of the baseline.
    Removed,
    /// An element at another place.
    Moved,
    /// The content of an image or a canvas.
    Image,
    /// A web font.
    Font,
    /// The environment of the capture.
    Environment,
    /// No known cause.
    #[serde(other)]
    Unknown,
}

impl CauseKind {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Style => "style",
            Self::Text => "text",
            Self::Attribute => "attribute",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Moved => "moved",
            Self::Image => "image",
            Self::Font => "font",
            Self::Environment => "environment",
            Self::Unknown => "unknown",
        }
    }
}

impl Cause {
    /// A cause without elements and pixels.
    pub fn new(
        kind: CauseKind,
        selector: Option<String>,
        property: Option<String>,
        from: Option<String>,
        to: Option<String>,
    ) -> Self {
        let parts = [&selector, &property, &from, &to];
        let mut hasher = blake3::Hasher::new();
        hasher.update(kind.as_str().as_bytes());
        for part in parts {
            hasher.update(b"\0");
            hasher.update(part.as_deref().unwrap_or_default().as_bytes());
        }
        let id = hasher.finalize().to_hex()[..12].to_owned();
        Self {
            id,
            kind,
            selector,
            property,
            from,
            to,
            source: None,
            elements: 0,
            pixels: 0,
        }
    }

    /// Whether it is known what has changed.
    pub fn is_known(&self) -> bool {
        self.kind != CauseKind::Unknown
    }

    /// `` `.btn-primary` background-color #3b5bdb → #4263eb, app.css:12 ``
    pub fn describe(&self) -> String {
        let mut text = self.to_string();
        if let Some(source) = &self.source {
            text.push_str(&format!(", {source}"));
        }
        text
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let selector = self.selector.as_deref().unwrap_or("the page");
        let property = self.property.as_deref().unwrap_or_default();
        let quoted = |text: &Option<String>| shown(text.as_deref().unwrap_or_default());
        let (old, new) = (quoted(&self.from), quoted(&self.to));
        let values = match (&self.from, &self.to) {
            (Some(from), Some(to)) => format!(" {} → {}", shown(from), shown(to)),
            (Some(from), None) => format!(" {} → (none)", shown(from)),
            (None, Some(to)) => format!(" (none) → {}", shown(to)),
            (None, None) => String::new(),
        };
        match self.kind {
            CauseKind::Style => write!(f, "`{selector}` {property}{values}"),
            CauseKind::Text => write!(f, "`{selector}` text \"{old}\" → \"{new}\""),
            CauseKind::Attribute => write!(f, "`{selector}` attribute {property}{values}"),
            CauseKind::Added if !new.is_empty() => write!(f, "`{selector}` \"{new}\" was added"),
            CauseKind::Added => write!(f, "`{selector}` was added"),
            CauseKind::Removed if !old.is_empty() => {
                write!(f, "`{selector}` \"{old}\" was removed")
            }
            CauseKind::Removed => write!(f, "`{selector}` was removed"),
            CauseKind::Moved => write!(f, "`{selector}` moved{values}"),
            // Its values are hashes.
            CauseKind::Image if property == "content" => write!(f, "`{selector}` image content"),
            CauseKind::Image => write!(f, "`{selector}` image {property}{values}"),
            CauseKind::Font => write!(f, "font {selector}{values}"),
            CauseKind::Environment => write!(f, "environment: {property}{values}"),
            CauseKind::Unknown => f.write_str("unknown cause"),
        }
    }
}

impl fmt::Display for CauseSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        match self.line {
            Some(line) => write!(f, ":{line}"),
            None => Ok(()),
        }
    }
}

/// A value for people: colours in hexadecimal, long values shortened.
fn shown(value: &str) -> String {
    let value = hexadecimal(value);
    let mut chars = value.char_indices();
    match chars.nth(60) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value,
    }
}

/// Replaces each opaque `rgb(…)` by its hexadecimal form.
fn hexadecimal(value: &str) -> String {
    let mut text = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("rgb(") {
        let Some((numbers, after)) = after.split_once(')') else {
            break;
        };
        let channels: Vec<u8> = numbers
            .split(',')
            .filter_map(|number| number.trim().parse().ok())
            .collect();
        text.push_str(before);
        match channels[..] {
            [r, g, b] => text.push_str(&format!("#{r:02x}{g:02x}{b:02x}")),
            _ => text.push_str(&format!("rgb({numbers})")),
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::{Cause, CauseKind, CauseSource};

    fn cause() -> Cause {
        let some = |text: &str| Some(text.to_owned());
        Cause::new(
            CauseKind::Style,
            some(".btn-primary"),
            some("background-color"),
            some("rgb(59, 91, 219)"),
            some("rgb(66, 99, 235)"),
        )
    }

    #[test]
    fn a_cause_is_described_with_its_values_and_place() {
        let mut cause = cause();
        cause.source = Some(CauseSource {
            file: "app.css".to_owned(),
            line: Some(12),
            column: None,
        });
        assert_eq!(
            cause.describe(),
            "`.btn-primary` background-color #3b5bdb → #4263eb, app.css:12"
        );
    }

    #[test]
    fn texts_are_quoted() {
        let (old, new) = (Some("Later".to_owned()), Some(String::new()));
        let selector = Some(".badge".to_owned());
        let text = Cause::new(CauseKind::Text, selector.clone(), None, old.clone(), new);
        assert_eq!(text.to_string(), "`.badge` text \"Later\" → \"\"");
        let removed = Cause::new(CauseKind::Removed, selector, None, old, None);
        assert_eq!(removed.to_string(), "`.badge` \"Later\" was removed");
    }

    #[test]
    fn equal_changes_have_equal_ids() {
        let mut other = cause();
        other.pixels = 7;
        assert_eq!(cause().id, other.id);
        let moved = Cause::new(CauseKind::Moved, other.selector, None, None, None);
        assert_ne!(moved.id, other.id);
    }

    #[test]
    fn a_kind_of_a_later_version_is_unknown() {
        let kind: CauseKind = serde_json::from_str("\"teleported\"").unwrap();
        assert_eq!(kind, CauseKind::Unknown);
    }
}
