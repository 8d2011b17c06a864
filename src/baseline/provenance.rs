//! Where a baseline was captured.

use serde::{Deserialize, Serialize};

use crate::model::{Environment, RunId, StoryIdentifier};

/// Where a baseline was captured; stored as JSON in its `tintype` chunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Provenance {
    /// The environment in which it was captured.
    pub environment: Environment,
    /// The run that captured it.
    pub run_id: RunId,
    /// The snapshot of which it was captured.
    pub story_identifier: StoryIdentifier,
}
