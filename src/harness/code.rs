//! What a test target gives beyond its manifest.

use std::error::Error;
use std::future::Future;

use fantoccini::Client;
use hyper::body::{Body, Incoming};
use hyper::{Request, Response};

use super::Harness;
use crate::manifest::Story;
use crate::plan::Snapshot;
use crate::run::HookError;
use crate::serve::Service;

impl Harness {
    /// Serves the stories by this service, on a free port of this machine,
    /// instead of whatever `[stories]` names: an axum router, or any other
    /// `tower` service that answers HTTP requests.
    ///
    /// It is cloned for every connection, and its futures run on Tintype's own
    /// Tokio runtime. The manifest says `from-code = true` in `[stories]`.
    ///
    /// ```no_run
    /// # fn router() -> tower_http::services::ServeDir { tower_http::services::ServeDir::new("dist") }
    /// fn main() -> std::process::ExitCode {
    ///     tintype::Harness::new().serve(router()).run()
    /// }
    /// ```
    #[must_use]
    pub fn serve<S, B>(mut self, service: S) -> Self
    where
        S: tower_service::Service<Request<Incoming>, Response = Response<B>>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
        S::Error: Into<Box<dyn Error + Send + Sync>> + Send,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        self.options.service = Some(Service::new(service));
        self
    }

    /// Takes the stories from a server that is up at this address
    /// (`http://127.0.0.1:40123`), instead of whatever `[stories]` names: one
    /// that the test target has started itself.
    #[must_use]
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// Adds a story to those of the manifest, which says `from-code = true` in
    /// `[stories]`: whoever reads only the manifest (`cargo tintype orphans`)
    /// then knows that there are more.
    #[must_use]
    pub fn story(mut self, story: Story) -> Self {
        self.stories.push(story);
        self
    }

    /// Adds stories, as [`story`](Self::story) does.
    #[must_use]
    pub fn stories(mut self, stories: impl IntoIterator<Item = Story>) -> Self {
        self.stories.extend(stories);
        self
    }

    /// Runs this code in every page that a story is loaded in, before the page
    /// is brought to rest and captured. It may use the WebDriver client as it
    /// likes; the page that is open when it ends is the one that is captured.
    /// It has the story's own time, `capture.timeout`, and what it fails with
    /// fails the snapshot.
    ///
    /// With hooks a page shows one snapshot and is then left, so that a hook
    /// never finds its own traces. It runs up to three times for a snapshot:
    /// once to see whether the page is equal to its baseline, where it is not
    /// on a fresh page, and on another where these two do not look the same.
    /// Several hooks run in the order in which they were added.
    ///
    /// What hooks do cannot be looked at, so nothing is remembered of a run
    /// with hooks unless [`cache_hooks`](Self::cache_hooks) allows it.
    ///
    /// ```no_run
    /// use tintype::fantoccini::{Client, Locator, error::CmdError};
    /// use tintype::plan::Snapshot;
    ///
    /// async fn open_the_menu(client: Client, _: Snapshot) -> Result<(), CmdError> {
    ///     client.find(Locator::Css("#menu")).await?.click().await
    /// }
    ///
    /// fn main() -> std::process::ExitCode {
    ///     tintype::Harness::new().before(open_the_menu).run()
    /// }
    /// ```
    #[must_use]
    pub fn before<H, F, E>(mut self, hook: H) -> Self
    where
        H: Fn(Client, Snapshot) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<HookError>,
    {
        self.options.hooks.add_before(hook);
        self
    }

    /// Runs this code in every page on which [`before`](Self::before) could
    /// have run, when its pictures are taken or could not be: to undo what was
    /// done to the server. What it fails with fails the snapshot.
    #[must_use]
    pub fn after<H, F, E>(mut self, hook: H) -> Self
    where
        H: Fn(Client, Snapshot) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<HookError>,
    {
        self.options.hooks.add_after(hook);
        self
    }

    /// Declares that what the hooks do to a page follows from nothing but the
    /// story's own files and this key, so that unchanged stories need no
    /// browser, as without hooks. Give another key whenever the hooks change.
    #[must_use]
    pub fn cache_hooks(mut self, key: impl Into<String>) -> Self {
        self.options.hooks.set_key(key.into());
        self
    }
}
