//! A story of a Storybook: when it has been rendered, what broke on the way,
//! and what its own `parameters` say.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::traits::Page;
use crate::browser::error::{BrowserError, Pending, Unsettled};

/// After this many answers the preview need not be asked with every frame.
const EAGER: u32 = 20;

/// The longest pause between two answers.
const PAUSE: Duration = Duration::from_millis(50);

/// What a story says of itself: `parameters.tintype`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameters {
    /// `true`, or the reason why the story is left out.
    #[serde(default)]
    skip: Value,
    /// The screens on which it is shown: names, or `375x667`.
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
struct Answer {
    state: State,
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
enum State {
    Waiting,
    Rendered,
    Failed,
}

impl Parameters {
    /// Why the story is left out, if it is.
    pub fn left_out(&self) -> Option<String> {
        match &self.skip {
            Value::String(reason) => Some(reason.clone()),
            Value::Bool(true) => Some("parameters.tintype.skip is true".to_owned()),
            _ if self.disabled => Some("parameters.chromatic.disableSnapshot is true".to_owned()),
            _ => None,
        }
    }

    fn read(answer: &Answer) -> Result<Self, String> {
        let mut parameters: Self = match &answer.parameters {
            Some(text) => serde_json::from_str(text).map_err(|error| error.to_string())?,
            None => Self::default(),
        };
        parameters.disabled = answer.disabled;
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

/// Waits until the Storybook that is loaded says that it has rendered the
/// story `id` and played its play function, within `limit` from `started`.
///
/// # Errors
/// [`BrowserError::Storybook`] with Storybook's own message, when the story
/// broke; [`BrowserError::Unsettled`] when it did not come to an end.
pub(in crate::browser) async fn wait_for_storybook(
    page: &impl Page,
    id: &str,
    limit: Duration,
    started: Instant,
) -> Result<Parameters, BrowserError> {
    let arguments = [json!(id)];
    for answers in 1_u32.. {
        let answer: Answer = page.call("storybookState", &arguments).await?;
        match answer.state {
            State::Rendered => {
                return Parameters::read(&answer).map_err(|error| BrowserError::Storybook {
                    message: format!("its `parameters.tintype` are not understood: {error}"),
                });
            }
            State::Failed => {
                return Err(BrowserError::Storybook {
                    message: answer.detail.trim_end_matches([':', ' ']).to_owned(),
                });
            }
            State::Waiting if answer.status >= 400 => {
                return Err(BrowserError::Load {
                    url: page.address().to_owned(),
                    reason: format!("the server answered with status {}", answer.status),
                });
            }
            State::Waiting if started.elapsed() > limit => {
                return Err(BrowserError::Unsettled(Unsettled {
                    limit,
                    pending: vec![Pending {
                        step: "Storybook".to_owned(),
                        detail: answer.detail,
                    }],
                }));
            }
            // Loaders and play functions may need frames to go on.
            State::Waiting => page.frame().await?,
        }
        let pause = Duration::from_millis(answers.saturating_sub(EAGER).into());
        tokio::time::sleep(PAUSE.min(pause)).await;
    }
    unreachable!("the loop has no end of its own")
}

#[cfg(test)]
mod tests {
    use super::{Answer, Parameters, State};

    fn read(parameters: &str) -> Result<Parameters, String> {
        Parameters::read(&Answer {
            state: State::Rendered,
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
        assert_eq!(parameters.left_out().as_deref(), Some("later"));
        assert_eq!(parameters.max_diff_pixels, Some(3));
        assert_eq!(read("{}").unwrap().left_out(), None);
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
