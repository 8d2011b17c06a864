//! Text that tries to control a terminal or a CI server.

/// What a page or a command would like others to obey.
pub(crate) const HOSTILE: &str = "a\u{1b}]0;owned\u{7}\n::error::owned\r::stop-commands::x\n\
                       \t ::add-mask::y\n##[group]z ##vso[task.complete]\u{9b}2J\u{202e}gnp.exe\u{200f}\u{61c}";

/// Asserts that a text gives no commands, apart from lines that begin with
/// `own`, if there is one.
pub(crate) fn is_harmless(text: &str, own: Option<&str>) {
    for c in text.chars() {
        let is_text = matches!(c, '\n' | '\t') || !c.is_control();
        let reorders = matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        );
        assert!(is_text && !reorders, "{c:?} in {text}");
    }
    for line in text.lines() {
        let is_own = own.is_some_and(|own| line.starts_with(own));
        assert!(is_own || !line.trim_start().starts_with("::"), "{line}");
        assert!(!line.contains("##[") && !line.contains("##vso["), "{line}");
    }
}
