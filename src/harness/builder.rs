//! Builds a suite of visual tests.

use std::error::Error;
use std::future::Future;
use std::path::PathBuf;

use fantoccini::Client;
use hyper::body::{Body, Incoming};
use hyper::{Request, Response};

use crate::manifest::Story;
use crate::plan::Snapshot;
use crate::run::RunOptions;
use crate::serve::Service;
use crate::snapshot::HookError;

/// A suite of visual tests: the whole `main` of a test target with
/// `harness = false`.
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     tintype::Harness::new().manifest("suites/shop.toml").run()
/// }
/// ```
///
/// The methods add what a manifest cannot contain: a server
/// ([`serve`](Self::serve), [`base_url`](Self::base_url)), further stories
/// ([`story`](Self::story)), and hooks ([`before_each`](Self::before_each),
/// [`after_each`](Self::after_each)).
#[derive(Clone, Debug, Default)]
pub struct Harness {
    pub(super) manifest: Option<PathBuf>,
    /// Replaces the address of the manifest's `[stories]`.
    pub(super) base_url: Option<String>,
    /// Added to the manifest's stories.
    pub(super) stories: Vec<Story>,
    pub(super) options: RunOptions,
}

impl Harness {
    /// The suite of `stories.toml`, the manifest beside `Cargo.toml`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Uses another manifest, relative to the folder of `Cargo.toml`. The
    /// environment variable `TINTYPE_MANIFEST` overrides it.
    #[must_use]
    pub fn manifest(mut self, path: impl Into<PathBuf>) -> Self {
        self.manifest = Some(path.into());
        self
    }

    /// Serves the stories with this service, on a free local port, instead of
    /// the source in `[stories]`: an axum router, or any other `tower` service
    /// that handles HTTP requests.
    ///
    /// The service is cloned for every connection, and its futures run on
    /// Tintype's Tokio runtime. The manifest must set `from-code = true` in
    /// `[stories]`.
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

    /// Loads the stories from a running server, such as
    /// `http://127.0.0.1:40123`, instead of the source in `[stories]`. Use it
    /// for a server that the test target starts.
    #[must_use]
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Adds a story to those of the manifest. The manifest must set
    /// `from-code = true` in `[stories]`, so that commands that read only the
    /// manifest, such as `cargo tintype orphans`, know that there are more.
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

    /// Runs this hook in every page of a story after it has loaded, before it
    /// settles and is captured. The hook may use every method of the WebDriver
    /// client, and the page that is open when it returns is captured. It must
    /// return within the story's `capture.timeout`; an error fails the snapshot.
    ///
    /// With hooks, every snapshot gets a fresh page, so a hook never sees its
    /// own changes. A hook may run up to three times for a snapshot: once for
    /// the first capture, again on a fresh page when that capture differs from
    /// the baseline, and once more when the two captures differ. Hooks run in
    /// the order in which they were added.
    ///
    /// Results of a run with hooks are not cached, unless
    /// [`cache_hooks`](Self::cache_hooks) allows it.
    ///
    /// ```no_run
    /// use tintype::Snapshot;
    /// use tintype::fantoccini::{Client, Locator, error::CmdError};
    ///
    /// async fn open_the_menu(client: Client, _: Snapshot) -> Result<(), CmdError> {
    ///     client.find(Locator::Css("#menu")).await?.click().await
    /// }
    ///
    /// fn main() -> std::process::ExitCode {
    ///     tintype::Harness::new().before_each(open_the_menu).run()
    /// }
    /// ```
    #[must_use]
    pub fn before_each<H, F, E>(mut self, hook: H) -> Self
    where
        H: Fn(Client, Snapshot) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<HookError>,
    {
        self.options.hooks.add_before(hook);
        self
    }

    /// Runs this hook after the captures of every page in which
    /// [`before_each`](Self::before_each) could have run, also when the capture
    /// failed. Use it to undo changes on the server. An error fails the
    /// snapshot.
    #[must_use]
    pub fn after_each<H, F, E>(mut self, hook: H) -> Self
    where
        H: Fn(Client, Snapshot) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<HookError>,
    {
        self.options.hooks.add_after(hook);
        self
    }

    /// Allows caching in spite of hooks: declares that the hooks' effect on a
    /// page depends only on the story's own files and on this key. Change the
    /// key whenever the hooks change.
    #[must_use]
    pub fn cache_hooks(mut self, key: impl Into<String>) -> Self {
        self.options.hooks.set_key(key.into());
        self
    }
}
