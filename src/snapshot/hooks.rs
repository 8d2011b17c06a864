//! The user's own code around a story, with the WebDriver client.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use fantoccini::Client;

use super::panics::caught;
use crate::browser::BrowserError;
use crate::plan::Snapshot;

/// What a hook may fail with.
pub type HookError = Box<dyn Error + Send + Sync>;

type Running = Pin<Box<dyn Future<Output = Result<(), HookError>> + Send>>;
type Hook = Arc<dyn Fn(Client, Snapshot) -> Running + Send + Sync>;

/// Code that runs in the pages of stories.
///
/// A page with hooks shows one snapshot and is then left, so that `before`
/// never finds what it has done already. A snapshot may take several pages:
/// one to see whether it is equal to its baseline, where it is not a fresh one
/// that is judged, and where the two do not look the same another.
#[derive(Clone, Default)]
pub struct Hooks {
    before: Vec<Hook>,
    after: Vec<Hook>,
    /// What stands for the hooks in the cache; without it nothing is kept.
    key: Option<String>,
}

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The page is loaded, and not yet brought to rest.
    Before,
    /// Its pictures are taken.
    After,
}

impl Hooks {
    /// Adds one that runs when the page is loaded.
    pub fn add_before<H, F, E>(&mut self, hook: H)
    where
        H: Fn(Client, Snapshot) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<HookError>,
    {
        self.before.push(erased(hook));
    }

    /// Adds one that runs when the page's pictures are taken.
    pub fn add_after<H, F, E>(&mut self, hook: H)
    where
        H: Fn(Client, Snapshot) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<HookError>,
    {
        self.after.push(erased(hook));
    }

    /// Declares that what the hooks do follows from the story's own files and
    /// from this key, which changes when the hooks do.
    pub fn set_key(&mut self, key: String) {
        self.key = Some(key);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }

    /// What stands for the hooks in the cache.
    pub(crate) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Runs those of a moment, one after the other.
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
            let run = caught(|| hook(client.clone(), snapshot.clone()));
            match tokio::time::timeout(limit, run).await {
                Ok(Ok(Ok(()))) => {}
                Ok(Ok(Err(error))) => return failed(error.to_string()),
                Ok(Err(panic)) => return failed(format!("it panicked: {panic}")),
                // The client may wait for an answer that never comes.
                Err(_) => {
                    return Err(BrowserError::Timeout {
                        command: format!("the `{name}` hook of the test target"),
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
