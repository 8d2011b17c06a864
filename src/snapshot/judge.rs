//! Compares a capture with its baseline, without side effects.

use super::settle::Capture;
use crate::baseline::{Baseline, BaselineError};
use crate::model::{Environment, EnvironmentChange, Region, Status};
use tintype_compare::{CompareError, ImageSide, Inspection, Options, Verdict, inspect_png};

/// The rules for a comparison.
#[derive(Clone, Debug, Default)]
pub(super) struct CompareRules {
    /// For baselines from the environment of the capture.
    pub(super) options: Options,
    /// For baselines from another environment.
    pub(super) other_environment: Options,
    /// The environment of the capture.
    pub(super) environment: Environment,
}

/// The judgement of a capture.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Judgement {
    /// `passed`, `changed`, `failed` or `new`.
    pub(super) status: Status,
    /// Why it did not pass, in one line.
    pub(super) message: Option<String>,
    /// The ratio of differing pixels, if the images could be compared.
    pub(super) diff_ratio: Option<f64>,
    /// Where the images differ, largest region first.
    pub(super) regions: Vec<Region>,
    /// An image of the differences, as a PNG.
    pub(super) diff: Option<Vec<u8>>,
    /// Lines about thresholds and settings with which a failure would pass.
    pub(super) sensitivity: Vec<String>,
    /// The differences to the environment of the baseline.
    pub(super) environment_changed: Vec<EnvironmentChange>,
}

/// Judges a capture against its baseline.
pub(super) fn judge(
    capture: &Capture,
    baseline: Option<&Baseline>,
    rules: &CompareRules,
) -> Judgement {
    let Some(baseline) = baseline else {
        return Judgement {
            message: Some("there is no baseline yet".to_owned()),
            ..Judgement::new(Status::New)
        };
    };
    let environment_changed = environment_changes(baseline, &rules.environment);
    let options = match environment_changed.as_slice() {
        [] => &rules.options,
        _ => &rules.other_environment,
    };
    let judgement = if capture.equals_baseline {
        Judgement {
            diff_ratio: Some(0.0),
            ..Judgement::new(Status::Passed)
        }
    } else {
        match inspect_png(&baseline.bytes, &capture.png, options) {
            Ok(inspection) => weigh(inspection),
            Err(error) => Judgement {
                message: Some(describe(error, baseline)),
                ..Judgement::new(Status::Failed)
            },
        }
    };
    let is_tolerated = judgement.status == Status::Changed && !environment_changed.is_empty();
    let message = judgement.message.map(|message| match is_tolerated {
        true => format!("{message}; the baseline is from another environment"),
        false => message,
    });
    Judgement {
        message,
        environment_changed,
        ..judgement
    }
}

fn weigh(mut inspection: Inspection<'_>) -> Judgement {
    let comparison = &inspection.comparison;
    let status = match comparison.verdict {
        Verdict::Same => Status::Passed,
        Verdict::WithinTolerance => Status::Changed,
        // A limit is exceeded, or the sizes differ.
        _ => Status::Failed,
    };
    let mut judgement = Judgement {
        diff_ratio: Some(comparison.diff_ratio()),
        regions: comparison.regions.clone(),
        ..Judgement::new(status)
    };
    if status == Status::Passed {
        return judgement;
    }
    judgement.message = Some(comparison.message());
    judgement.diff = inspection.diff_png().ok();
    if status == Status::Failed
        && let Ok(sweep) = inspection.sweep()
    {
        let text = inspection.comparison.detailed_message(&sweep);
        // The first line is the message itself.
        judgement.sensitivity = text.lines().skip(1).map(str::to_owned).collect();
    }
    judgement
}

/// The message of an error, with the file of a damaged baseline.
fn describe(error: CompareError, baseline: &Baseline) -> String {
    match error {
        CompareError::Image {
            side: ImageSide::Baseline,
            problem,
        } => baseline.error(problem).to_string(),
        _ => error.to_string(),
    }
}

