//! Options of a run that the manifest cannot express.

use crate::serve::Service;
use crate::snapshot::Hooks;

/// Options that the test target sets.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunOptions {
    /// Serves the stories, instead of the source that the manifest names.
    pub service: Option<Service>,
    /// Code that runs in the pages of stories.
    pub hooks: Hooks,
}

/// When the snapshots of a run are captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheduling {
    /// All of them, from the start.
    All,
    /// Each one when [`RunHandle::request`](super::RunHandle::request) is
    /// called.
    OnRequest,
}
