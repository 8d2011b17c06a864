//! One snapshot, from page to judged picture.
//!
//! One page serves several snapshots of a story, but only as a fast path that
//! can end in nothing but "equal to the baseline". Whatever is not equal is
//! drawn in a page that has never shown anything, where it must stand still,
//! before it is judged: baselines come from such pages too. What was seen at
//! the first fast_path is then worth something as the second witness; where the
//! two disagree, another such page is asked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::judge::{self, FinishedSnapshot};
use super::navigate::PageReuse;
use super::stability::missing_fonts;
use super::story_parameters;
use crate::baseline::{self, Baseline};
use crate::browser::{Browser, BrowserError, Parameters, Settled, Thoroughness, limits_of};
use crate::manifest::{BrowserName, Device, Isolation};
use crate::model::{Status, VisualTestResult};
use crate::plan::Snapshot;
use crate::proxy::Proxy;
use crate::run::cache_observer;
use crate::run::context::RunContext;
use crate::run::engine_health::Open;
use crate::run::network::{self, Connected};

/// How many pictures a page that has shown something before may give for its
/// baseline.
const QUICK_PICTURES: u32 = 2;

/// Takes pictures with one session.
pub(crate) struct SessionPage {
    pub(crate) context: Arc<RunContext>,
    pub(crate) session: Browser,
    /// What the browser's requests go through, where stories have a say in
    /// them.
    pub(crate) proxy: Option<Proxy>,
    /// What the page shows, if it is a story of ours: its address and the
    /// theme and screen for which it was loaded.
    pub(crate) loaded: Option<LoadedPage>,
    /// The address of a story that has left something behind.
    pub(crate) dirty: Option<String>,
    /// What passed on the page that is loaded: index and baseline's hash.
    passed: Vec<(usize, String)>,
    /// What the story on the page says of itself.
    pub(crate) parameters: Parameters,
    /// Whether `before` hooks have begun on the page, and `after` is due.
    pub(crate) is_hooked: bool,
    _open: Open,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LoadedPage {
    address: String,
    theme: String,
    snapshot: String,
    /// Whether steps have been done on it.
    acted: bool,
    /// What a page may read once and keep: agent, languages, time zone, kind
    /// of screen.
    device: (Device, bool, bool),
}

/// How long the parts took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    pub(crate) navigate: Duration,
    pub(crate) settle: Duration,
    capture: Duration,
    compare: Duration,
}

/// A picture and the state of the page that it was taken of.
pub(crate) struct Shot {
    pub(crate) png: Vec<u8>,
    pub(crate) settled: Settled,
}

/// What a page showed that may have shown something before.
enum FastPath {
    /// The baseline.
    Passed(Box<FinishedSnapshot>),
    /// This picture, from which nothing may be concluded.
    Unlike(Vec<u8>),
}

impl SessionPage {
    pub(crate) fn new(context: Arc<RunContext>, connected: Connected) -> Self {
        let Connected { mut session, proxy } = connected;
        session.set_credentials(&context.base, Arc::clone(&context.credentials));
        Self {
            _open: context.engine_health.opened(session.name()),
            context,
            session,
            proxy,
            loaded: None,
            dirty: None,
            passed: Vec::new(),
            parameters: Parameters::default(),
            is_hooked: false,
        }
    }

    /// Which engine it takes them with.
    pub(crate) fn engine(&self) -> BrowserName {
        self.session.name()
    }

    /// Ends the browser.
    pub(crate) async fn close(self) {
        self.session.close().await;
    }

    /// Leaves the page, so that the next story is loaded. What passed on it is
    /// remembered together with all that it has loaded until now: that may be
    /// more than a snapshot needs, but never less.
    pub(crate) async fn leave_page(&mut self) {
        self.loaded = None;
        let passed = std::mem::take(&mut self.passed);
        if passed.is_empty() || !self.context.remembers() {
            return;
        }
        // A page that cannot say what it has loaded is not remembered.
        let Ok(loads) = self.session.loads().await else {
            return;
        };
        let traffic = self.proxy.as_ref().map(Proxy::traffic);
        let loads = cache_observer::loads(&self.context.base, loads, traffic.as_ref());
        for (index, baseline) in passed {
            let snapshot = &self.context.snapshots[index];
            if let Some(reason) = cache_observer::unknowable(&snapshot.story) {
                self.context.cannot_be_cached(&snapshot.story.id, reason);
                continue;
            }
            if let Err(reason) = self.context.cache.remember(snapshot, &baseline, &loads) {
                self.context.cannot_be_cached(&snapshot.story.id, reason);
            }
        }
    }

    /// Captures and judges a snapshot.
    pub(crate) async fn capture_snapshot(
        &mut self,
        index: usize,
        attempt: u32,
    ) -> Result<FinishedSnapshot, BrowserError> {
        let judged = self.attempt(index, attempt).await;
        judged.map_err(|error| network::explain(self.proxy.as_ref(), error))
    }

