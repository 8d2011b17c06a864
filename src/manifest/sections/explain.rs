//! `[explain]`: explanations of differences.

use crate::manifest::reader::{Problems, Value};
use crate::manifest::values::one_of;

/// Whether a layout digest is taken for explanations.
pub(super) fn takes_digest(value: Option<Value<'_>>, problems: &mut Problems) -> bool {
    let table = value.and_then(|value| value.table(problems));
    let digest = table.and_then(|mut table| {
        let digest = table.take("digest");
        table.finish(problems);
        digest
    });
    let words = [("on", true), ("off", false)];
    digest.is_none_or(|digest| one_of(&digest, &words, problems).unwrap_or(true))
}
