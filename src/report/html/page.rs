//! Renders a self-contained page around its data.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::assets::{FONTS, ICONS, REPORT, SCRIPTS, STYLE};
use crate::model::RunId;

const SHELL: &str = include_str!("report.html");

/// Renders the page for `data`.
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

/// JSON for a `<script>` element: without `<`, so that it can contain no end tag
/// or comment, and without the line separators that end a line in old scripts.
fn safe_json(data: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string(data)?
        .replace('<', "\\u003c")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029"))
}

/// The style with embedded fonts.
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

/// A content security policy that allows only this style, this script and
/// images, so that no name or message of a story can do anything in the page.
fn policy(style: &str, script: &str) -> String {
    let hash = |source: &str| STANDARD.encode(Sha256::digest(source));
    format!(
        "default-src 'none'; base-uri 'none'; form-action 'none'; font-src data:; \
         img-src 'self' file: data:; style-src 'sha256-{}'; script-src 'sha256-{}'",
        hash(style),
        hash(script)
    )
}

/// Escapes text for HTML.
fn text(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Replaces each `{{name}}` by its value, in the shell's order. Values are not
/// searched, so a value that contains a placeholder stays as it is.
fn fill(shell: &str, values: &[(&str, &str)]) -> String {
    let mut page = String::new();
    let mut rest = shell;
    for (name, value) in values {
        let placeholder = format!("{{{{{name}}}}}");
        if let Some((before, after)) = rest.split_once(&placeholder) {
            page.push_str(before);
            page.push_str(value);
            rest = after;
        }
    }
    page.push_str(rest);
    page
}
