//! Quotes text of pages and records in Markdown.

use tintype::internals::escape::single_line;

/// The most characters of a quoted text.
const MAX_CHARACTERS: usize = 300;

/// Text as code: there, no provider looks for mentions, references, links, HTML
/// or emphasis. Backticks, which would end it, become quotes.
pub(super) fn code(text: &str) -> String {
    let line = single_line(text.trim());
    let shown: String = line.chars().take(MAX_CHARACTERS).collect();
    let cut = if shown.len() < line.len() { "…" } else { "" };
    match shown.replace('`', "'") {
        empty if empty.is_empty() => "`-`".to_owned(),
        shown => format!("`{shown}{cut}`"),
    }
}

/// Text for an attribute of HTML.
pub(super) fn attribute(text: &str) -> String {
    let text = single_line(text);
    let text = text.replace('&', "&amp;").replace('"', "&quot;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::{attribute, code};

    #[test]
    fn nothing_ends_the_code() {
        assert_eq!(
            code("`@team` <img src=x>\n[a](b) https://c #1 ```\u{1b}"),
            "`'@team' <img src=x>\\n[a](b) https://c #1 '''\\u{1b}`"
        );
        assert_eq!(code(" \n"), "`-`");
        assert_eq!(code(&"é".repeat(301)), format!("`{}…`", "é".repeat(300)));
    }

    #[test]
    fn nothing_ends_the_attribute() {
        assert_eq!(attribute("a\"><b>&\n"), "a&quot;&gt;&lt;b&gt;&amp;\\n");
    }
}
