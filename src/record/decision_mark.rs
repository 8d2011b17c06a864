//! The mark of a decision in the document of a snapshot.

/// The field that marks an accepted snapshot.
pub(super) const ACCEPTED: &str = "acceptedAt";
/// The field that marks a rejected snapshot.
pub(super) const REJECTED: &str = "rejectedAt";

/// Sets or removes the mark of a decision, like the function of this name in
/// `prelude.lua`. Only the end of the text changes, so that the fields of other
/// programs and their order stay.
pub(super) fn with_mark(text: &str, mark: &str, at: i64) -> String {
    let mut body = text.trim_end().strip_suffix('}').unwrap_or(text);
    for mark in [ACCEPTED, REJECTED] {
        if let Some((before, number)) = body.rsplit_once(&format!(",\"{mark}\":"))
            && number.bytes().all(|b| b.is_ascii_digit())
        {
            body = before;
        }
    }
    match mark {
        "" => format!("{body}}}"),
        mark => format!("{body},\"{mark}\":{at}}}"),
    }
}

#[cfg(test)]
mod tests {
    use super::with_mark;

    #[test]
    fn the_last_decision_replaces_the_one_before() {
        let accepted = with_mark(r#"{"a":1}"#, "acceptedAt", 7);
        assert_eq!(accepted, r#"{"a":1,"acceptedAt":7}"#);
        let rejected = with_mark(&accepted, "rejectedAt", 8);
        assert_eq!(rejected, r#"{"a":1,"rejectedAt":8}"#);
        assert_eq!(with_mark(&rejected, "", 9), r#"{"a":1}"#);
    }
}
