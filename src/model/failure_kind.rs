//! Classifies failures by their message, so that equal ones can be counted.

use super::{PageErrorKind, Region, VisualTestResult, bounded};

/// The maximum length of an awaited condition, in bytes.
const MAX_AWAITED: usize = 200;

/// Starts of messages, each with its kind.
const STARTS: [(&str, &str); 10] = [
    ("the page is unstable", UNSTABLE),
    ("failed to load ", "network"),
    ("the page sent requests to the open network", "network"),
    ("the browser disconnected", DRIVER),
    ("the browser rejected", DRIVER),
    ("failed to start ", DRIVER),
    ("failed to create a ", DRIVER),
    ("the page has errors", "page error"),
    ("Storybook reports", "storybook"),
    ("no element matches", "target"),
];

/// Two captures of one page differ.
pub(crate) const UNSTABLE: &str = "unstable region";
/// The browser or its driver failed, which says nothing about the story.
pub(crate) const DRIVER: &str = "driver";
/// A request of the page failed.
pub(crate) const NETWORK: &str = "network";
/// The capture differs from the baseline.
pub(crate) const DIFFERENCE: &str = "difference";
/// The start of the kinds of conditions that were awaited in vain.
pub(crate) const TIMEOUT: &str = "timeout: ";

/// The kind of a failure: `timeout: fonts`, `network`, `unstable region`,
/// `driver`, `page error`, `step: click`, `difference`, `other`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FailureKind {
    /// The kind.
    pub(crate) name: String,
    /// The region that moved or differed most, in image pixels.
    pub(crate) region: Option<Region>,
    /// The condition that was awaited in vain: `fonts (Inter)`.
    pub(crate) awaited: Option<String>,
}

impl FailureKind {
    /// The kind of the first failed attempt; `None` if no attempt failed.
    pub(crate) fn of(result: &VisualTestResult) -> Option<Self> {
        let mut attempts = result.attempts.iter();
        let first = attempts.find(|attempt| attempt.status == super::Status::Failed);
        let (message, is_last) = match first {
            // The last attempt has the facts of the result.
            Some(first) if result.attempts.last() != Some(first) => (&first.message, false),
            _ if result.status == super::Status::Failed => (&result.message, true),
            _ => return None,
        };
        let message = message.as_deref().unwrap_or_default();
        let mut kind = Self::of_message(message);
        if is_last {
            kind.add_facts(result);
        }
        Some(kind)
    }

    fn of_message(message: &str) -> Self {
        if let Some(awaited) = awaited(message) {
            let condition = awaited.split([' ', ',']).next().unwrap_or_default();
            return Self {
                name: format!("{TIMEOUT}{condition}"),
                region: None,
                awaited: Some(bounded(awaited.to_owned(), MAX_AWAITED)),
            };
        }
        let start = STARTS.iter().find(|(start, _)| message.starts_with(start));
        let name = match start {
            Some((_, kind)) => kind,
            None if message.starts_with("timed out after ") => DRIVER,
            None if message.contains("requests of the page were blocked") => NETWORK,
            None if message.contains(" hook failed") => "hook",
            None if message.contains("differ") => DIFFERENCE,
            None => "other",
        };
        Self {
            name: name.to_owned(),
            region: region(message),
            awaited: None,
        }
    }

    /// Prefers the facts of the result to its message.
    fn add_facts(&mut self, result: &VisualTestResult) {
        self.region = result.regions.first().copied().or(self.region);
        if result.unstable {
            UNSTABLE.clone_into(&mut self.name);
        } else if let Some(step) = &result.unmet_step {
            self.name = format!("step: {}", step.kind);
            self.awaited = Some(bounded(step.target.clone(), MAX_AWAITED));
        } else if self.name == "page error" {
            let mut errors = result.page_errors.iter();
            if errors.any(|error| error.kind == PageErrorKind::Request) {
                NETWORK.clone_into(&mut self.name);
            }
        }
    }
}

/// The conditions in `timed out after 5 s waiting for fonts (Inter)`. The time
/// limit of a browser command is not a condition of the page.
fn awaited(message: &str) -> Option<&str> {
    let line = message.lines().next()?;
    let (_, conditions) = line
        .strip_prefix("timed out after ")?
        .split_once(" s waiting for ")?;
    (!conditions.ends_with("; the browser was restarted")).then_some(conditions)
}

/// The region in `300×40 at 12,80`.
fn region(message: &str) -> Option<Region> {
    let (size, place) = message.split_once(" at ")?;
    let (width, height) = size.rsplit(' ').next()?.split_once('×')?;
    let mut place = place.split(|c: char| !c.is_ascii_digit());
    let mut coordinate = || place.next()?.parse().ok();
    Some(Region {
        x: coordinate()?,
        y: coordinate()?,
        width: width.parse().ok()?,
        height: height.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::FailureKind;

    #[test]
    fn messages_are_classified() {
        let kinds = [
            "timed out after 5 s waiting for images (/a.png), fonts",
            "timed out after 30 s waiting for Page.navigate; the browser was restarted",
            "the page is unstable: two screenshots around a frame differ, most of all 300×40 at 12,80; x",
            "failed to load http://x/: net::ERR_CONNECTION_REFUSED",
            "the browser disconnected during a screenshot: gone",
            "12.0 % of pixels differ (94,371 of 786,432); largest region 30×4 at 1,8",
            "the `before` hook failed: no",
            "something else",
        ]
        .map(|message| {
            let kind = FailureKind::of_message(message);
            let region = kind.region.map_or(String::new(), |region| {
                format!(" {}×{} {},{}", region.width, region.height, region.x, region.y)
            });
            format!("{}{region}", kind.name)
        });
        insta::assert_snapshot!(kinds.join("\n"), @r"
        timeout: images
        driver
        unstable region 300×40 12,80
        network
        driver
        difference 30×4 1,8
        hook
        other
        ");
    }
}
