//! Waits until a page is ready to be captured.
//!
//! The page reports its pending conditions (`scripts/page/readiness.js`). It is
//! asked until none is left or the story's time is over.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::info::Thoroughness;
use super::page_time::PageTime;
use super::poll::{Deadline, Polled, poll_until};
use super::progress::{MAX_DRIVING, Progress};
use crate::browser::error::{BrowserError, Pending, Unsettled};
use crate::manifest::{CaptureSettings, Target, WaitFor};
use crate::model::{PageError, SettledStep};

/// How long `aria-busy` is waited for: a story may show the busy state itself.
const MAX_BUSY: Duration = Duration::from_secs(2);

/// The page time at every place that the page is scrolled to.
const SCROLL_PAUSE: Duration = Duration::from_millis(100);

/// The exception that scripts get in the browser's own error pages.
const CLOSED_PAGE: &str = "Access is denied for this document";

/// A page that is ready to be captured.
#[derive(Clone, Debug, Default)]
pub struct Settled {
    /// The conditions that were waited for, each with its time.
    pub steps: Vec<SettledStep>,
    /// Web fonts that failed to load.
    pub missing_fonts: Vec<String>,
    /// Addresses of other origins that it has requested.
    pub foreign: Vec<String>,
    /// Whether it has stored data that outlives it, such as cookies.
    pub dirty: bool,
    /// Whether it moves by `requestAnimationFrame`.
    pub moving: bool,
    /// Whether it is known that the last frames changed nothing in the viewport.
    pub still: bool,
    /// The way in which workers may move it.
    pub worker_motion: Option<WorkerMotion>,
    /// Failed requests, uncaught exceptions and console errors.
    pub page_errors: Vec<PageError>,
}

/// A way in which workers, which run in real time, may move a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WorkerMotion {
    /// The page has given them a canvas.
    Canvas,
    /// They have sent messages.
    Messages,
}

/// One reply of the page.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SettleReply {
    pending: Vec<Pending>,
    /// The HTTP status of the document; 0 where there is none.
    status: u16,
    failed_fonts: Vec<String>,
    /// Empty while anything is pending.
    other_origins: Vec<String>,
    has_stored_data: bool,
    has_motion: bool,
    worker_motion: Option<WorkerMotion>,
    /// Whether the page is still to be scrolled through, or back.
    has_more_to_scroll: bool,
}

/// Waits until the page is ready, within the story's time from `started`.
pub(in crate::browser) async fn settle(
    page: &impl PageTime,
    capture: &CaptureSettings,
    thoroughness: Thoroughness,
    started: Instant,
) -> Result<Settled, BrowserError> {
    let begun = Instant::now();
    let options = [readiness_options(page, capture, thoroughness)];
    let mut steps: Vec<SettledStep> = Vec::new();
    // Only page time decides how far a page moves: the real time that this takes
    // does not count.
    let mut deadline = Deadline {
        started,
        limit: capture.timeout,
    };
    let address = page.state().address.as_str();
    let mut check = |mut reply: SettleReply| {
        reject_error_status(address, reply.status)?;
        add_delays(capture, started, &mut reply.pending);
        if started.elapsed() > MAX_BUSY {
            reply.pending.retain(|pending| pending.step != "aria-busy");
        }
        record_times(&mut steps, &reply.pending, begun);
        if !reply.pending.is_empty() {
            return Ok(Polled::Pending(reply.pending));
        }
        let settled = Settled {
            steps: steps.clone(),
            missing_fonts: reply.failed_fonts,
            foreign: reply.other_origins,
            dirty: reply.has_stored_data,
            moving: reply.has_motion,
            still: false,
            worker_motion: reply.worker_motion,
            page_errors: Vec::new(),
        };
        Ok(Polled::Ready((settled, reply.has_more_to_scroll)))
    };
    loop {
        let settled = poll_until(page, ("checkReadiness", &options), deadline, &mut check).await;
        let settled = settled.map_err(|error| explain_closed_page(address, error))?;
        let unsettled = |pending| {
            BrowserError::Unsettled(Unsettled {
                limit: capture.timeout,
                pending,
            })
        };
        let (mut settled, has_more_to_scroll) = settled.map_err(unsettled)?;
        let before = Instant::now();
        let progress = page.pass_time_until_idle(capture, thoroughness).await?;
        match progress {
            Progress::AtRest if has_more_to_scroll => {
                if deadline.has_passed() {
                    return Err(unsettled(scrolling()));
                }
                scroll_on(page, capture, deadline).await?;
            }
            Progress::AtRest => {
                settled.page_errors = page.page_errors();
                settled.still = page.is_still();
                return Ok(settled);
            }
            Progress::Overrun => return Err(unsettled(vec![slow_motion(capture)])),
            Progress::Waiting if deadline.has_passed() => {
                return Err(unsettled(in_flight(page, capture)));
            }
            Progress::Moved => deadline.limit += before.elapsed(),
            Progress::Waiting => {}
        }
    }
}

