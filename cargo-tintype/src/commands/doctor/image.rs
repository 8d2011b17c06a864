//! Checks that the container image with the browsers can be used.

use std::sync::Arc;

use tintype::internals::browser::BrowserError;
use tintype::internals::manifest::{Container, Manifest};

use super::check::Check;

const NAME: &str = "image";

/// Looks into the image of the manifest as a run does, so that the other checks use
/// it. Nothing without an image.
pub(super) fn check(manifest: &mut Manifest) -> Option<Check> {
    match open(manifest) {
        Ok(None) => None,
        Ok(Some(container)) => {
            let found = format!("{} ({})", container.image(), container.arch());
            manifest.browser.container = Some(Arc::new(container));
            Some(Check::good(NAME, found))
        }
        Err(error) => {
            let advice = "start the daemon, or fix `image` in [browser]";
            Some(Check::problem(NAME, error.to_string(), advice))
        }
    }
}

fn open(manifest: &Manifest) -> Result<Option<Container>, BrowserError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| BrowserError::Session(error.to_string()))?;
    runtime.block_on(Container::open(&manifest.browser, &manifest.state_dir()))
}
