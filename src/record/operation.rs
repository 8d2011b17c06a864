//! The operations of a worker on its run, as journaled and sent.

use serde::{Deserialize, Serialize};

use super::queue::Lease;
use crate::model::{
    HistoryEntry, Lineage, OutcomeOrigin, Reason, RecordedEvent, RunId, Status, Summary,
    VisualTestResult, VisualTestRun, now_ms, rfc3339,
};

/// A worker's request to join a run: the first frame of its journal, with all
/// that is needed to create the run on a server that has lost it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JoinRequest {
    /// The run.
    pub run_id: RunId,
    /// A unique id of letters, digits and `-`.
    pub writer: String,
    /// The machine, so that other processes on it can report the worker's death.
    pub host: String,
    /// The number of snapshots that the worker plans to report.
    pub planned: u64,
    /// Identifies the plan: workers with the same plan share it. An empty one is
    /// shared with no other worker.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub plan: String,
    /// Whether the writer only decides on snapshots: it takes no part in the
    /// run, which must exist.
    #[serde(default, skip_serializing_if = "is_false")]
    pub decides: bool,
    /// Whether the run consists of several processes.
    pub shared: bool,
    /// The start of the run, in milliseconds since the Unix epoch.
    pub start: i64,
    /// The run's document before the fields of its end and summary.
    pub head: String,
    /// The run's document after its summary.
    pub tail: String,
    /// Where the record is, without passwords: a journal is sent nowhere else.
    pub place: String,
}

impl JoinRequest {
    /// The project of the run; empty if it has none.
    pub(crate) fn project(&self) -> String {
        let text = join_document(&self.head, None, &Summary::default(), &self.tail);
        let run: Option<VisualTestRun> = serde_json::from_str(&text).ok();
        run.and_then(|run| run.project).unwrap_or_default()
    }

    /// The plan, which is the writer's own if it has no name.
    pub(crate) fn plan(&self) -> &str {
        if self.plan.is_empty() {
            &self.writer
        } else {
            &self.plan
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}

/// One operation of a worker. Text fields are JSON that is stored unchanged.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// Replaces the document of a snapshot and publishes its event.
    Test {
        /// [`StoryIdentifier::key`](crate::model::StoryIdentifier::key).
        key: String,
        /// The status in the document.
        status: Status,
        /// The time, in milliseconds since the Unix epoch: of executions by two
        /// workers, the later one counts. Within a worker the order counts.
        at: i64,
        /// The event's type.
        kind: String,
        /// The event's fields, without braces.
        fields: String,
        /// The entry for the snapshot's history; empty if not final.
        outcome: String,
        /// The document.
        record: String,
        /// In a shared run, the lease of its group: a newer one makes the
        /// operation stale.
        lease: Option<Lease>,
    },
    /// Replaces the [`tail`](JoinRequest::tail) of the run's document, for
    /// example when the browser's version is known.
    Describe {
        /// The new tail.
        tail: String,
    },
    /// Publishes an event that changes no document.
    Announce {
        /// The event's type.
        kind: String,
        /// The event's fields, without braces.
        fields: String,
        /// The time, in milliseconds since the Unix epoch.
        at: i64,
    },
    /// Marks a decision on a snapshot and publishes its event. It counts for
    /// results that were recorded before it.
    Decide {
        /// [`StoryIdentifier::key`](crate::model::StoryIdentifier::key).
        key: String,
        /// The time, in milliseconds since the Unix epoch: of decisions by two
        /// writers, the later one counts. Within a writer the order counts.
        at: i64,
        /// The field that marks the document; empty to remove the mark.
        mark: String,
        /// The event's type.
        kind: String,
        /// The event's fields, without braces.
        fields: String,
    },
    /// The worker has reported everything and leaves.
    Leave {
        /// Its reason for the end of the run, if any.
        reason: Option<Reason>,
        /// The time, in milliseconds since the Unix epoch.
        at: i64,
    },
    /// The worker died without leaving; added by the process that found its
    /// journal.
    Die {
        /// The time of its last write, in milliseconds since the Unix epoch.
        at: i64,
    },
    /// An operation that was lost in the journal: it uses its sequence number,
    /// so that the operations after it can be applied.
    Lost,
}

impl Operation {
    /// The operation that records an event now.
    pub fn from_event(event: &RecordedEvent) -> Self {
        Self::from_event_at(event, now_ms(), &OutcomeOrigin::default())
    }

