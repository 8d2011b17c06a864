//! The record in the memory of one process, with the behaviour of the scripts.

mod replay;
mod run;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::model::{RunId, StoryIdentifier, now_ms};
use crate::record::error::Fault;
use crate::record::health::ServerFacts;
use crate::record::operation::{Join, Operation, Outcome, json};
use crate::record::store::{
    Answer, Applied, Doorbell, EVENTS_KEPT, Ended, Entry, Joined, Marked, OUTCOMES_KEPT, SILENCE,
    StepKey, Store, StreamEntry,
};
use crate::record::whole::WholeRun;
use run::Run;

/// A record that lives as long as this value.
#[derive(Debug, Default)]
pub struct MemoryStore {
    why: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    runs: HashMap<RunId, Run>,
    /// Outcomes with their time, as in a sorted set.
    history: HashMap<String, Vec<(i64, Outcome)>>,
    kept: HashMap<StepKey, (i64, String)>,
    listeners: Vec<(Option<RunId>, mpsc::Sender<String>)>,
}

impl MemoryStore {
    /// An empty record. `why` says, in brackets behind the word `memory`, why
    /// it is not in Redis; it may be empty.
    pub fn new(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer<'a, T: Send + 'a>(&'a self, step: impl FnOnce(&mut State) -> T) -> Answer<'a, T> {
        let value = step(&mut self.state());
        Box::pin(std::future::ready(Ok::<_, Fault>(value)))
    }
}

impl State {
    fn tell(&mut self, run_id: &RunId, kind: &str, fields: &str) {
        let Some(run) = self.runs.get_mut(run_id) else {
            return;
        };
        run.state.n += 1;
        let (ts, n) = (now_ms(), run.state.n);
        run.last_id = if ts > run.last_id.0 {
            (ts, 0)
        } else {
            (run.last_id.0, run.last_id.1 + 1)
        };
        let entry = StreamEntry {
            id: format!("{}-{}", run.last_id.0, run.last_id.1),
            event: format!(r#"{{"type":"{kind}",{fields},"ts":{ts},"n":{n}}}"#),
        };
        let message = entry.message();
        run.events.push(entry);
        if run.events.len() > 2 * EVENTS_KEPT {
            run.events.drain(..EVENTS_KEPT);
        }
        self.listeners.retain(|(wanted, bell)| {
            let mine = wanted.as_ref().is_none_or(|wanted| wanted == run_id);
            !bell.is_closed() && {
                if mine {
                    // A doorbell that is full has rung already.
                    let _ = bell.try_send(message.clone());
                }
                true
            }
        });
    }

    fn join(&mut self, join: &Join, live: bool) -> Joined {
        let started = fields_of_run(&join.run_id);
        let mut how = Entry::Joined;
        if !self.runs.contains_key(&join.run_id) {
            how = Entry::Created;
            let run = Run::begin(join);
            self.runs.insert(join.run_id.clone(), run);
            self.tell(&join.run_id, "run:started", &started);
        }
        let Some(run) = self.runs.get_mut(&join.run_id) else {
            unreachable!("the run was inserted above")
        };
        if run
            .joined
            .insert(join.writer.clone(), join.planned)
            .is_none()
        {
            if run.state.ended_at.is_some() && live {
                how = Entry::Reopened;
                (run.state.ended_at, run.state.said, run.state.died) = (None, None, false);
                run.alive.clear();
                run.state.planned = run.state.planned.max(join.planned);
            } else {
                run.state.planned += join.planned;
            }
        }
        if live {
            run.alive(&join.writer, Some(&join.host));
        }
        let joined = Joined {
            how,
            applied: run.applied.get(&join.writer).copied().unwrap_or_default(),
            writers: run.joined.len() as u64,
        };
        if how == Entry::Reopened {
            let fields = format!("{started},\"resumed\":true");
            self.tell(&join.run_id, "run:started", &fields);
        }
        joined
    }

    fn apply(&mut self, join: &Join, number: u64, operation: &Operation) -> Applied {
        let Some(run) = self.runs.get_mut(&join.run_id) else {
            return Applied::NoRun;
        };
        let applied = run.applied.entry(join.writer.clone()).or_default();
        if number <= *applied {
            return Applied::Duplicate(*applied);
        }
        if number > *applied + 1 {
            return Applied::Gap(*applied);
        }
        *applied = number;
        match operation {
            Operation::Test {
                key,
                at,
                kind,
                fields,
                outcome,
                ..
            } => {
                let turn = run.test(operation);
                if let Ok(outcome) = serde_json::from_str(outcome) {
                    self.remember(key, *at, outcome);
                }
                let Some(again) = turn else {
                    return Applied::Stale;
                };
                let kind = if again { "test:updated" } else { kind };
                self.tell(&join.run_id, kind, fields);
            }
            Operation::Describe { tail } => run.state.tail.clone_from(tail),
            Operation::Announce { kind, fields } => self.tell(&join.run_id, kind, fields),
            Operation::Leave { reason, at } => {
                run.say(*reason);
                self.leave(join, *at);
            }
            Operation::Die { at } => {
                run.state.died = true;
                self.leave(join, *at);
            }
        }
        Applied::Done
    }

    fn leave(&mut self, join: &Join, at: i64) {
        if let Some(run) = self.runs.get_mut(&join.run_id) {
            run.alive(&join.writer, None);
            self.end(&join.run_id, Some(at), None);
        }
    }

    fn remember(&mut self, key: &str, at: i64, outcome: Outcome) {
        let outcomes = self.history.entry(key.to_owned()).or_default();
        outcomes.push((at, outcome));
        outcomes.sort_by_key(|(at, _)| *at);
        let surplus = outcomes.len().saturating_sub(OUTCOMES_KEPT);
        outcomes.drain(..surplus);
    }

    fn end(&mut self, run_id: &RunId, at: Option<i64>, gone: Option<&str>) -> Ended {
        let Some(run) = self.runs.get_mut(run_id) else {
            return Ended::NoRun;
        };
        if run.state.ended_at.is_some() {
            return Ended::Before(run.reason());
        }
        let (now, limit) = (
            now_ms(),
            i64::try_from(SILENCE.as_millis()).unwrap_or(i64::MAX),
        );
        let dead = |(host, seen): &&(String, i64)| {
            gone.is_some_and(|gone| gone == host) || now - *seen > limit
        };
        let lost = run.alive.values().filter(dead).count();
        let working = run.alive.len() - lost;
        if working > 0 {
            return Ended::Pending(working as u64);
        }
        if run.state.shared && gone.is_none() && now - run.state.seen <= limit {
            return Ended::Pending(0);
        }
        run.state.died |= lost > 0;
        run.state.ended_at = Some(at.unwrap_or(run.state.seen));
        let reason = run.reason();
        let fields = format!(
            r#"{},"summary":{},"reason":"{reason}""#,
            fields_of_run(run_id),
            json(&run.summary)
        );
        self.tell(run_id, "run:finished", &fields);
        Ended::Now(reason)
    }
}

/// The field that every event begins with.
pub(crate) fn fields_of_run(run: &RunId) -> String {
    format!("\"runId\":{}", json(run))
}

impl Store for MemoryStore {
    fn place(&self) -> String {
        if self.why.is_empty() {
            "memory".to_owned()
        } else {
            format!("memory ({})", self.why)
        }
    }

    fn join<'a>(&'a self, join: &'a Join, live: bool) -> Answer<'a, Joined> {
        self.answer(|state| state.join(join, live))
    }

    fn apply<'a>(
        &'a self,
        join: &'a Join,
        first: u64,
        operations: &'a [Operation],
    ) -> Answer<'a, Vec<Applied>> {
        self.answer(|state| {
            let numbered = (first..).zip(operations);
            numbered.map(|(n, op)| state.apply(join, n, op)).collect()
        })
    }

    fn beat<'a>(&'a self, join: &'a Join, applied: u64) -> Answer<'a, Applied> {
        self.answer(|state| match state.runs.get_mut(&join.run_id) {
            None => Applied::NoRun,
            Some(run) => {
                let known = run.applied.get(&join.writer).copied().unwrap_or_default();
                if known < applied {
                    return Applied::Gap(known);
                }
                run.alive(&join.writer, Some(&join.host));
                Applied::Done
            }
        })
    }

    fn applied<'a>(&'a self, join: &'a Join) -> Answer<'a, u64> {
        self.answer(|state| {
            let run = state.runs.get(&join.run_id);
            let applied = run.and_then(|run| run.applied.get(&join.writer));
            applied.copied().unwrap_or_default()
        })
    }

    fn end<'a>(&'a self, run: &'a RunId, gone: Option<&'a str>) -> Answer<'a, Ended> {
        self.answer(|state| state.end(run, None, gone))
    }

    fn accept<'a>(
        &'a self,
        run: &'a RunId,
        story: &'a StoryIdentifier,
        was: &'a str,
        marked: &'a str,
    ) -> Answer<'a, Marked> {
        self.answer(|state| {
            let Some(known) = state.runs.get_mut(run) else {
                return Marked::NoRun;
            };
            let Some((_, _, record)) = known.tests.get_mut(&story.key()) else {
                return Marked::Changed;
            };
            if record == marked {
                return Marked::Before;
            }
            if record != was {
                return Marked::Changed;
            }
            marked.clone_into(record);
            let fields = format!("{},\"storyIdentifier\":{}", fields_of_run(run), json(story));
            state.tell(run, "baseline:accepted", &fields);
            Marked::Now
        })
    }

    fn runs(&self) -> Answer<'_, Vec<(RunId, i64)>> {
        self.answer(|state| {
            let runs = state.runs.iter();
            let mut all: Vec<_> = runs
                .map(|(id, run)| (id.clone(), run.state.start))
                .collect();
            all.sort_by(|a, b| (b.1, &b.0).cmp(&(a.1, &a.0)));
            all
        })
    }

    fn run<'a>(&'a self, run: &'a RunId) -> Answer<'a, Option<String>> {
        self.answer(|state| state.runs.get(run).map(Run::document))
    }

    fn tests<'a>(&'a self, run: &'a RunId) -> Answer<'a, Vec<(StoryIdentifier, String)>> {
        self.answer(|state| {
            let tests = state.runs.get(run).into_iter().flat_map(|run| &run.tests);
            tests
                .filter_map(|(key, (_, _, record))| {
                    Some((StoryIdentifier::from_key(key).ok()?, record.clone()))
                })
                .collect()
        })
    }

    fn test<'a>(
        &'a self,
        run: &'a RunId,
        story: &'a StoryIdentifier,
    ) -> Answer<'a, Option<String>> {
        self.answer(|state| {
            let (_, _, record) = state.runs.get(run)?.tests.get(&story.key())?;
            Some(record.clone())
        })
    }

    fn events<'a>(
        &'a self,
        run: &'a RunId,
        after: &'a str,
        count: usize,
    ) -> Answer<'a, Vec<StreamEntry>> {
        let place = |id: &str| {
            let (ms, n) = id.split_once('-').unwrap_or((id, "0"));
            (ms.parse().unwrap_or(0_i64), n.parse().unwrap_or(0_u64))
        };
        self.answer(|state| {
            let events = state.runs.get(run).map_or(&[][..], |run| &run.events);
            let from = events.partition_point(|e| place(&e.id) <= place(after));
            events[from..].iter().take(count).cloned().collect()
        })
    }

    fn history<'a>(&'a self, story: &'a StoryIdentifier) -> Answer<'a, Vec<Outcome>> {
        self.answer(|state| {
            let outcomes = state.history.get(&story.key()).into_iter().flatten();
            outcomes.map(|(_, outcome)| outcome.clone()).collect()
        })
    }

    fn export<'a>(&'a self, run: &'a RunId) -> Answer<'a, Option<WholeRun>> {
        self.answer(|state| {
            let mut whole = state.runs.get(run)?.whole();
            for (key, outcomes) in &state.history {
                let mine = outcomes.iter().filter(|(_, o)| o.run_id == *run);
                whole
                    .outcomes
                    .extend(mine.map(|(_, o)| (key.clone(), o.clone())));
            }
            whole
                .outcomes
                .sort_by(|a, b| (&a.0, a.1.at).cmp(&(&b.0, b.1.at)));
            Some(whole)
        })
    }

    fn import<'a>(&'a self, run: &'a WholeRun) -> Answer<'a, bool> {
        self.answer(|state| {
            let id = &run.state.run_id;
            if state.runs.contains_key(id) {
                return false;
            }
            state.runs.insert(id.clone(), Run::of(run));
            for (key, outcome) in &run.outcomes {
                state.remember(key, outcome.at, outcome.clone());
            }
            true
        })
    }

    fn remove<'a>(&'a self, run: &'a RunId) -> Answer<'a, ()> {
        self.answer(|state| drop(state.runs.remove(run)))
    }

    fn put<'a>(&'a self, key: &'a StepKey, text: &'a str, ttl: Duration) -> Answer<'a, ()> {
        let until = now_ms().saturating_add(i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX));
        self.answer(|state| {
            state.kept.retain(|_, (until, _)| *until > now_ms());
            state.kept.insert(key.clone(), (until, text.to_owned()));
        })
    }

    fn get<'a>(&'a self, key: &'a StepKey) -> Answer<'a, Option<String>> {
        self.answer(|state| {
            let (until, text) = state.kept.get(key)?;
            (*until > now_ms()).then(|| text.clone())
        })
    }

    fn facts(&self) -> Answer<'_, Option<ServerFacts>> {
        self.answer(|_| None)
    }

    fn listen<'a>(&'a self, run: Option<&'a RunId>) -> Answer<'a, Doorbell> {
        self.answer(|state| {
            let (bell, ring) = mpsc::channel(256);
            state.listeners.push((run.cloned(), bell));
            ring
        })
    }
}

#[cfg(test)]
mod tests {
    use super::MemoryStore;
    use crate::record::store::Store;

    #[test]
    fn it_says_why() {
        assert_eq!(MemoryStore::new("").place(), "memory");
        assert_eq!(MemoryStore::new("asked for").place(), "memory (asked for)");
    }
}
