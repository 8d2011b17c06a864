//! What is journaled and sent: the operations of a writer on its run.

use serde::{Deserialize, Serialize};

use crate::model::{
    Reason, RecordedEvent, RunId, Status, Summary, VisualTestResult, VisualTestRun, now_ms, rfc3339,
};

/// A worker's part in a run: the first frame of its journal, and all that is
/// needed to create the run anew on a server that has lost it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Join {
    /// The run.
    pub run_id: RunId,
    /// A name that no other writer has, of letters, digits and `-`.
    pub writer: String,
    /// The machine, so that others on it can vouch for the worker's death.
    pub host: String,
    /// How many snapshots the worker will report.
    pub planned: u64,
    /// Whether several processes make up the run.
    pub shared: bool,
    /// When the run started, in milliseconds since the Unix epoch.
    pub start: i64,
    /// The run's document up to where its end and its summary belong.
    pub head: String,
    /// The run's document from behind its summary.
    pub tail: String,
    /// Where the record is kept, without passwords: a journal is sent nowhere
    /// else.
    pub place: String,
}

/// One step of a worker. The text parts are JSON that is stored as it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// A snapshot's record is replaced and its event told.
    Test {
        /// [`StoryIdentifier::key`](crate::model::StoryIdentifier::key).
        key: String,
        /// The status in the record.
        status: Status,
        /// When it happened, in milliseconds since the Unix epoch: of two
        /// executions of a snapshot, the later one counts.
        at: i64,
        /// The event's type.
        kind: String,
        /// The event's fields without the braces around them.
        fields: String,
        /// The outcome for the story's history; empty if not final.
        outcome: String,
        /// The record.
        record: String,
    },
    /// The run's document has a new [`tail`](Join::tail): the browser's
    /// version is known now.
    Describe {
        /// The new tail.
        tail: String,
    },
    /// An event that changes no record.
    Announce {
        /// The event's type.
        kind: String,
        /// The event's fields without the braces around them.
        fields: String,
    },
    /// The worker has reported all it will.
    Leave {
        /// What it says of the run, if anything.
        reason: Option<Reason>,
        /// When, in milliseconds since the Unix epoch.
        at: i64,
    },
    /// The worker died before it could leave; whoever found its journal says
    /// so in its name.
    Die {
        /// When it was last heard of, in milliseconds since the Unix epoch.
        at: i64,
    },
}

/// What one outcome looks like in a story's history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The run.
    pub run_id: RunId,
    /// When, in milliseconds since the Unix epoch.
    pub at: i64,
    /// What became of it.
    pub status: Status,
    /// How long it took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Differing pixels ÷ all compared pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff_ratio: Option<f64>,
}

impl Operation {
    /// What an event asks of the record, if anything: that a run has started
    /// or ended is told by the steps that create and leave it, here only its
    /// environment counts.
    pub fn of(event: &RecordedEvent) -> Self {
        let kind = event.kind().to_owned();
        match event {
            RecordedEvent::RunStarted(run) | RecordedEvent::RunFinished(run) => Self::Describe {
                tail: split_document(run).1,
            },
            RecordedEvent::TestStarted(result)
            | RecordedEvent::TestUpdated { result, .. }
            | RecordedEvent::TestFinished(result) => Self::test(result, kind, fields_of(event)),
            RecordedEvent::BaselineAccepted { .. } => Self::Announce {
                kind,
                fields: fields_of(event),
            },
        }
    }

    fn test(result: &VisualTestResult, kind: String, fields: String) -> Self {
        let at = now_ms();
        let outcome = result.status.is_final().then(|| Outcome {
            run_id: result.run_id.clone(),
            at,
            status: result.status,
            duration_ms: result.duration_ms,
            diff_ratio: result.diff_ratio,
        });
        Self::Test {
            key: result.story_identifier.key(),
            status: result.status,
            at,
            kind,
            fields,
            outcome: outcome.map(|o| json(&o)).unwrap_or_default(),
            record: json(result),
        }
    }

    /// One line for each field: JSON and keys hold no line breaks.
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
            } => format!("T\n{key}\n{status}\n{at}\n{kind}\n{fields}\n{outcome}\n{record}"),
            Self::Describe { tail } => format!("D\n{tail}"),
            Self::Announce { kind, fields } => format!("A\n{kind}\n{fields}"),
            Self::Leave { reason, at } => {
                format!("L\n{}\n{at}", reason.map_or("", Reason::as_str))
            }
            Self::Die { at } => format!("X\n{at}"),
        }
    }

    /// Reads [`encode`](Self::encode) back; `None` if the text is none of it.
    pub fn decode(text: &str) -> Option<Self> {
        let mut lines = text.split('\n');
        let mut line = || lines.next().map(str::to_owned);
        let operation = match line()?.as_str() {
            "T" => Self::Test {
                key: line()?,
                status: word(&line()?)?,
                at: line()?.parse().ok()?,
                kind: line()?,
                fields: line()?,
                outcome: line()?,
                record: line()?,
            },
            "D" => Self::Describe { tail: line()? },
            "A" => Self::Announce {
                kind: line()?,
                fields: line()?,
            },
            "L" => Self::Leave {
                reason: match line()?.as_str() {
                    "" => None,
                    reason => Some(word(reason)?),
                },
                at: line()?.parse().ok()?,
            },
            "X" => Self::Die {
                at: line()?.parse().ok()?,
            },
            _ => return None,
        };
        line().is_none().then_some(operation)
    }
}

/// A word of the record as the value it names.
pub(crate) fn word<T: for<'de> Deserialize<'de>>(text: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::from(text)).ok()
}

/// The fields of an event as they stand in its payload, without braces.
pub(crate) fn fields_of(event: &RecordedEvent) -> String {
    let fields = event.fields();
    let parts: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{}:{value}", json(name)))
        .collect();
    parts.join(",")
}

/// A run's document before and behind the place of its end and its summary.
pub(crate) fn split_document(run: &VisualTestRun) -> (String, String) {
    let bare = VisualTestRun {
        end_time: None,
        duration: None,
        reason: None,
        summary: Summary::default(),
        ..run.clone()
    };
    // Quotes inside JSON texts are escaped, so this can stand nowhere else.
    let summary = format!(",\"summary\":{}", json(&bare.summary));
    let whole = json(&bare);
    let (head, tail) = whole
        .split_once(&summary)
        .expect("a run's document has a summary behind its start");
    (head.to_owned(), tail.to_owned())
}

/// A run's document as the scripts put it together.
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

/// A value of the model as JSON text.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("the model's types have text keys and no failing parts")
}

#[cfg(test)]
mod tests {
    use super::{Operation, join_document, json, split_document};
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
    fn operations_read_back() {
        for operation in [
            Operation::of(&RecordedEvent::TestFinished(Box::new(result()))),
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
            Operation::of(&RecordedEvent::BaselineAccepted {
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
    fn a_document_is_put_together_as_serde_would() {
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
}