fn environment_changes(baseline: &Baseline, environment: &Environment) -> Vec<EnvironmentChange> {
    let provenance = baseline.provenance.as_ref();
    provenance.map_or_else(Vec::new, |provenance| {
        environment.changes_since(&provenance.environment)
    })
}

impl Judgement {
    /// A capture whose baseline is damaged or cannot be read.
    pub(super) fn unusable_baseline(error: &BaselineError) -> Self {
        Self {
            message: Some(error.to_string()),
            ..Self::new(Status::Failed)
        }
    }

    fn new(status: Status) -> Self {
        Self {
            status,
            message: None,
            diff_ratio: None,
            regions: Vec::new(),
            diff: None,
            sensitivity: Vec::new(),
            environment_changed: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use image::{Rgba, RgbaImage};
    use tintype_compare::{Options, encode_png};

    use super::{Capture, CompareRules, Judgement, judge};
    use crate::baseline::{Baseline, Provenance};
    use crate::browser::Settled;
    use crate::explain::DeclaringRules;
    use crate::model::{Environment, RunId, Status, StoryIdentifier};

    fn image(grey: u8) -> Vec<u8> {
        encode_png(&RgbaImage::from_pixel(8, 8, Rgba([grey, grey, grey, 255]))).unwrap()
    }

    fn environment(browser: &str) -> Environment {
        Environment {
            browser: Some(browser.to_owned()),
            ..Environment::default()
        }
    }

    /// Judges an image against a baseline that this browser captured.
    fn judged(browser: &str, grey: u8) -> Judgement {
        let capture = Capture {
            png: image(grey),
            settled: Settled::default(),
            equals_baseline: false,
            digest: None,
            pages: None,
            rules: DeclaringRules::new(),
            measurements: None,
            evidence: None,
        };
        let baseline = Baseline {
            bytes: image(200),
            provenance: Some(Provenance {
                environment: environment(browser),
                run_id: RunId::fresh(),
                story_identifier: StoryIdentifier::from_key("a:light:8x8").unwrap(),
            }),
            ..Baseline::default()
        };
        let rules = CompareRules {
            options: Options::exact(),
            other_environment: Options::default(),
            environment: environment("chromium 2"),
        };
        judge(&capture, Some(&baseline), &rules)
    }

    #[test]
    fn one_step_of_grey_fails_in_the_same_environment() {
        assert_eq!(judged("chromium 2", 201).status, Status::Failed);
        assert_eq!(judged("chromium 2", 200).status, Status::Passed);
    }

    #[test]
    fn one_step_of_grey_is_tolerated_from_another_environment() {
        let judgement = judged("chromium 1", 201);
        assert_eq!(judgement.status, Status::Changed);
        let message = judgement.message.unwrap();
        assert!(message.ends_with("the baseline is from another environment"));
        assert_eq!(judged("chromium 1", 0).status, Status::Failed);
        assert_eq!(judged("chromium 1", 200).status, Status::Passed);
    }

    #[test]
    fn a_difference_below_the_suites_threshold_is_changed_and_never_passed() {
        let capture = Capture {
            png: image(201),
            settled: Settled::default(),
            equals_baseline: false,
            digest: None,
            pages: None,
            rules: DeclaringRules::new(),
            measurements: None,
            evidence: None,
        };
        let baseline = Baseline {
            bytes: image(200),
            ..Baseline::default()
        };
        let rules = CompareRules {
            options: Options::default(),
            ..CompareRules::default()
        };
        let judgement = judge(&capture, Some(&baseline), &rules);
        assert_eq!(judgement.status, Status::Changed);
        assert!(judgement.environment_changed.is_empty());
        assert!(!judgement.regions.is_empty());
        assert!(judgement.diff.is_some());
    }

    #[test]
    fn a_capture_without_baseline_is_new() {
        let capture = Capture {
            png: image(200),
            settled: Settled::default(),
            equals_baseline: false,
            digest: None,
            pages: None,
            rules: DeclaringRules::new(),
            measurements: None,
            evidence: None,
        };
        let judgement = judge(&capture, None, &CompareRules::default());
        assert_eq!(judgement.status, Status::New);
        assert_eq!(judgement.diff_ratio, None);
    }
}