    async fn attempt(
        &mut self,
        index: usize,
        attempt: u32,
    ) -> Result<FinishedSnapshot, BrowserError> {
        let context = Arc::clone(&self.context);
        let snapshot = &context.snapshots[index];
        let started = Instant::now();
        let result = self.draft(index, attempt);
        let baseline = match baseline::read(&context.manifest.root, &snapshot.baseline) {
            Ok(baseline) => baseline.map(Arc::new),
            Err(error) => return Ok(unreadable(result, error.to_string())),
        };
        let mut times = Times::default();
        let fast_path = self
            .fast_path(index, &result, baseline.as_ref(), &mut times)
            .await?;
        let seen = match fast_path {
            FastPath::Passed(passed) => return Ok(*passed),
            FastPath::Unlike(picture) => picture,
        };
        let shot = self
            .capture_stable(snapshot, baseline.as_deref(), &seen, &mut times)
            .await?;
        let settled = shot.settled;
        let fallen_back = missing_fonts(&settled);
        let begun = Instant::now();
        let options = story_parameters::options(snapshot, &self.parameters);
        let judging = {
            let (context, result) = (Arc::clone(&context), result.clone());
            tokio::task::spawn_blocking(move || {
                judge::judge(
                    &context,
                    index,
                    result,
                    baseline.as_deref(),
                    &shot.png,
                    &options,
                )
            })
        };
        let judged = judging.await;
        times.compare += begun.elapsed();
        let mut judged = judged.unwrap_or_else(|panic| unreadable(result, panic.to_string()));
        if judged.result.status == Status::Passed
            && let Some(hash) = judged
                .result
                .sha256
                .as_ref()
                .and_then(|s| s.baseline.clone())
        {
            self.remember_pass(index, hash);
        }
        if let (Some(message), Some(fonts)) = (&mut judged.message, fallen_back) {
            message.push_str(&fonts);
        }
        self.note(&mut judged.result, &times, started, settled);
        Ok(judged)
    }

    /// The snapshot if it is equal to its baseline at once. Nothing is written
    /// or told.
    pub(crate) async fn capture_fast(
        &mut self,
        index: usize,
    ) -> Result<Option<FinishedSnapshot>, BrowserError> {
        let context = Arc::clone(&self.context);
        let result = self.draft(index, 1);
        let baseline = baseline::read(&context.manifest.root, &context.snapshots[index].baseline);
        match baseline {
            Ok(Some(baseline)) => {
                let (baseline, mut times) = (Arc::new(baseline), Times::default());
                let fast_path = self.fast_path(index, &result, Some(&baseline), &mut times);
                Ok(match fast_path.await? {
                    FastPath::Passed(passed) => Some(*passed),
                    FastPath::Unlike(_) => None,
                })
            }
            _ => Ok(None),
        }
    }

    /// The record of a snapshot that this session begins with.
    fn draft(&self, index: usize, attempt: u32) -> VisualTestResult {
        let context = &self.context;
        let mut result = context.result(index, Status::Running);
        result.attempt = Some(attempt);
        result.browser = Some(self.session.info().browser.clone());
        let limits = limits_of(&context.snapshots[index], &context.manifest.browser);
        result.limits = limits.into_iter().map(str::to_owned).collect();
        result
    }

    /// Looks at a snapshot on the page at hand.
    async fn fast_path(
        &mut self,
        index: usize,
        draft: &VisualTestResult,
        baseline: Option<&Arc<Baseline>>,
        times: &mut Times,
    ) -> Result<FastPath, BrowserError> {
        let context = Arc::clone(&self.context);
        let snapshot = &context.snapshots[index];
        let started = Instant::now();
        let seen = self.quickly(snapshot, baseline, times).await;
        if seen.is_err() {
            // Another attempt shall not meet the same broken page.
            self.loaded = None;
        }
        let (shot, equal) = self.part(snapshot, seen).await?;
        let Some(baseline) = baseline.filter(|_| equal) else {
            return Ok(FastPath::Unlike(shot.png));
        };
        let mut result = draft.clone();
        self.note(&mut result, times, started, shot.settled);
        self.remember_pass(index, baseline.file_sha256.clone());
        let passed = judge::passed(&context, index, result, baseline, &shot.png);
        Ok(FastPath::Passed(Box::new(passed)))
    }

    /// Notes a pass for the next run, unless it is none to be glad of.
    fn remember_pass(&mut self, index: usize, baseline_sha256: String) {
        if self.context.snapshots[index].known_failure.is_none() {
            self.passed.push((index, baseline_sha256));
        }
    }

    /// The story on the page that shows it already, or loaded where it does
    /// not, and whether it is equal to the baseline. What came to rest a frame
    /// late gets that frame.
    async fn quickly(
        &mut self,
        snapshot: &Snapshot,
        baseline: Option<&Arc<Baseline>>,
        times: &mut Times,
    ) -> Result<(Shot, bool), BrowserError> {
        let begun = self.switch_to(snapshot, times).await?;
        let threshold = story_parameters::options(snapshot, &self.parameters).threshold;
        for picture in 1.. {
            let shot = self
                .settle_and_capture(snapshot, Thoroughness::Quick, begun, times)
                .await?;
            let Some(baseline) = baseline else {
                return Ok((shot, false));
            };
            let equal = equal(baseline, &shot.png, threshold, times).await;
            if equal || picture == QUICK_PICTURES {
                return Ok((shot, equal));
            }
            self.session.frame().await?;
        }
        unreachable!("the last picture is returned")
    }

