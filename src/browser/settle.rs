//! The named conditions that a page is waited for.
//!
//! The page itself says what it still waits for (`page.js`); here each answer
//! is followed by a frame, so that what needs one to go on gets it, until
//! nothing is left or the story's time is over.

use std::time::{Duration, Instant};

use serde::Deserialize;

use super::error::{BrowserError, Pending, Unsettled};
use super::session::Session;
use crate::manifest::Theme;
use crate::model::SettledStep;

/// Every condition by its word, in the order in which they are told.
const STEPS: [&str; 4] = ["load", "fonts", "images", "ready"];

/// What the page was waited for.
pub type Settled = Vec<SettledStep>;

/// One answer of the page.
#[derive(Debug, Deserialize)]
struct Answer {
    waiting: Vec<Pending>,
    /// The HTTP status of the document; 0 where there is none.
    status: u16,
}

/// Dresses the page in `theme` and brings it to rest before `deadline`.
pub(super) async fn settle(
    session: &mut Session,
    theme: &Theme,
    limit: Duration,
    started: Instant,
) -> Result<Settled, BrowserError> {
    let worn = serde_json::json!({ "attributes": theme.attributes, "classes": theme.classes });
    let begun = Instant::now();
    let mut steps: Vec<SettledStep> = STEPS
        .map(|step| SettledStep {
            step: step.to_owned(),
            ms: 0,
        })
        .into();
    let mut script = format!("__tintype.settle({worn})");
    loop {
        let answer: Answer = session.evaluate(&script).await?;
        refuse_error_page(session, &answer)?;
        if answer.waiting.is_empty() {
            return Ok(steps);
        }
        let elapsed = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        for step in &mut steps {
            if answer
                .waiting
                .iter()
                .any(|pending| pending.step == step.step)
            {
                step.ms = elapsed;
            }
        }
        if started.elapsed() > limit {
            return Err(BrowserError::Unsettled(Unsettled {
                limit,
                pending: answer.waiting,
                moved: Vec::new(),
            }));
        }
        session.frame().await?;
        "__tintype.settle()".clone_into(&mut script);
    }
}

/// A server's error page is no story, however still it stands.
fn refuse_error_page(session: &Session, answer: &Answer) -> Result<(), BrowserError> {
    if answer.status < 400 {
        return Ok(());
    }
    Err(BrowserError::Load {
        url: session.address().to_owned(),
        reason: format!("the server answered with status {}", answer.status),
    })
}