    /// The operation that records an event. For the start and end of a run only
    /// its environment is recorded here: joining and leaving do the rest.
    /// `origin` is what outcomes of this process have in common.
    pub(crate) fn from_event_at(event: &RecordedEvent, at: i64, origin: &OutcomeOrigin) -> Self {
        let kind = event.kind().to_owned();
        match event {
            RecordedEvent::RunStarted(run) | RecordedEvent::RunFinished(run) => Self::Describe {
                tail: split_document(run).1,
            },
            RecordedEvent::TestStarted(result)
            | RecordedEvent::TestUpdated { result, .. }
            | RecordedEvent::TestFinished(result) => {
                Self::test(result, kind, event_fields(event), at, origin)
            }
            RecordedEvent::BaselineAccepted { .. }
            | RecordedEvent::BaselineRejected { .. }
            | RecordedEvent::DecisionUndone { .. } => Self::Announce {
                kind,
                fields: event_fields(event),
                at,
            },
        }
    }

    /// The same operation under a lease. Only outcomes of snapshots have one.
    #[must_use]
    pub fn under(mut self, held: &Lease) -> Self {
        if let Self::Test { lease, .. } = &mut self {
            *lease = Some(held.clone());
        }
        self
    }

    fn test(
        result: &VisualTestResult,
        kind: String,
        fields: String,
        at: i64,
        origin: &OutcomeOrigin,
    ) -> Self {
        let outcome = HistoryEntry::of(result, at, origin);
        Self::Test {
            key: result.story_identifier.key(),
            status: result.status,
            at,
            kind,
            fields,
            outcome: outcome.map(|o| json(&o)).unwrap_or_default(),
            record: json(result),
            lease: None,
        }
    }

    /// Encodes one line per field: JSON and keys contain no line breaks.
    pub fn encode(&self) -> String {
        match self {
            Self::Test {
                key,
                status,
                at,
                kind,
                fields,
                outcome,
                record,
                lease,
            } => {
                let lease = lease.as_ref().map(|lease| format!("\n{}", lease.encode()));
                let lease = lease.unwrap_or_default();
                format!("T\n{key}\n{status}\n{at}\n{kind}\n{fields}\n{outcome}\n{record}{lease}")
            }
            Self::Describe { tail } => format!("D\n{tail}"),
            Self::Announce { kind, fields, at } => format!("A\n{kind}\n{fields}\n{at}"),
            Self::Decide {
                key,
                at,
                mark,
                kind,
                fields,
            } => format!("J\n{key}\n{at}\n{mark}\n{kind}\n{fields}"),
            Self::Leave { reason, at } => {
                format!("L\n{}\n{at}", reason.map_or("", Reason::as_str))
            }
            Self::Die { at } => format!("X\n{at}"),
            Self::Lost => "S".to_owned(),
        }
    }

    /// Whether it ends the journal of its worker.
    pub(crate) fn is_last(&self) -> bool {
        matches!(self, Self::Leave { .. } | Self::Die { .. })
    }

    /// Decodes [`encode`](Self::encode); `None` if the text is invalid.
    pub fn decode(text: &str) -> Option<Self> {
        let mut lines = text.split('\n');
        let mut line = || lines.next().map(str::to_owned);
        let operation = match line()?.as_str() {
            "T" => Self::Test {
                key: line()?,
                status: parse_word(&line()?)?,
                at: line()?.parse().ok()?,
                kind: line()?,
                fields: line()?,
                outcome: line()?,
                record: line()?,
                lease: match line() {
                    Some(text) => Some(Lease::decode(&text)?),
                    None => None,
                },
            },
            "D" => Self::Describe { tail: line()? },
            "A" => Self::Announce {
                kind: line()?,
                fields: line()?,
                at: line()?.parse().ok()?,
            },
            "J" => Self::Decide {
                key: line()?,
                at: line()?.parse().ok()?,
                mark: line()?,
                kind: line()?,
                fields: line()?,
            },
            "L" => Self::Leave {
                reason: match line()?.as_str() {
                    "" => None,
                    reason => Some(parse_word(reason)?),
                },
                at: line()?.parse().ok()?,
            },
            "X" => Self::Die {
                at: line()?.parse().ok()?,
            },
            "S" => Self::Lost,
            _ => return None,
        };
        line().is_none().then_some(operation)
    }
}

/// Parses a word such as `passed`.
pub(crate) fn parse_word<T: for<'de> Deserialize<'de>>(text: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::from(text)).ok()
}

/// The fields of an event's payload, without braces.
pub(crate) fn event_fields(event: &RecordedEvent) -> String {
    let fields = event.fields().into_iter();
    let parts: Vec<_> = fields
        .map(|(name, value)| format!("{}:{value}", json(&name)))
        .collect();
    parts.join(",")
}

