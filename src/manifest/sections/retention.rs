//! `[retention]`: which runs are removed at the end of a run.

use crate::manifest::context::ReadContext;
use crate::manifest::reader::{Problems, Value};
use crate::manifest::types::RetentionSettings;

/// The longest age in days: a thousand years.
const MAX_DAYS: u64 = 365_000;

/// Reads `[retention]`.
pub(in crate::manifest) fn retention(
    value: Option<Value<'_>>,
    context: &ReadContext,
    problems: &mut Problems,
) -> RetentionSettings {
    let Some(mut table) = value.and_then(|value| value.table(problems)) else {
        return RetentionSettings::default();
    };
    let (runs, days) = (table.take("runs"), table.take("days"));
    let (image_mb, archive) = (table.take("image-mb"), table.take("archive"));
    table.finish(problems);
    let mut whole =
        |value: Option<Value<'_>>, most| value.and_then(|value| value.whole(1, most, problems));
    let runs = whole(runs, u64::from(u32::MAX));
    let days = whole(days, MAX_DAYS);
    let image_mb = whole(image_mb, u64::from(u32::MAX));
    let folder = archive.and_then(|archive| match archive.text(problems)? {
        "" => {
            problems.add(archive.expected("a folder"));
            None
        }
        folder => Some(context.root.join(folder)),
    });
    RetentionSettings {
        runs: runs.and_then(|runs| usize::try_from(runs).ok()),
        days,
        image_mb,
        archive: folder,
    }
}
