//! Assesses how flaky the stories of a plan are.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tintype::internals::history::{FlakeAssessment, FlakeLevel};
use tintype::internals::model::StoryIdentifier;
use tintype::internals::plan::Plan;
use tintype::internals::record::{RecordError, Records};

/// A story, in one engine at one scale, with the evidence of its snapshots.
pub(crate) struct AssessedStory {
    /// Its id, with the suffix of engine and scale.
    pub(crate) story: String,
    /// The evidence of all its snapshots.
    pub(crate) assessment: FlakeAssessment,
    /// The snapshots that disagreed, with their evidence.
    pub(crate) snapshots: Vec<(StoryIdentifier, FlakeAssessment)>,
}

/// The stories that are not clean, worst first.
///
/// # Errors
/// When the store cannot be reached.
pub(crate) async fn flaky_stories(
    records: &Records,
    plan: &Plan,
) -> Result<Vec<AssessedStory>, RecordError> {
    let snapshots = plan.snapshots.iter();
    let stories: Vec<_> = snapshots
        .map(|snapshot| snapshot.identifier.clone())
        .collect();
    let histories = records.histories(&stories).await?;
    let mut by_story = BTreeMap::<String, AssessedStory>::new();
    for (story, history) in stories.into_iter().zip(histories) {
        let assessment = FlakeAssessment::of(&history);
        let id = story.story_id.clone();
        let assessed = by_story.entry(id.clone()).or_insert_with(|| AssessedStory {
            story: id,
            assessment: FlakeAssessment::default(),
            snapshots: Vec::new(),
        });
        assessed.assessment.merge(&assessment);
        if assessment.level() > FlakeLevel::Clean {
            assessed.snapshots.push((story, assessment));
        }
    }
    let mut flaky: Vec<_> = by_story
        .into_values()
        .filter(|story| story.assessment.level() > FlakeLevel::Clean)
        .collect();
    flaky.sort_by(|a, b| b.assessment.score().total_cmp(&a.assessment.score()));
    Ok(flaky)
}

/// An assessment with what follows from it, for programs.
pub(crate) fn to_json(assessment: &FlakeAssessment) -> Value {
    let mut object = json!(assessment);
    let rounded = |value: f64| (value * 10_000.0).round() / 10_000.0;
    object["level"] = json!(assessment.level());
    object["score"] = json!(rounded(assessment.score()));
    object["rate"] = json!(rounded(assessment.rate()));
    object["advice"] = json!(assessment.advice());
    object
}
