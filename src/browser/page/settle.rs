//! The named conditions that a page is waited for.
//!
//! The page itself says what it still waits for (`page/library.js`); here each
//! answer is followed by a frame, so that what needs one to go on gets it,
//! until nothing is left or the story's time is over.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::traits::Page;
use crate::browser::error::{BrowserError, Pending, Unsettled};
use crate::manifest::{CaptureSettings, WaitFor};
use crate::model::SettledStep;

/// After this many answers the page waits for something outside of it, and
/// need not be asked with every frame.
const EAGER: u32 = 12;

/// The longest pause between two answers.
const PAUSE: Duration = Duration::from_millis(50);

/// How long `aria-busy` is believed: a story may well show the busy state
/// itself.
const BUSY: Duration = Duration::from_secs(2);

/// What a script is told in a page that lets nobody style into it.
const CLOSED_PAGE: &str = "Access is denied for this document";

/// How closely a page is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thoroughness {
    /// As closely as costs nothing: the picture can only turn out equal to its
    /// baseline, or count for nothing.
    Quick,
    /// Everything, since the picture will be judged.
    Thorough,
}

/// A page at rest.
#[derive(Clone, Debug, Default)]
pub struct Settled {
    /// What it was waited for, each with the time until it came true.
    pub steps: Vec<SettledStep>,
    /// Web fonts that failed to load.
    pub missing_fonts: Vec<String>,
    /// Addresses of other origins that it has asked, as it says itself.
    pub foreign: Vec<String>,
    /// Whether it keeps something that outlives it: cookies, storage.
    pub dirty: bool,
    /// Whether it moves by `requestAnimationFrame`.
    pub moving: bool,
}

/// One answer of the page.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    pending: Vec<Pending>,
    /// The HTTP status of the document; 0 where there is none.
    status: u16,
    failed_fonts: Vec<String>,
    /// Empty while anything is pending.
    other_origins: Vec<String>,
    has_stored_data: bool,
    has_motion: bool,
}

/// Brings the page to rest within the story's time from `started`.
pub(in crate::browser) async fn settle(
    page: &impl Page,
    capture: &CaptureSettings,
    thoroughness: Thoroughness,
    started: Instant,
) -> Result<Settled, BrowserError> {
    let begun = Instant::now();
    let options = [wanted(page, capture, thoroughness)];
    let mut steps: Vec<SettledStep> = Vec::new();
    for answers in 1_u32.. {
        let answer = page.call("checkReadiness", &options).await;
        let mut answer: Answer = answer.map_err(|error| no_page(page, error))?;
        refuse_error_page(page, &answer)?;
        delays(capture, started, &mut answer.pending);
        if started.elapsed() > BUSY {
            answer.pending.retain(|pending| pending.step != "aria-busy");
        }
        note(&mut steps, &answer.pending, begun);
        if answer.pending.is_empty() {
            return Ok(Settled {
                steps,
                missing_fonts: answer.failed_fonts,
                foreign: answer.other_origins,
                dirty: answer.has_stored_data,
                moving: answer.has_motion,
            });
        }
        if started.elapsed() > capture.timeout {
            return Err(BrowserError::Unsettled(Unsettled {
                limit: capture.timeout,
                pending: answer.pending,
            }));
        }
        page.frame().await?;
        tokio::time::sleep(PAUSE.min(Duration::from_millis(answers.saturating_sub(EAGER).into())))
            .await;
    }
    unreachable!("the loop has no end of its own")
}

/// What the page is asked for.
fn wanted(page: &impl Page, capture: &CaptureSettings, thoroughness: Thoroughness) -> Value {
    // What is done to a page may end what it was waited for.
    let wait_for = if page.acted() {
        &[]
    } else {
        capture.wait_for.as_slice()
    };
    let conditions: Vec<Value> = wait_for
        .iter()
        .map(|condition| match condition {
            WaitFor::Selector(selector) => json!({ "selector": selector }),
            WaitFor::Expression(expression) => json!({ "expression": expression }),
            // The page's own clock may stand still: time passes out here.
            WaitFor::Delay(_) => json!({}),
        })
        .collect();
    json!({
        "thorough": thoroughness == Thoroughness::Thorough,
        "busy": capture.wait_for_busy && thoroughness == Thoroughness::Thorough,
        "network": capture.wait_for_network,
        "waitFor": conditions,

    })
}

fn delays(capture: &CaptureSettings, started: Instant, waiting: &mut Vec<Pending>) {
    for condition in &capture.wait_for {
        if let WaitFor::Delay(delay) = condition
            && started.elapsed() < *delay
        {
            waiting.push(Pending {
                step: "wait-for".to_owned(),
                detail: format!("{} s", delay.as_secs_f32()),
            });
        }
    }
}

/// Notes how long each condition has not been met by now.
fn note(steps: &mut Vec<SettledStep>, waiting: &[Pending], begun: Instant) {
    let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    for pending in waiting {
        match steps.iter_mut().find(|step| step.step == pending.step) {
            Some(step) => step.ms = ms,
            None => steps.push(SettledStep {
                step: pending.step.clone(),
                ms,
            }),
        }
    }
}

/// The browser's own error pages let nobody style into them.
fn no_page(page: &impl Page, error: BrowserError) -> BrowserError {
    match error {
        BrowserError::Refused { reason, .. } if reason.contains(CLOSED_PAGE) => {
            BrowserError::Load {
                url: page.address().to_owned(),
                reason: "the browser shows an error page of its own (where nobody vouches for \
                         the server's certificate, `insecure = true` in [stories] trusts it)"
                    .to_owned(),
            }
        }
        other => other,
    }
}

/// A server's error page is no story, however still it stands.
fn refuse_error_page(page: &impl Page, answer: &Answer) -> Result<(), BrowserError> {
    if answer.status < 400 {
        return Ok(());
    }
    Err(BrowserError::Load {
        url: page.address().to_owned(),
        reason: format!("the server answered with status {}", answer.status),
    })
}
