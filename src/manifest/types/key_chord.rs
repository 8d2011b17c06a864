//! Keys by name: `Enter`, `Shift+Tab`, `Control+a`.

use serde::Serialize;

/// A key, pressed with or without modifiers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyChord {
    name: String,
    /// Modifiers first, the key last.
    #[serde(skip)]
    keys: Vec<char>,
}

impl KeyChord {
    /// Keys that are no characters, with their code points in WebDriver.
    pub(in crate::manifest) const NAMES: &[(&str, char)] = &[
        ("Enter", '\u{e007}'),
        ("Tab", '\u{e004}'),
        ("Escape", '\u{e00c}'),
        ("Space", ' '),
        ("Backspace", '\u{e003}'),
        ("Delete", '\u{e017}'),
        ("Insert", '\u{e016}'),
        ("ArrowLeft", '\u{e012}'),
        ("ArrowUp", '\u{e013}'),
        ("ArrowRight", '\u{e014}'),
        ("ArrowDown", '\u{e015}'),
        ("Home", '\u{e011}'),
        ("End", '\u{e010}'),
        ("PageUp", '\u{e00e}'),
        ("PageDown", '\u{e00f}'),
        ("Shift", '\u{e008}'),
        ("Control", '\u{e009}'),
        ("Alt", '\u{e00a}'),
        ("Meta", '\u{e03d}'),
        ("F1", '\u{e031}'),
        ("F2", '\u{e032}'),
        ("F3", '\u{e033}'),
        ("F4", '\u{e034}'),
        ("F5", '\u{e035}'),
        ("F6", '\u{e036}'),
        ("F7", '\u{e037}'),
        ("F8", '\u{e038}'),
        ("F9", '\u{e039}'),
        ("F10", '\u{e03a}'),
        ("F11", '\u{e03b}'),
        ("F12", '\u{e03c}'),
    ];

    /// Parses `Tab`, `a` or `Control+Shift+a`.
    ///
    /// # Errors
    /// With the unknown part.
    pub fn parse(text: &str) -> Result<Self, String> {
        // A plus sign is a key, too, at the end.
        let (modifiers, key) = match text.char_indices().next_back() {
            Some((0, _)) | None => ("", text),
            Some((at, '+')) => (text[..at].trim_end_matches('+'), "+"),
            Some(_) => text.rsplit_once('+').unwrap_or(("", text)),
        };
        let parts = modifiers.split('+').filter(|part| !part.is_empty());
        let keys = parts
            .chain([key])
            .map(|part| code(part).ok_or_else(|| part.to_owned()))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            name: text.to_owned(),
            keys,
        })
    }

    /// The name in the manifest.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// WebDriver's code points in the order of pressing.
    pub fn keys(&self) -> &[char] {
        &self.keys
    }
}

fn code(name: &str) -> Option<char> {
    let mut letters = name.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) => Some(letter),
        _ => KeyChord::NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, code)| *code),
    }
}

#[cfg(test)]
mod tests {
    use super::KeyChord;

    fn keys(text: &str) -> Vec<char> {
        KeyChord::parse(text).unwrap().keys().to_vec()
    }

    #[test]
    fn chords_are_read() {
        assert_eq!(keys("Tab"), ['\u{e004}']);
        assert_eq!(keys("a"), ['a']);
        assert_eq!(keys("+"), ['+']);
        assert_eq!(keys("ü"), ['ü']);
        assert_eq!(keys("Control+Shift+a"), ['\u{e009}', '\u{e008}', 'a']);
        assert_eq!(keys("Control++"), ['\u{e009}', '+']);
    }

    #[test]
    fn what_is_no_key_is_named() {
        assert_eq!(KeyChord::parse("Shift+Tabb").unwrap_err(), "Tabb");
        assert_eq!(KeyChord::parse("Ctrl+a").unwrap_err(), "Ctrl");
    }
}
