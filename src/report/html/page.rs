//! Writes a self-contained page around its data.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;
use sha2::{Digest, Sha256};

use super::assets::{FONTS, ICONS, REPORT, SCRIPTS, STYLE};
use crate::model::RunId;

const SHELL: &str = include_str!("report.html");

/// Writes the page for `data`, which may be large and is never in memory as a
/// whole.
pub(super) fn write(out: &mut impl Write, run: &RunId, data: &impl Serialize) -> io::Result<()> {
    let style = style();
    let script = script();
    let title = format!("Tintype: {run}");
    let (before, after) = SHELL.split_once("{{data}}").unwrap_or((SHELL, ""));
    let before = fill(
        before,
        &[
            ("policy", &policy(&style, &script)),
            ("title", &text(&title)),
            ("style", &style),
        ],
    );
    out.write_all(before.as_bytes())?;
    data.serialize(&mut Serializer::with_formatter(&mut *out, SafeInScript))?;
    out.write_all(fill(after, &[("script", &script)]).as_bytes())
}

/// JSON for a `<script>` element: without `<`, so that it can contain no end tag
/// or comment, and without the line separators that end a line in old scripts.
struct SafeInScript;

impl Formatter for SafeInScript {
    fn write_string_fragment<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(['<', '\u{2028}', '\u{2029}']) {
            let (before, from) = rest.split_at(at);
            let mut chars = from.chars();
            let code = chars.next().map_or(0, u32::from);
            write!(out, "{before}\\u{code:04x}")?;
            rest = chars.as_str();
        }
        out.write_all(rest.as_bytes())
    }
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
