//! Opens the artifact store of a project.

use anyhow::Result;
use tintype::internals::artifacts::ArtifactStore;
use tintype::internals::manifest::Manifest;

/// The artifact store; `None` if the project has none.
pub(crate) fn store(manifest: &Manifest) -> Result<Option<ArtifactStore>> {
    let location = manifest.artifacts.as_ref();
    Ok(location.map(ArtifactStore::open).transpose()?)
}
