//! Limits the length of texts from pages, servers and commands, so that one of
//! them can neither fill the memory nor hide the rest of a document.

/// The maximum length of a message about a snapshot, in bytes.
pub(crate) const MAX_MESSAGE: usize = 16 << 10;
/// The maximum length of an address, a name or another line, in bytes.
pub(crate) const MAX_LINE: usize = 2 << 10;
/// The maximum number of entries of a list in a document.
pub(crate) const MAX_ENTRIES: usize = 100;

/// Room for the note about the rest of a text.
const NOTE: usize = 32;

/// The text, or its beginning and the size of the rest: `… 11.9 MB more`. The
/// result is at most `limit` bytes long, so that it is not cut again.
pub(crate) fn bounded(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        let mut end = limit.saturating_sub(NOTE);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let rest = readable_size(text.len() - end);
        text.truncate(end);
        text.shrink_to_fit();
        text.push_str(&format!("… {rest} more"));
    }
    text
}

/// Like [`bounded`], in place.
pub(crate) fn bound(text: &mut String, limit: usize) {
    if text.len() > limit {
        *text = bounded(std::mem::take(text), limit);
    }
}

/// A number of bytes as people read it: `11.9 MB`.
fn readable_size(bytes: usize) -> String {
    for (unit, size) in [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)] {
        if bytes >= size {
            return format!("{}.{} {unit}", bytes / size, bytes % size * 10 / size);
        }
    }
    format!("{bytes} bytes")
}

#[cfg(test)]
mod tests {
    use super::bounded;

    #[test]
    fn a_long_text_ends_with_the_size_of_its_rest() {
        let long = bounded("x".repeat(12_000_000), 1000);
        assert!(long.len() <= 1000, "{}", long.len());
        assert!(long.ends_with("x… 11.9 MB more"), "{long}");
        assert_eq!(bounded(long.clone(), 1000), long);
        assert_eq!(bounded("short".to_owned(), 5), "short");
        assert_eq!(
            bounded("x".repeat(101), 100),
            "x".repeat(68) + "… 33 bytes more"
        );
    }

    #[test]
    fn a_character_is_never_cut() {
        let text = bounded("ä€𝄞".repeat(100), 101);
        assert!(text.ends_with(" bytes more") && text.len() <= 101, "{text}");
    }
}
