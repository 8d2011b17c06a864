//! From data to one self-contained page.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::assets::{FONTS, ICONS, REPORT, SCRIPTS, STYLE};
use crate::model::RunId;

const SHELL: &str = include_str!("report.html");

/// The page that shows `data`.
pub(super) fn render(run: &RunId, data: &impl Serialize) -> Result<String, serde_json::Error> {
    let style = style();
    let script = script();
    let title = format!("Tintype: {run}");
    Ok(fill(
        SHELL,
        &[
            ("policy", &policy(&style, &script)),
            ("title", &text(&title)),
            ("style", &style),
            ("data", &safe_json(data)?),
            ("script", &script),
        ],
    ))
}

/// JSON that may stand inside a `<script>` element: no `<`, so neither an end
/// tag nor a comment can begin, and no line separators that older scripts
/// would take for the end of a line.
fn safe_json(data: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string(data)?
        .replace('<', "\\u003c")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029"))
}

/// The style with its fonts inside.
fn style() -> String {
    let mut style = format!("{STYLE}\n{ICONS}");
    for (path, font) in FONTS {
        let data = format!("data:font/woff2;base64,{}", STANDARD.encode(font));
        style = style.replace(path, &data);
    }
    style
}

fn script() -> String {
    let mut script: String = SCRIPTS.iter().map(|(_, source)| *source).collect();
    script.push_str(REPORT);
    script
}

/// Only this style and this script run, and nothing is fetched but pictures:
/// whatever a story's name or message holds, it cannot act in the page.
fn policy(style: &str, script: &str) -> String {
    let hash = |source: &str| STANDARD.encode(Sha256::digest(source));
    format!(
        "default-src 'none'; base-uri 'none'; form-action 'none'; font-src data:; \
         img-src 'self' file: data:; style-src 'sha256-{}'; script-src 'sha256-{}'",
        hash(style),
        hash(script)
    )
}

/// Text as HTML.
fn text(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Puts values where `{{name}}` stands, in the order of the shell. What was
/// put in is not looked at again, so that no value can hold a place.
fn fill(shell: &str, values: &[(&str, &str)]) -> String {
    let mut page = String::new();
    let mut rest = shell;
    for (name, value) in values {
        let place = format!("{{{{{name}}}}}");
        if let Some((before, after)) = rest.split_once(&place) {
            page.push_str(before);
            page.push_str(value);
            rest = after;
        }
    }
    page.push_str(rest);
    page
}
