//! A Storybook that must run before its stories are known.

use std::env;

use tokio::runtime::{Builder, Runtime};

use super::arguments::Arguments;
use super::front::HarnessError;
use crate::config::Config;
use crate::manifest::Manifest;
use crate::serve::Stories;

/// A server that was started before the run. It ends with this value.
pub(super) struct Started {
    stories: Option<Stories>,
    runtime: Runtime,
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(stories) = self.stories.take() {
            self.runtime.block_on(stories.close());
        }
    }
}

/// Starts the Storybook of a manifest whose stories are not those of now. A
/// list is given without it, as long as anything is known.
pub(super) fn start(
    manifest: &Manifest,
    arguments: &Arguments,
    config: &Config,
) -> Result<Option<Started>, HarnessError> {
    if !manifest.is_stale {
        return Ok(None);
    }
    if arguments.list && !manifest.stories.is_empty() {
        eprintln!("note: the Storybook does not answer; these are the stories that it had last");
        return Ok(None);
    }
    let credentials = manifest.credentials.fill_in(|name| env::var(name).ok())?;
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(HarnessError::Print)?;
    let open = Stories::open(manifest, None, &credentials, config.nextest);
    let stories = runtime.block_on(open)?;
    Ok(Some(Started {
        stories: Some(stories),
        runtime,
    }))
}
