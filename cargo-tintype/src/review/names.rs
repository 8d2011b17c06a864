//! Parses the names of snapshots in requests.

use tintype::internals::model::StoryIdentifier;

use super::error::ApiError;

/// Parses a test name.
pub(super) fn parse_name(name: &str) -> Result<StoryIdentifier, ApiError> {
    name.parse().map_err(|error| {
        ApiError::invalid(format!("`{name}` is not the name of a snapshot: {error}"))
    })
}
