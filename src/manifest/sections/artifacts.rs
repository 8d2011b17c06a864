//! `[artifacts]`: the artifact store.

use crate::config::ArtifactLocation;
use crate::manifest::context::ReadContext;
use crate::manifest::reader::{Problems, Value};

/// The store that the environment names, otherwise that of the section.
pub(super) fn read(
    value: Option<Value<'_>>,
    context: &ReadContext,
    problems: &mut Problems,
) -> Option<ArtifactLocation> {
    let table = value.and_then(|value| value.table(problems));
    let url = table.and_then(|mut table| {
        let url = table.take("url");
        table.finish(problems);
        url
    });
    if context.artifacts.is_some() {
        return context.artifacts.clone();
    }
    let url = url?;
    match ArtifactLocation::parse(url.text(problems)?, &context.variables) {
        Ok(location) => Some(location),
        Err(reason) => {
            problems.add(url.wrong(&format!("is invalid: {reason}")));
            None
        }
    }
}
