//! The baseline of a snapshot as found on disk.

use std::path::Path;
use std::sync::Arc;

use crate::baseline::{Baseline, BaselineError, Baselines};

/// The baseline of a snapshot as found on disk.
#[derive(Clone, Debug)]
pub(super) enum BaselineState {
    /// There is no file.
    Missing,
    /// The file was read.
    Read(Arc<Baseline>),
    /// The file is damaged or cannot be read. The snapshot is captured
    /// nevertheless, so that the capture can be accepted in its place.
    Unusable(Arc<BaselineError>),
}

impl BaselineState {
    pub(super) fn read(baselines: &Baselines, path: &Path) -> Self {
        match baselines.read(path) {
            Ok(None) => Self::Missing,
            Ok(Some(baseline)) => Self::Read(Arc::new(baseline)),
            Err(error) => Self::Unusable(Arc::new(error)),
        }
    }

    /// The baseline to compare with.
    pub(super) fn baseline(&self) -> Option<&Arc<Baseline>> {
        match self {
            Self::Read(baseline) => Some(baseline),
            Self::Missing | Self::Unusable(_) => None,
        }
    }

    /// Whether there is a baseline without a layout digest.
    pub(super) fn lacks_digest(&self) -> bool {
        (self.baseline()).is_some_and(|baseline| baseline.digest.is_none())
    }
}
