//! The page of a browser session, and the story that it shows.

use std::sync::Arc;

use super::leaving_requests::LeavingRequests;
use super::page_load::{PageLoad, PageReuse};
use super::site::Site;
use super::step_progress::StepProgress;
use crate::browser::{Browser, LookReads, PageResources, Parameters};
use crate::cache::CachedPass;
use crate::manifest::{Device, Isolation};
use crate::model::BrowserName;
use crate::plan::Snapshot;
use crate::proxy::{Proxy, Traffic};

/// The page of a browser session.
pub(crate) struct SessionPage {
    pub(super) site: Arc<Site>,
    pub(super) browser: Browser,
    /// The proxy for the browser's requests, unless the browser runs on another
    /// machine.
    pub(super) proxy: Option<Proxy>,
    /// Whether the previous page had been left before the current story was
    /// loaded, so that all requests are those of the current one.
    pub(super) is_alone: bool,
    /// Requests that were blocked while pages were left.
    pub(super) leaving: LeavingRequests,
    /// The story that the page shows, and what it was loaded for.
    pub(super) loaded: Option<LoadedPage>,
    /// The address of a story that has left cookies or storage behind.
    pub(super) dirty: Option<String>,
    /// The parameters of the story on the page.
    pub(super) parameters: Parameters,
    /// Whether the `before` hooks have started on the page, so that the `after`
    /// hooks must run.
    pub(super) is_hooked: bool,
    /// Publishes the steps of the snapshot, if its story has any.
    pub(super) progress: Option<StepProgress>,
    /// The address of a story whose page depends on what it has shown before.
    pub(super) depends_on_past: Option<String>,
    loads: u64,
    visits: VisitLog,
}

/// The snapshots that passed on one page, and everything that the page has
/// loaded.
pub(crate) struct PageVisit {
    /// The index of each snapshot and what is cached of it.
    pub(crate) passed: Vec<(usize, CachedPass)>,
    pub(crate) loads: PageResources,
    pub(crate) traffic: Option<Traffic>,
}

/// The visits to pages, for the cache.
#[derive(Default)]
struct VisitLog {
    is_on: bool,
    /// The snapshots that passed on the current page.
    passed: Vec<(usize, CachedPass)>,
    /// The pages that were left.
    finished: Vec<PageVisit>,
}

/// The story that a page shows.
#[derive(Debug)]
pub(super) struct LoadedPage {
    address: String,
    theme: String,
    snapshot: String,
    /// Whether steps were performed on it.
    has_steps: bool,
    /// What a page may read once and keep: agent, languages, time zone and kind
    /// of screen.
    device: (Device, bool, bool),
    /// The load that made it.
    pub(super) load: PageLoad,
}

impl SessionPage {
    /// The page of a browser that has just started. With `logs_visits`, what
    /// passed and was loaded on each page can be read with
    /// [`take_visits`](Self::take_visits).
    pub(crate) fn new(
        site: Arc<Site>,
        mut browser: Browser,
        proxy: Option<Proxy>,
        logs_visits: bool,
    ) -> Self {
        browser.set_credentials(&site.base, Arc::clone(&site.credentials));
        Self {
            site,
            browser,
            proxy,
            is_alone: false,
            leaving: LeavingRequests::default(),
            loaded: None,
            dirty: None,
            parameters: Parameters::default(),
            is_hooked: false,
            progress: None,
            depends_on_past: None,
            loads: 0,
            visits: VisitLog {
                is_on: logs_visits,
                ..VisitLog::default()
            },
        }
    }

    /// The session's engine.
    pub(crate) fn engine(&self) -> BrowserName {
        self.browser.name()
    }

    /// Closes the browser.
    pub(crate) async fn close(self) {
        self.browser.close().await;
    }

    /// Leaves the page, so that the next story is loaded. The visit is logged
    /// with everything that the page has loaded so far, which may be more than
    /// one of its snapshots needs, but never less.
    pub(crate) async fn leave(&mut self) {
        self.loaded = None;
        let passed = std::mem::take(&mut self.visits.passed);
        if passed.is_empty() || !self.visits.is_on {
            return;
        }
        // A page that cannot report what it has loaded is not cached.
        if let Ok(loads) = self.browser.resources().await {
            // Without rules, the page knows more than the proxy.
            let proxy = self.proxy.as_ref().filter(|proxy| proxy.may_have_rules());
            self.visits.finished.push(PageVisit {
                passed,
                loads,
                traffic: proxy.map(Proxy::traffic),
            });
        }
    }

    /// Notes that the page has been loaded for a snapshot.
    pub(super) fn note_load(&mut self, snapshot: &Snapshot, reuse: PageReuse, reads: LookReads) {
        self.loads += 1;
        let load = PageLoad {
            number: self.loads,
            reuse,
            theme: snapshot.theme.name.clone(),
            device: snapshot.device.clone(),
            screen: snapshot.screen,
            reads,
        };
        self.loaded = Some(LoadedPage {
            address: self.site.address(snapshot),
            theme: snapshot.theme.name.clone(),
            snapshot: snapshot.identifier.key(),
            has_steps: !snapshot.story.steps.is_empty(),
            device: fixed_device(snapshot),
            load,
        });
    }

    /// Notes that the page shows another snapshot of its story.
    pub(super) fn note_shown(&mut self, snapshot: &Snapshot) {
        if let Some(loaded) = &mut self.loaded {
            loaded.theme.clone_from(&snapshot.theme.name);
            loaded.snapshot = snapshot.identifier.key();
        }
    }

    /// The load of the page, if it can show this snapshot as well: hooks may have
    /// changed it.
    pub(super) fn load_that_serves(&self, snapshot: &Snapshot) -> Option<&PageLoad> {
        let loaded = self.loaded.as_ref()?;
        let serves = self.site.hooks.is_empty() && loaded.serves(snapshot, &self.site);
        serves.then_some(&loaded.load)
    }

    /// Logs that a snapshot passed on the page.
    pub(super) fn log_pass(&mut self, index: usize, pass: CachedPass) {
        self.visits.passed.push((index, pass));
    }

    /// Takes the log of the pages that were left.
    pub(crate) fn take_visits(&mut self) -> Vec<PageVisit> {
        std::mem::take(&mut self.visits.finished)
    }
}

impl LoadedPage {
    /// Whether the page may show this snapshot as well. A page with steps may not:
    /// performing them is part of each snapshot.
    fn serves(&self, snapshot: &Snapshot, site: &Site) -> bool {
        !self.has_steps
            && self.address == site.address(snapshot)
            && self.device == fixed_device(snapshot)
            && match snapshot.story.capture.isolation {
                Isolation::Story => true,
                Isolation::Theme => self.theme == snapshot.theme.name,
                Isolation::Snapshot => self.snapshot == snapshot.identifier.key(),
            }
    }
}

/// What a page may read once and keep.
fn fixed_device(snapshot: &Snapshot) -> (Device, bool, bool) {
    let screen = snapshot.screen;
    (snapshot.device.fixed(), screen.mobile, screen.touch)
}
