//! The test target's own code around a story, with the WebDriver client.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use fantoccini::Client;

use super::panics::catch_panic;
use crate::browser::BrowserError;
use crate::plan::Snapshot;

/// The error of a hook.
pub type HookError = Box<dyn Error + Send + Sync>;

type Running = Pin<Box<dyn Future<Output = Result<(), HookError>> + Send>>;
type Hook = Arc<dyn Fn(Client, Snapshot) -> Running + Send + Sync>;

/// Code that runs in the pages of stories.
///
/// A page with hooks shows one snapshot and is then left, so that a `before`
/// hook never runs twice on a page. A snapshot may take several pages: the
/// first decides whether it equals its baseline; otherwise a fresh one is
/// judged; and if the two differ, another fresh one.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    before: Vec<Hook>,
    after: Vec<Hook>,
    /// Identifies the hooks in the cache; without it nothing is cached.
    key: Option<String>,
}

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The page is loaded and has not settled yet.
    Before,
    /// The page was captured.
    After,
}

impl Hooks {
    /// Adds a hook that runs when the page is loaded.
    pub(crate) fn add_before<H, F, E>(&mut self, hook: H)
    where
        H: Fn(Client, Snapshot) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<HookError>,
    {
        self.before.push(erased(hook));
    }

    /// Adds a hook that runs when the page was captured.
    pub(crate) fn add_after<H, F, E>(&mut self, hook: H)
    where
        H: Fn(Client, Snapshot) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<HookError>,
    {
        self.after.push(erased(hook));
    }

    /// Declares that the effect of the hooks depends only on the story's files
    /// and on this key, which must change whenever the hooks change.
    pub(crate) fn set_key(&mut self, key: String) {
        self.key = Some(key);
    }

    /// Whether there are no hooks.
    pub(crate) fn is_empty(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }

    /// The key that identifies the hooks in the cache.
    pub(crate) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Runs the hooks of a moment, one after the other.
    pub(crate) async fn run(
        &self,
        moment: Moment,
        client: &Client,
        snapshot: &Snapshot,
        limit: Duration,
    ) -> Result<(), BrowserError> {
        let (name, hooks) = match moment {
            Moment::Before => ("before", &self.before),
            Moment::After => ("after", &self.after),
        };
        for hook in hooks {
            let failed = |reason| Err(BrowserError::Hook { name, reason });
            let run = catch_panic(|| hook(client.clone(), snapshot.clone()));
            match tokio::time::timeout(limit, run).await {
                Ok(Ok(Ok(()))) => {}
                Ok(Ok(Err(error))) => return failed(error.to_string()),
                Ok(Err(panic)) => return failed(format!("it panicked: {panic}")),
                // The client may wait for a reply that never arrives.
                Err(_) => {
                    return Err(BrowserError::Timeout {
                        command: format!("the `{name}` hook"),
                        limit,
                    });
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, after) = (self.before.len(), self.after.len());
        write!(f, "Hooks({before} before, {after} after)")
    }
}

fn erased<H, F, E>(hook: H) -> Hook
where
    H: Fn(Client, Snapshot) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: Into<HookError>,
{
    Arc::new(move |client, snapshot| {
        let run = hook(client, snapshot);
        Box::pin(async move { run.await.map_err(Into::into) })
    })
}
