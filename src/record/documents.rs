//! Parses documents of the record and checks that they are about what their keys
//! name: others can write to the record.

use super::error::RecordError;
use crate::model::{RunId, StoryIdentifier, VisualTestResult, VisualTestRun};
use crate::redis::{StoreError, StoreErrorKind};

pub(super) fn run_name(id: &RunId) -> String {
    format!("the run `{id}`")
}

pub(super) fn result_name(run: &RunId, story: &StoryIdentifier) -> String {
    format!("the snapshot `{story}` of the run `{run}`")
}

/// The error of one value that is not text, or of the store.
pub(super) fn document_error(error: StoreError, document: impl FnOnce() -> String) -> RecordError {
    match error.kind {
        StoreErrorKind::WrongType => RecordError::Document {
            document: document(),
            problem: error.message,
        },
        _ => error.into(),
    }
}

/// Reads the document of a run.
pub(super) fn parse_run(id: &RunId, text: &str) -> Result<VisualTestRun, RecordError> {
    let run: Result<VisualTestRun, _> = serde_json::from_str(text);
    let run = run.map_err(|error| error.to_string());
    run.and_then(|run| run.check(id).map(|()| run))
        .map_err(|problem| RecordError::Document {
            document: run_name(id),
            problem,
        })
}

/// Reads the document of a snapshot.
pub(super) fn parse_result(
    run: &RunId,
    story: &StoryIdentifier,
    text: &str,
) -> Result<VisualTestResult, RecordError> {
    read_result(run, story, text).map_err(|problem| RecordError::Document {
        document: result_name(run, story),
        problem,
    })
}

/// Reads the document of a snapshot.
///
/// # Errors
/// The reason why it is not one.
pub(super) fn read_result(
    run: &RunId,
    story: &StoryIdentifier,
    text: &str,
) -> Result<VisualTestResult, String> {
    let result: VisualTestResult = serde_json::from_str(text).map_err(|error| error.to_string())?;
    result.check(run, story)?;
    Ok(result)
}