/// Scrolls to the end of what is captured, or back from there.
async fn scroll_on(
    page: &impl PageTime,
    capture: &CaptureSettings,
    deadline: Deadline,
) -> Result<(), BrowserError> {
    let arguments = [json!(scrolled_element(capture))];
    while page.call::<bool>("scrollOn", &arguments).await? && !deadline.has_passed() {
        page.wait(SCROLL_PAUSE).await?;
    }
    page.resume();
    page.wait(SCROLL_PAUSE).await
}

/// The selector of the element that is scrolled to, or none for the whole page.
fn scrolled_element(capture: &CaptureSettings) -> Option<&str> {
    match &capture.target {
        Target::Element(selector) if capture.scroll_through.is_none() => Some(selector),
        _ => None,
    }
}

fn scrolling() -> Vec<Pending> {
    vec![Pending {
        step: "scroll-through".to_owned(),
        detail: "the page is not scrolled through".to_owned(),
    }]
}

/// The requests that are waited for, otherwise the page's workers.
fn in_flight(page: &impl PageTime, capture: &CaptureSettings) -> Vec<Pending> {
    let requests = page.requests_in_flight(capture).into_iter();
    let pending = requests.map(|detail| Pending {
        step: "network".to_owned(),
        detail,
    });
    let mut pending: Vec<Pending> = pending.collect();
    if pending.is_empty() {
        pending.push(Pending {
            step: "workers".to_owned(),
            detail: "they have tasks to run".to_owned(),
        });
    }
    pending
}

/// The motion of a page whose time takes too long to pass.
fn slow_motion(capture: &CaptureSettings) -> Pending {
    let seconds = capture.page_time.as_secs_f32();
    let limit = MAX_DRIVING.as_secs();
    Pending {
        step: "motion".to_owned(),
        detail: format!(
            "its {seconds} s of page time take longer than {limit} s; \
             set a shorter `page-time` in [capture]"
        ),
    }
}

/// The options of `checkReadiness`.
fn readiness_options(
    page: &impl PageTime,
    capture: &CaptureSettings,
    thoroughness: Thoroughness,
) -> Value {
    // Steps may end the state that the story waits for.
    let wait_for = if page.state().has_acted {
        &[]
    } else {
        capture.wait_for.as_slice()
    };
    let conditions: Vec<Value> = wait_for
        .iter()
        .map(|condition| match condition {
            WaitFor::Selector(selector) => json!({ "selector": selector }),
            WaitFor::Expression(expression) => json!({ "expression": expression }),
            // The page's clock may be stopped, so delays are measured here.
            WaitFor::Delay(_) => json!({}),
        })
        .collect();
    // Scrolling may end what steps have started.
    let scrolls = !page.state().has_acted
        && (capture.scrolls_through() || scrolled_element(capture).is_some());
    let is_page = capture.target == Target::Page;
    let scroll =
        scrolls.then(|| json!({ "target": scrolled_element(capture), "endsAtTop": is_page }));
    json!({
        "scroll": scroll,
        "beyondViewport": capture.target != Target::Viewport,
        "thorough": thoroughness == Thoroughness::Thorough,
        "busy": capture.wait_for_busy && thoroughness == Thoroughness::Thorough,
        "network": capture.wait_for_network,
        "waitFor": conditions,
        // Steps may change the theme.
        "keepTheme": !page.state().has_acted,
    })
}

/// Adds the delays that have not passed.
fn add_delays(capture: &CaptureSettings, started: Instant, pending: &mut Vec<Pending>) {
    for condition in &capture.wait_for {
        if let WaitFor::Delay(delay) = condition
            && started.elapsed() < *delay
        {
            pending.push(Pending {
                step: "wait-for".to_owned(),
                detail: format!("{} s", delay.as_secs_f32()),
            });
        }
    }
}

/// Records how long each pending condition has been waited for.
fn record_times(steps: &mut Vec<SettledStep>, all: &[Pending], begun: Instant) {
    let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    for pending in all {
        match steps.iter_mut().find(|step| step.step == pending.step) {
            Some(step) => step.ms = ms,
            None => steps.push(SettledStep {
                step: pending.step.clone(),
                ms,
            }),
        }
    }
}

/// Scripts have no access to the browser's own error pages.
fn explain_closed_page(address: &str, error: BrowserError) -> BrowserError {
    match error {
        BrowserError::Refused { reason, .. } if reason.contains(CLOSED_PAGE) => {
            BrowserError::Load {
                url: address.to_owned(),
                reason: "the browser shows its own error page\nhelp: if the server's \
                         certificate is not trusted, set `insecure = true` in [stories]"
                    .to_owned(),
            }
        }
        other => other,
    }
}

/// A server's error page is not a story.
pub(super) fn reject_error_status(address: &str, status: u16) -> Result<(), BrowserError> {
    if status < 400 {
        return Ok(());
    }
    Err(BrowserError::Load {
        url: address.to_owned(),
        reason: format!("the server answered with status {status}"),
    })
}
