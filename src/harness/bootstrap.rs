//! Starts a Storybook that must run before its stories can be listed.

use tokio::runtime::{Builder, Runtime};

use super::arguments::Arguments;
use super::error::HarnessError;
use crate::config::Config;
use crate::escape::print_error;
use crate::manifest::Manifest;
use crate::serve::StoryServer;

/// A Storybook server that was started before the run. Dropping it stops the
/// server.
pub(super) struct StorybookServer {
    stories: Option<StoryServer>,
    runtime: Runtime,
}

impl Drop for StorybookServer {
    fn drop(&mut self) {
        if let Some(stories) = self.stories.take() {
            self.runtime.block_on(stories.close());
        }
    }
}

/// Starts the Storybook if the manifest's list of stories is outdated. `--list`
/// prints an outdated list instead, unless it is empty.
pub(super) fn start_storybook(
    manifest: &Manifest,
    arguments: &Arguments,
    config: &Config,
) -> Result<Option<StorybookServer>, HarnessError> {
    if !manifest.is_stale {
        return Ok(None);
    }
    if arguments.list && !manifest.stories.is_empty() {
        print_error("note: the Storybook server is not running; the list may be outdated");
        return Ok(None);
    }
    // The output of the server's command must not show them.
    manifest.credentials.fill_in(&config.variables)?;
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(HarnessError::Runtime)?;
    let open = StoryServer::open(manifest, None, config.nextest.active);
    let stories = runtime.block_on(open)?;
    Ok(Some(StorybookServer {
        stories: Some(stories),
        runtime,
    }))
}
