//! Escapes text that comes from pages, records, commands and file names.
//!
//! A terminal obeys control characters, and shows text in another order after
//! some of Unicode's; CI servers obey lines that begin with `::`, and `##[`
//! anywhere. Text of others must not reach either of them as it is.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::redact::redact;

/// Text with line breaks and tabs for a terminal or the log of a CI server.
/// Other control characters become visible: `\u{1b}`. Commands of CI servers
/// get a backslash.
pub fn printable(text: &str) -> Cow<'_, str> {
    escape(text, Breaks::Kept, Styles::Escaped)
}

/// Like [`printable`], and line breaks and tabs become visible, too.
pub fn single_line(text: &str) -> Cow<'_, str> {
    escape(text, Breaks::Escaped, Styles::Escaped)
}

/// Like [`printable`], and sequences for colours stay.
pub(crate) fn printable_with_styles(text: &str) -> Cow<'_, str> {
    escape(text, Breaks::Kept, Styles::Kept)
}

/// A JSON document for a terminal or the log of a CI server. Its meaning stays
/// the same.
pub fn printable_json(json: &str) -> Cow<'_, str> {
    if !json.contains(is_unsafe) && !json.contains("##") {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        // JSON has none of these outside of strings, except for line breaks
        // and tabs, which are unsafe nowhere else.
        let is_command = c == '[' && ends_with_marker(&out);
        if is_command || (is_unsafe(c) && !matches!(c, '\n' | '\r' | '\t')) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Prints a line without secrets to standard error.
#[expect(clippy::print_stderr, reason = "the only place that does")]
pub(crate) fn print_error(text: &str) {
    eprintln!("{}", printable(&redact(text)));
}

#[derive(Clone, Copy, PartialEq)]
enum Breaks {
    Kept,
    Escaped,
}

#[derive(Clone, Copy, PartialEq)]
enum Styles {
    Kept,
    Escaped,
}

/// Control characters, and those that reorder text, break lines or are invisible
/// copies of ASCII.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

fn escape(text: &str, breaks: Breaks, styles: Styles) -> Cow<'_, str> {
    if !text.contains(is_unsafe) && !text.contains("::") && !text.contains("##") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut is_line_start = true;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let style = match styles {
            Styles::Kept if c == '\u{1b}' => style_length(rest),
            _ => None,
        };
        let length = style.unwrap_or(c.len_utf8());
        match c {
            _ if style.is_some() => out.push_str(&rest[..length]),
            '\n' | '\t' if breaks == Breaks::Kept => out.push(c),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if is_unsafe(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            ':' if is_line_start && rest.starts_with("::") => out.push_str("\\:"),
            '[' if ends_with_marker(&out) => out.push_str("\\["),
            _ => out.push(c),
        }
        // CI servers skip spaces before a command.
        is_line_start = c == '\n' || (is_line_start && (c.is_whitespace() || style.is_some()));
        rest = &rest[length..];
    }
    Cow::Owned(out)
}

/// The length of a sequence for colours: `ESC [ 1 ; 31 m`.
fn style_length(text: &str) -> Option<usize> {
    let codes = text.strip_prefix("\u{1b}[")?;
    let end = codes.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    codes[end..].starts_with('m').then_some(end + 3)
}

/// Whether the next bracket would make a command: `##[`, `##vso[`.
fn ends_with_marker(text: &str) -> bool {
    let word = text.trim_end_matches(|c: char| c.is_ascii_alphanumeric());
    word.ends_with("##")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_direction_characters_become_visible() {
        assert_eq!(
            printable("a\u{1b}]0;owned\u{7}b\u{9b}31m\u{7f}\u{0}c\r\nd\te\u{85}"),
            "a\\u{1b}]0;owned\\u{7}b\\u{9b}31m\\u{7f}\\u{0}c\\r\nd\te\\u{85}"
        );
        assert_eq!(
            printable("\u{202e}txt.exe\u{2066}"),
            "\\u{202e}txt.exe\\u{2066}"
        );
        assert_eq!(printable("Grüße, 日本語 ✓"), "Grüße, 日本語 ✓");
        assert_eq!(single_line("a\nb\tc"), "a\\nb\\tc");
    }

    /// Control characters, those with the property Bidi_Control, separators of
    /// lines and paragraphs, and tags.
    fn has_effect(c: char) -> bool {
        let others = "\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202b}\u{202c}\u{202d}\
             \u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\u{e0001}\u{e0061}\u{e007f}";
        c.is_control() || others.contains(c)
    }

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        let all = (0..=0x3000).chain(0xe0000..=0xe0080);
        let all: String = all.filter_map(char::from_u32).collect();
        for text in [
            printable(&all),
            single_line(&all),
            printable_with_styles(&all),
        ] {
            let left: Vec<char> = text.chars().filter(|c| has_effect(*c)).collect();
            assert!(left.iter().all(|c| matches!(c, '\n' | '\t')), "{left:?}");
        }
        let json = serde_json::to_string(&all).unwrap();
        let printed = printable_json(&json);
        assert!(!printed.contains(has_effect));
        assert_eq!(serde_json::from_str::<String>(&printed).unwrap(), all);
    }

    #[test]
    fn no_line_is_a_command_of_a_ci_server() {
        for hostile in [
            "::set-env name=PATH::/tmp",
            "a\n::stop-commands::x",
            "a\r::add-mask::x",
            "a\n  \t::error::x",
            "a\u{2028}::error::x",
            "##[command]x",
            "text ##[group]x",
            "##vso[task.setvariable variable=x]",
            "##teamcity[message]",
            "\u{1b}[0m::error::x",
        ] {
            for text in [printable(hostile), printable_with_styles(hostile)] {
                let is_command = |line: &str| {
                    let plain = line.replace("\u{1b}[0m", "");
                    plain.trim_start().starts_with("::")
                        || plain.contains("##[")
                        || plain.contains("##vso[")
                        || plain.contains("##teamcity[")
                };
                assert!(!text.split(['\n', '\r']).any(is_command), "{text}");
            }
        }
        assert_eq!(printable("button::dark::1x1"), "button::dark::1x1");
        assert_eq!(printable("## [a] #[b]"), "## [a] #[b]");
    }

    #[test]
    fn json_keeps_its_meaning() {
        let text = "\u{9b}31m \u{202e} ##[group] \u{1b} ::x";
        let json = serde_json::to_string_pretty(&[text]).unwrap();
        let printed = printable_json(&json);
        assert!(!printed.contains("##["), "{printed}");
        let read: Vec<String> = serde_json::from_str(&printed).unwrap();
        assert_eq!(read, [text]);
    }

    #[test]
    fn only_colours_stay() {
        let text = "\u{1b}[1;31merror\u{1b}[0m \u{1b}[2J\u{1b}]8;;x\u{7}";
        assert_eq!(
            printable_with_styles(text),
            "\u{1b}[1;31merror\u{1b}[0m \\u{1b}[2J\\u{1b}]8;;x\\u{7}"
        );
    }
}
