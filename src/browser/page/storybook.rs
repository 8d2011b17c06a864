//! Waits until a Storybook has rendered a story, and reads its `parameters`.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::page_time::PageTime;
use super::poll::{Deadline, Polled, poll_until};
use super::settle::reject_error_status;
use crate::browser::error::{BrowserError, Pending, Unsettled};

/// A story's `parameters.tintype`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameters {
    /// `true`, or the reason why the story is skipped.
    #[serde(default)]
    skip: Value,
    /// Its viewports: names, or sizes such as `375x667`.
    pub viewports: Option<Vec<String>>,
    /// As `threshold` in `[compare]`.
    pub threshold: Option<f64>,
    /// As `max-diff-pixels` in `[compare]`.
    pub max_diff_pixels: Option<u64>,
    /// As `max-diff-ratio` in `[compare]`.
    pub max_diff_ratio: Option<f64>,
    /// `parameters.chromatic.disableSnapshot`
    #[serde(skip)]
    disabled: bool,
}

#[derive(Deserialize)]
struct StorybookReply {
    state: RenderState,
    detail: String,
    /// The HTTP status of the document; 0 where there is none.
    status: u16,
    /// JSON.
    parameters: Option<String>,
    #[serde(default)]
    disabled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RenderState {
    Waiting,
    Rendered,
    Failed,
}

impl Parameters {
    /// The reason why the story is skipped, if it is.
    pub fn skip_reason(&self) -> Option<String> {
        match &self.skip {
            Value::String(reason) => Some(reason.clone()),
            Value::Bool(true) => Some("parameters.tintype.skip is true".to_owned()),
            _ if self.disabled => Some("parameters.chromatic.disableSnapshot is true".to_owned()),
            _ => None,
        }
    }

    fn read(reply: &StorybookReply) -> Result<Self, String> {
        let mut parameters: Self = match &reply.parameters {
            Some(text) => serde_json::from_str(text).map_err(|error| error.to_string())?,
            None => Self::default(),
        };
        parameters.disabled = reply.disabled;
        let share = |value: Option<f64>| value.is_none_or(|n| (0.0..=1.0).contains(&n));
        if !matches!(
            parameters.skip,
            Value::Null | Value::Bool(_) | Value::String(_)
        ) {
            return Err("`skip` must be true, or the reason as a text".to_owned());
        }
        if !share(parameters.threshold) {
            return Err("`threshold` must be a number from 0 to 1".to_owned());
        }
        if !share(parameters.max_diff_ratio) {
            return Err("`maxDiffRatio` must be a number from 0 to 1".to_owned());
        }
        Ok(parameters)
    }
}

/// Waits until the loaded Storybook has rendered the story `id` and finished its
/// play function, within `limit` from `started`.
///
/// # Errors
/// [`BrowserError::Storybook`] with Storybook's message when the story failed;
/// [`BrowserError::Unsettled`] when it was not rendered in time.
pub(in crate::browser) async fn wait_for_storybook(
    page: &impl PageTime,
    id: &str,
    limit: Duration,
    started: Instant,
) -> Result<Parameters, BrowserError> {
    let arguments = [json!(id)];
    let address = page.state().address.as_str();
    let check = |reply: StorybookReply| match reply.state {
        RenderState::Rendered => Parameters::read(&reply)
            .map(Polled::Ready)
            .map_err(|error| BrowserError::Storybook {
                message: format!("`parameters.tintype` is invalid: {error}"),
            }),
        RenderState::Failed => Err(BrowserError::Storybook {
            message: reply.detail.trim_end_matches([':', ' ']).to_owned(),
        }),
        RenderState::Waiting => {
            reject_error_status(address, reply.status)?;
            Ok(Polled::Pending(reply.detail))
        }
    };
    let deadline = Deadline { started, limit };
    let rendered = poll_until(page, ("storybookState", &arguments), deadline, check).await?;
    rendered.map_err(|detail| {
        BrowserError::Unsettled(Unsettled {
            limit,
            pending: vec![Pending {
                step: "Storybook".to_owned(),
                detail,
            }],
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{Parameters, RenderState, StorybookReply};

    fn read(parameters: &str) -> Result<Parameters, String> {
        Parameters::read(&StorybookReply {
            state: RenderState::Rendered,
            detail: String::new(),
            status: 200,
            parameters: Some(parameters.to_owned()),
            disabled: false,
        })
    }

    #[test]
    fn parameters_are_checked_like_a_manifest() {
        let parameters = read(r#"{"skip":"later","viewports":["phone"],"maxDiffPixels":3}"#);
        let parameters = parameters.unwrap();
        assert_eq!(parameters.skip_reason().as_deref(), Some("later"));
        assert_eq!(parameters.max_diff_pixels, Some(3));
        assert_eq!(read("{}").unwrap().skip_reason(), None);
        for (bad, word) in [
            (r#"{"threshhold":0.1}"#, "threshhold"),
            (r#"{"threshold":2}"#, "from 0 to 1"),
            (r#"{"maxDiffRatio":-1}"#, "from 0 to 1"),
            (r#"{"skip":1}"#, "reason"),
        ] {
            let error = read(bad).unwrap_err();
            assert!(error.contains(word), "{bad}: {error}");
        }
    }
}
