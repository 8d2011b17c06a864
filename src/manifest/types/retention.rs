//! Which runs are removed at the end of a run.

use std::path::PathBuf;

/// `[retention]`: a run that exceeds any limit is removed. Without limits nothing
/// is removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetentionSettings {
    /// The number of runs to keep.
    pub runs: Option<usize>,
    /// The number of days that runs are kept.
    pub days: Option<u64>,
    /// The size of images to keep, in megabytes.
    pub image_mb: Option<u64>,
    /// The folder to which runs are exported before they are removed.
    pub archive: Option<PathBuf>,
}

impl RetentionSettings {
    /// Whether there is a limit.
    pub fn is_limited(&self) -> bool {
        self.runs.is_some() || self.days.is_some() || self.image_mb.is_some()
    }
}