/// Splits a run's document at the fields of its end and summary.
pub(crate) fn split_document(run: &VisualTestRun) -> (String, String) {
    let mut bare = VisualTestRun {
        end_time: None,
        duration: None,
        reason: None,
        summary: Summary::default(),
        ..run.clone()
    };
    bare.environment.bound_texts();
    // Quotes inside JSON strings are escaped, so this occurs only once.
    let summary = format!(",\"summary\":{}", json(&bare.summary));
    let document = json(&bare);
    let (head, tail) = document
        .split_once(&summary)
        .expect("a run's document has a summary after its start");
    (head.to_owned(), tail.to_owned())
}

/// The lineage of the run that a request joins. `None` for journals of versions
/// that did not record the project.
pub(crate) fn lineage(join: &JoinRequest) -> Option<Lineage> {
    let document = join_document(&join.head, None, &Summary::default(), &join.tail);
    let run: VisualTestRun = serde_json::from_str(&document).ok()?;
    run.lineage()
}

/// Joins the parts of a run's document, as the scripts do.
pub(crate) fn join_document(
    head: &str,
    end: Option<(i64, u64, Reason)>,
    summary: &Summary,
    tail: &str,
) -> String {
    let end = end.map_or(String::new(), |(at, duration, reason)| {
        let time = rfc3339(at);
        format!(r#","endTime":"{time}","duration":{duration},"reason":"{reason}""#)
    });
    format!("{head}{end},\"summary\":{}{tail}", json(summary))
}

/// The field that every event starts with.
pub(crate) fn run_id_field(run: &RunId) -> String {
    format!("\"runId\":{}", json(run))
}

/// Serialises a value of the model.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("the types of the model can be serialised")
}

#[cfg(test)]
mod tests {
    use super::{Lease, Operation, join_document, json, split_document};
    use crate::model::{
        Environment, Reason, RecordedEvent, RunId, Status, StoryIdentifier, VisualTestResult,
        VisualTestRun,
    };

    fn result() -> VisualTestResult {
        let id = StoryIdentifier::from_key("a/b:dark:10x20").unwrap();
        let mut result = VisualTestResult::new(RunId("run-1".to_owned()), id, Status::Failed);
        result.diff_ratio = Some(0.12);
        result.message = Some("two\nlines and \"quotes\"".to_owned());
        result
    }

    #[test]
    fn operations_are_decoded() {
        for operation in [
            Operation::from_event(&RecordedEvent::TestFinished(Box::new(result()))),
            Operation::from_event(&RecordedEvent::TestFinished(Box::new(result()))).under(&Lease {
                group: "a/b@chromium".to_owned(),
                lane: "chromium".to_owned(),
                token: 7,
            }),
            Operation::Describe {
                tail: r#","environment":{}}"#.to_owned(),
            },
            Operation::Leave {
                reason: None,
                at: 7,
            },
            Operation::Leave {
                reason: Some(Reason::Interrupted),
                at: 7,
            },
            Operation::Die { at: 7 },
            Operation::Lost,
            Operation::Decide {
                key: result().story_identifier.key(),
                at: 7,
                mark: String::new(),
                kind: "decision:undone".to_owned(),
                fields: r#""runId":"run-1""#.to_owned(),
            },
            Operation::from_event(&RecordedEvent::BaselineAccepted {
                run_id: RunId("run-1".to_owned()),
                story_identifier: result().story_identifier,
            }),
        ] {
            assert_eq!(Operation::decode(&operation.encode()), Some(operation));
        }
        for text in ["", "T\nkey", "X\n", "Y\n", "L\nbored\n7", "L\n\n7\nmore"] {
            assert_eq!(Operation::decode(text), None, "{text:?}");
        }
    }

    #[test]
    fn joined_documents_equal_those_of_serde() {
        let mut run = VisualTestRun::start(
            RunId("run-1".to_owned()),
            Environment {
                command: Some(r#"x","summary":{"total":0}"#.to_owned()),
                ..Environment::default()
            },
        );
        let (head, tail) = split_document(&run);
        run.summary.add(Status::Passed);
        assert_eq!(join_document(&head, None, &run.summary, &tail), json(&run));
        run.end_time = Some("2025-10-26T12:00:00Z".to_owned());
        run.duration = Some(5);
        run.reason = Some(Reason::Passed);
        let end = Some((1_761_480_000_000, 5, Reason::Passed));
        assert_eq!(join_document(&head, end, &run.summary, &tail), json(&run));
    }

    #[test]
    fn the_environment_of_a_document_is_bounded() {
        let huge = || Some("x".repeat(12_000_000));
        let environment = Environment {
            command: huge(),
            browser: huge(),
            driver: huge(),
            ..Environment::default()
        };
        let run = VisualTestRun::start(RunId("run-1".to_owned()), environment);
        let (head, tail) = split_document(&run);
        assert!(head.len() + tail.len() < 10_000);
        let document = join_document(&head, None, &run.summary, &tail);
        assert!(document.contains("… 11.9 MB more"));
    }
}
