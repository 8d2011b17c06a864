//! `known-failure`: stories that are expected to fail.

use crate::manifest::reader::{Problems, Value};
use crate::manifest::types::KnownFailure;
use crate::manifest::values::{PLATFORMS, engines, one_of};

/// Reads a reason, or `{ reason = "…", browsers = […], platforms = […] }`.
pub(super) fn known_failure(
    value: Option<Value<'_>>,
    problems: &mut Problems,
) -> Option<KnownFailure> {
    let value = value?;
    let everywhere = |reason: &str| KnownFailure {
        reason: reason.to_owned(),
        browsers: Vec::new(),
        platforms: Vec::new(),
    };
    if value.is_text() {
        return value.text(problems).map(everywhere);
    }
    if !value.is_table() {
        let problem = value.expected("the reason for the failure");
        problems.add(problem.help("write known-failure = \"the reason\""));
        return None;
    }
    let mut table = value.table(problems)?;
    let reason = table.take("reason");
    let (browsers, platforms) = (table.take("browsers"), table.take("platforms"));
    table.finish(problems);
    if reason.is_none() {
        problems.add(value.wrong("is missing the key `reason`"));
    }
    let browsers = browsers.and_then(|browsers| engines(&browsers, problems));
    let words = PLATFORMS.map(|platform| (platform, platform.to_owned()));
    let platforms = platforms.and_then(|value| value.list(problems));
    let platforms = platforms.unwrap_or_default();
    let platforms = platforms
        .iter()
        .filter_map(|platform| one_of(platform, &words, problems))
        .collect();
    let reason = reason.and_then(|reason| reason.text(problems))?;
    Some(KnownFailure {
        browsers: browsers.unwrap_or_default(),
        platforms,
        ..everywhere(reason)
    })
}
