//! One snapshot, from page to judged picture.
//!
//! One page serves all snapshots of a story, but only as a fast path that can
//! end in nothing but "equal to the baseline". Whatever is not equal is drawn
//! again in a freshly loaded page, and must stand still there, before it is
//! judged: baselines come from fresh pages too.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::judge::{self, Judged};
use super::stage::Stage;
use crate::baseline::{self, Baseline};
use crate::browser::{BrowserError, Session, Settled, Unsettled};
use crate::compare::{Options, compare_png};
use crate::model::{Status, VisualTestResult};
use crate::plan::Snapshot;

/// Takes pictures with one session.
pub(super) struct Photographer {
    stage: Arc<Stage>,
    session: Session,
    /// The address that the page shows, if it is one of ours.
    loaded: Option<String>,
}

/// How long the parts took.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    navigate: Duration,
    settle: Duration,
    capture: Duration,
    compare: Duration,
}

/// A picture and what the page was waited for before it was taken.
struct Shot {
    png: Vec<u8>,
    settled: Settled,
}

impl Photographer {
    pub(super) fn new(stage: Arc<Stage>, session: Session) -> Self {
        Self {
            stage,
            session,
            loaded: None,
        }
    }

    pub(super) async fn close(self) {
        self.session.close().await;
    }

    /// Forgets the page, so that the next story starts on a fresh one.
    pub(super) fn forget_page(&mut self) {
        self.loaded = None;
    }

    /// Captures and judges a snapshot.
    pub(super) async fn photograph(
        &mut self,
        index: usize,
        attempt: u32,
    ) -> Result<Judged, BrowserError> {
        let stage = Arc::clone(&self.stage);
        let snapshot = &stage.snapshots[index];
        let started = Instant::now();
        let mut result = stage.result(index, Status::Running);
        result.attempt = Some(attempt);
        result.browser = Some(self.session.info().browser.clone());
        let baseline = match baseline::read(&stage.manifest.root, &snapshot.baseline) {
            Ok(baseline) => baseline.map(Arc::new),
            Err(error) => return Ok(unreadable(result, error.to_string())),
        };
        let mut times = Times::default();
        let address = address(&stage.base, snapshot);
        if self.loaded.as_ref() == Some(&address)
            && let Some(baseline) = &baseline
        {
            let shot = self.reuse(snapshot, &mut times).await?;
            if equal(baseline, &shot.png, &mut times).await {
                note(&mut result, &times, started, shot.settled);
                return Ok(judge::passed(&stage, index, result, baseline, &shot.png));
            }
        }
        let shot = self
            .fresh(snapshot, &address, baseline.as_deref(), &mut times)
            .await?;
        let begun = Instant::now();
        let judged = {
            let (stage, result) = (Arc::clone(&stage), result.clone());
            let png = shot.png;
            tokio::task::spawn_blocking(move || {
                judge::judge(&stage, index, result, baseline.as_deref(), &png)
            })
            .await
        };
        times.compare += begun.elapsed();
        let mut judged = judged.unwrap_or_else(|panic| unreadable(result, panic.to_string()));
        note(&mut judged.result, &times, started, shot.settled);
        Ok(judged)
    }

    /// The story's next variant on the page that is loaded.
    async fn reuse(
        &mut self,
        snapshot: &Snapshot,
        times: &mut Times,
    ) -> Result<Shot, BrowserError> {
        let begun = Instant::now();
        self.session.show(&snapshot.theme, snapshot.screen).await?;
        times.navigate += begun.elapsed();
        self.settle_and_capture(snapshot, begun, times).await
    }

    /// The story on a fresh page, standing still: a picture that is equal to
    /// the baseline, or to the one before it.
    async fn fresh(
        &mut self,
        snapshot: &Snapshot,
        address: &str,
        baseline: Option<&Baseline>,
        times: &mut Times,
    ) -> Result<Shot, BrowserError> {
        let limit = snapshot.story.capture.timeout;
        let begun = Instant::now();
        self.loaded = None;
        self.session
            .load(address, &snapshot.theme, snapshot.screen, limit)
            .await?;
        times.navigate += begun.elapsed();
        self.loaded = Some(address.to_owned());
        let mut shot = self.settle_and_capture(snapshot, begun, times).await?;
        if baseline.is_some_and(|baseline| baseline.bytes == shot.png) {
            return Ok(shot);
        }
        loop {
            let next = self.settle_and_capture(snapshot, begun, times).await?;
            if next.png == shot.png {
                return Ok(next);
            }
            if begun.elapsed() > limit {
                let moved = compare_png(&shot.png, &next.png, &Options::default());
                return Err(BrowserError::Unsettled(Unsettled {
                    limit,
                    pending: Vec::new(),
                    moved: moved.map(|moved| moved.regions).unwrap_or_default(),
                }));
            }
            shot = next;
        }
    }

    async fn settle_and_capture(
        &mut self,
        snapshot: &Snapshot,
        started: Instant,
        times: &mut Times,
    ) -> Result<Shot, BrowserError> {
        let capture = &snapshot.story.capture;
        let begun = Instant::now();
        let settled = self
            .session
            .settle(&snapshot.theme, capture.timeout, started)
            .await?;
        times.settle += begun.elapsed();
        let begun = Instant::now();
        let png = self.session.capture(&capture.target).await?;
        times.capture += begun.elapsed();
        Ok(Shot { png, settled })
    }
}

/// Compares off the thread that talks to the browser, where it takes any time.
async fn equal(baseline: &Arc<Baseline>, picture: &[u8], times: &mut Times) -> bool {
    let begun = Instant::now();
    let equal = baseline.bytes == picture || {
        let (baseline, picture) = (Arc::clone(baseline), picture.to_owned());
        tokio::task::spawn_blocking(move || judge::is_equal(&baseline, &picture))
            .await
            .unwrap_or(false)
    };
    times.compare += begun.elapsed();
    equal
}

/// Where a snapshot's story is, with its theme's parameters.
fn address(base: &str, snapshot: &Snapshot) -> String {
    let path = snapshot.story.path.trim_start_matches('/');
    let address = format!("{base}/{path}");
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

fn note(result: &mut VisualTestResult, times: &Times, started: Instant, settled: Settled) {
    let ms = |time: Duration| Some(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    result.navigate_ms = ms(times.navigate);
    result.settle_ms = ms(times.settle);
    result.capture_ms = ms(times.capture);
    result.compare_ms = ms(times.compare);
    result.duration_ms = ms(started.elapsed());
    result.settled = settled;
}

/// A snapshot whose baseline, or whose comparison, is broken.
fn unreadable(mut result: VisualTestResult, message: String) -> Judged {
    result.status = Status::Failed;
    result.message = Some(message.clone());
    Judged {
        result,
        message: Some(message),
    }
}