    /// Makes the session show a snapshot, on the page at hand where that will
    /// do. Returns the moment from which it has the story's time.
    async fn switch_to(
        &mut self,
        snapshot: &Snapshot,
        times: &mut Times,
    ) -> Result<Instant, BrowserError> {
        let mut begun = Instant::now();
        let address = address(&self.context.base, snapshot);
        let wanted = LoadedPage::of(address, snapshot);
        let capture = &snapshot.story.capture;
        // A hook may have changed the page for good.
        let serves = self.context.hooks.is_empty()
            && self
                .loaded
                .as_ref()
                .is_some_and(|loaded| loaded.serves(&wanted, capture.isolation));
        if serves {
            self.session.set_device(&snapshot.device);
            self.session.show(&snapshot.theme, snapshot.screen).await?;
            story_parameters::check(&self.context.manifest, snapshot, &self.parameters)?;
            times.navigate += begun.elapsed();
        } else {
            self.leave_page().await;
            begun = self.visit(snapshot, PageReuse::Reuse, times).await?;
        }
        self.loaded = Some(wanted);
        Ok(begun)
    }

    pub(crate) async fn settle_and_capture(
        &mut self,
        snapshot: &Snapshot,
        thoroughness: Thoroughness,
        started: Instant,
        times: &mut Times,
    ) -> Result<Shot, BrowserError> {
        let capture = &snapshot.story.capture;
        let begun = Instant::now();
        let mut settled = self.session.settle(capture, thoroughness, started).await?;
        if settled.dirty {
            self.dirty = Some(address(&self.context.base, snapshot));
        }
        times.settle += begun.elapsed();
        let begun = Instant::now();
        let png = self.session.capture(capture, snapshot.screen).await?;
        times.capture += begun.elapsed();
        network::check(self.proxy.as_ref(), &mut settled)?;
        Ok(Shot { png, settled })
    }

    fn note(
        &self,
        result: &mut VisualTestResult,
        times: &Times,
        started: Instant,
        settled: Settled,
    ) {
        let ms = |time: Duration| Some(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        result.navigate_ms = ms(times.navigate);
        result.settle_ms = ms(times.settle);
        result.capture_ms = ms(times.capture);
        result.compare_ms = ms(times.compare);
        result.duration_ms = ms(started.elapsed());
        result.settled = settled.steps;
        let addresses = settled.foreign.into_iter();
        let addresses = addresses.take(VisualTestResult::MOST_ADDRESSES);
        let redacted = addresses.map(|address| self.context.redacted(&address));
        result.open_network = redacted.collect();
    }
}

impl LoadedPage {
    pub(crate) fn of(address: String, snapshot: &Snapshot) -> Self {
        let screen = snapshot.screen;
        Self {
            address,
            theme: snapshot.theme.name.clone(),
            snapshot: snapshot.identifier.key(),
            acted: !snapshot.story.steps.is_empty(),
            device: (snapshot.device.fixed(), screen.mobile, screen.touch),
        }
    }

    /// Whether this page may show the other as well. One to which something
    /// was done may not: that it can be done is part of each snapshot.
    fn serves(&self, other: &Self, isolation: Isolation) -> bool {
        !self.acted
            && self.address == other.address
            && self.device == other.device
            && match isolation {
                Isolation::Story => true,
                Isolation::Theme => self.theme == other.theme,
                Isolation::Snapshot => self.snapshot == other.snapshot,
            }
    }
}

/// Compares off the thread that talks to the browser, where it takes any time.
async fn equal(
    baseline: &Arc<Baseline>,
    picture: &[u8],
    threshold: f64,
    times: &mut Times,
) -> bool {
    let begun = Instant::now();
    let equal = baseline.bytes == picture || {
        let (baseline, picture) = (Arc::clone(baseline), picture.to_owned());
        tokio::task::spawn_blocking(move || judge::is_equal(&baseline, &picture, threshold))
            .await
            .unwrap_or(false)
    };
    times.compare += begun.elapsed();
    equal
}

/// Where a snapshot's story is, with its theme's parameters.
pub(crate) fn address(base: &str, snapshot: &Snapshot) -> String {
    let path = snapshot.story.path.trim_start_matches('/');
    let mut address = format!("{base}/{path}");
    if !snapshot.theme.globals.is_empty() {
        address.push_str("&globals=");
        address.push_str(&snapshot.theme.globals);
    }
    if snapshot.theme.query.is_empty() {
        return address;
    }
    match url::Url::parse(&address) {
        Ok(mut url) => {
            url.query_pairs_mut().extend_pairs(&snapshot.theme.query);
            url.into()
        }
        Err(_) => address,
    }
}

/// A snapshot whose baseline, or whose comparison, is broken.
fn unreadable(mut result: VisualTestResult, message: String) -> FinishedSnapshot {
    result.status = Status::Failed;
    result.message = Some(message.clone());
    FinishedSnapshot {
        result,
        message: Some(message),
    }
}
