//! Where a baseline was captured.

use serde::{Deserialize, Serialize};

use crate::model::{Environment, RunId, StoryIdentifier};

/// The JSON in the `tintype` chunk of a baseline.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ProvenanceChunk {
    #[serde(flatten)]
    pub(super) provenance: Provenance,
    #[serde(default)]
    pub(super) capture: Option<CaptureHashes>,
}

/// Which captured PNG has the pixels of a baseline.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CaptureHashes {
    /// BLAKE3 of the PNG as captured, in hexadecimal.
    captured: String,
    /// BLAKE3 of the PNG in the file, without this chunk.
    stored: String,
}

impl CaptureHashes {
    pub(super) fn new(captured: &[u8], stored: &[u8]) -> Self {
        Self {
            captured: hash(captured),
            stored: hash(stored),
        }
    }

    /// The hash of the capture, unless another program has changed the pixels
    /// of the file and kept the chunk.
    pub(super) fn captured(self, stored: &[u8]) -> Option<String> {
        (self.stored == hash(stored)).then_some(self.captured)
    }
}

pub(super) fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// Where a baseline was captured.
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
