//! Compares a capture with its baseline, without side effects.

use super::settle::Capture;
use crate::baseline::{Baseline, BaselineError};
use crate::model::{Environment, EnvironmentChange, Region, Status};
use tintype_compare::{
    CompareError, ImageProblem, ImageSide, Inspection, Options, Verdict, inspect_png,
};

/// The rules for a comparison.
#[derive(Clone, Debug, Default)]
pub(super) struct CompareRules {
    pub(super) options: Options,
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
    /// What differs from the environment of the baseline.
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
    let judgement = if capture.equals_baseline {
        Judgement {
            diff_ratio: Some(0.0),
            ..Judgement::new(Status::Passed)
        }
    } else {
        match inspect_png(&baseline.bytes, &capture.png, &rules.options) {
            Ok(inspection) => weigh(inspection),
            Err(error) => Judgement {
                message: Some(with_help(&error)),
                ..Judgement::new(Status::Failed)
            },
        }
    };
    Judgement {
        environment_changed: environment_changes(baseline, &rules.environment),
        ..judgement
    }
}

fn weigh(mut inspection: Inspection<'_>) -> Judgement {
    let comparison = &inspection.comparison;
    let status = match comparison.verdict {
        Verdict::Same => Status::Passed,
        Verdict::WithinTolerance => Status::Changed,
        Verdict::Different | Verdict::SizeMismatch => Status::Failed,
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
    if status == Status::Failed {
        if let Ok(sweep) = inspection.sweep() {
            let text = inspection.comparison.detailed_message(&sweep);
            // The first line is the message itself.
            judgement.sensitivity = text.lines().skip(1).map(str::to_owned).collect();
        }
    }
    judgement
}

/// The message of an error, with a help text for a damaged baseline.
fn with_help(error: &CompareError) -> String {
    match error {
        CompareError::Image {
            side: ImageSide::Baseline,
            problem: ImageProblem::Corrupt(_) | ImageProblem::Truncated(_),
        } => format!("{error}\nhelp: {}", crate::baseline::RESTORE),
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
