//! Where a baseline comes from.

use serde::{Deserialize, Serialize};

use crate::model::{Environment, RunId, StoryIdentifier};

/// Where a baseline comes from: what its `tintype` chunk says, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Provenance {
    /// Where it was captured.
    pub environment: Environment,
    /// The run that captured it.
    pub run_id: RunId,
    /// The snapshot that it was captured for.
    pub story_identifier: StoryIdentifier,
}
