//! Reading the record, and what is done to runs of the past.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::adopt::{Adopted, adopt, close};
use super::error::RecordError;
use super::operation::{Join, Outcome};
use super::recorder::host;
use super::settings::RecordSettings;
use super::steps::Steps;
use super::store::{Doorbell, Ended, Marked, Store, StreamEntry};
use crate::model::{RunId, StoryIdentifier, VisualTestResult, VisualTestRun, now_ms};

/// How many events are read in one go.
const PAGE: usize = 500;
/// Published events may be missed, so the stream is looked at this often.
const GLANCE: Duration = Duration::from_secs(1);

/// The record of all runs.
#[derive(Clone)]
pub struct Records {
    pub(super) settings: RecordSettings,
    pub(super) store: Arc<dyn Store>,
}

/// What became of an acceptance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// The record is marked and `baseline:accepted` told.
    Marked,
    /// The record has changed since it was read.
    Changed,
}

impl Records {
    /// Opens the record. Where it is kept in memory, the journals of past
    /// processes are read into it; runs all of whose processes are gone have
    /// ended.
    ///
    /// # Errors
    /// When a journal cannot be read.
    pub async fn open(settings: &RecordSettings) -> Result<Self, RecordError> {
        if settings.place.is_some() {
            return Ok(Self::of(settings, settings.store()));
        }
        let store = settings.in_memory();
        if let Some(folder) = &settings.journals {
            store.replay(folder, &settings.destination()).await?;
        }
        Ok(Self::of(settings, Arc::new(store)))
    }

    pub(super) fn of(settings: &RecordSettings, store: Arc<dyn Store>) -> Self {
        Self {
            settings: settings.clone(),
            store,
        }
    }

    /// Where the record is, in one line.
    pub fn describe(&self) -> String {
        self.settings.describe()
    }

    /// Whether the record is in memory, so that only journals outlast the
    /// process.
    pub fn is_memory(&self) -> bool {
        self.settings.place.is_none()
    }

    /// The newest runs, newest first, at most `limit`.
    ///
    /// # Errors
    /// When the store cannot be reached or a document cannot be read.
    pub async fn runs(&self, limit: usize) -> Result<Vec<VisualTestRun>, RecordError> {
        let mut runs = Vec::new();
        for (id, _) in self.store.runs().await?.into_iter().take(limit) {
            if let Some(text) = self.store.run(&id).await? {
                runs.push(read(&text, || format!("the run `{id}`"))?);
            }
        }
        Ok(runs)
    }

    /// A run.
    ///
    /// # Errors
    /// When there is none of that id, or the store cannot be reached.
    pub async fn run(&self, id: &RunId) -> Result<VisualTestRun, RecordError> {
        let text = self.store.run(id).await?;
        let text = text.ok_or_else(|| RecordError::NoRun {
            run_id: id.to_string(),
            place: self.store.place(),
        })?;
        read(&text, || format!("the run `{id}`"))
    }

    /// The snapshots of a run, by identifier.
    ///
    /// # Errors
    /// When the store cannot be reached or a record cannot be read.
    pub async fn tests(&self, id: &RunId) -> Result<Vec<VisualTestResult>, RecordError> {
        let mut tests = self.store.tests(id).await?;
        tests.sort();
        let record = |(story, text): &(StoryIdentifier, String)| {
            read(text, || format!("`{story}` of the run `{id}`"))
        };
        tests.iter().map(record).collect()
    }

    /// A snapshot of a run.
    ///
    /// # Errors
    /// When there is none, or the store cannot be reached.
    pub async fn test(
        &self,
        id: &RunId,
        story: &StoryIdentifier,
    ) -> Result<VisualTestResult, RecordError> {
        let text = self.record_text(id, story).await?;
        read(&text, || format!("`{story}` of the run `{id}`"))
    }

    async fn record_text(
        &self,
        id: &RunId,
        story: &StoryIdentifier,
    ) -> Result<String, RecordError> {
        let text = self.store.test(id, story).await?;
        text.ok_or_else(|| RecordError::NoTest {
            run_id: id.to_string(),
            name: story.test_name(),
        })
    }

    /// Up to `count` events of a run behind the id `after`; `0` for the first.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn events(
        &self,
        id: &RunId,
        after: &str,
        count: usize,
    ) -> Result<Vec<StreamEntry>, RecordError> {
        Ok(self.store.events(id, after, count).await?)
    }

    /// Follows a run's events from behind the id `after`, without missing one:
    /// what is published only rings, the stream is what is read.
    pub fn follow(&self, id: RunId, after: impl Into<String>) -> Follow {
        Follow {
            store: Arc::clone(&self.store),
            run: id,
            after: after.into(),
            bell: None,
            read: Vec::new().into_iter(),
        }
    }

    /// Listens to the events of all runs as they are published; some may be
    /// missed.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn listen(&self) -> Result<Doorbell, RecordError> {
        Ok(self.store.listen(None).await?)
    }

    /// The last outcomes of a snapshot, oldest first.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn history(&self, story: &StoryIdentifier) -> Result<Vec<Outcome>, RecordError> {
        Ok(self.store.history(story).await?)
    }

    /// Marks a snapshot of a run as accepted (`acceptedAt`, in milliseconds
    /// since the Unix epoch) and tells `baseline:accepted`.
    ///
    /// # Errors
    /// When there is no such snapshot, or the store cannot be reached.
    pub async fn accept(
        &self,
        id: &RunId,
        story: &StoryIdentifier,
    ) -> Result<Accepted, RecordError> {
        let was = self.record_text(id, story).await?;
        let marked = mark(&was, now_ms());
        match self.store.accept(id, story, &was, &marked).await? {
            Marked::Now | Marked::Before => Ok(Accepted::Marked),
            Marked::Changed => Ok(Accepted::Changed),
            Marked::NoRun => Err(RecordError::NoRun {
                run_id: id.to_string(),
                place: self.store.place(),
            }),
        }
    }

    /// The completed steps of a story, a snapshot or a log-in in a run.
    pub fn steps(&self, run: RunId, subject: impl Into<String>) -> Steps {
        Steps::new(Arc::clone(&self.store), run, subject.into())
    }

    /// Sends what processes that are gone have left in their journals. Those
    /// of the newest run stay, should the server lose it again.
    pub async fn flush(&self) -> Adopted {
        let (Some(_), Some(folder)) = (&self.settings.place, &self.settings.journals) else {
            return Adopted::default();
        };
        let runs = self.store.runs().await.unwrap_or_default();
        let newest = runs.into_iter().next().map(|(id, _)| id);
        adopt(&*self.store, folder, &self.nobody(newest), None).await
    }

    /// Ends every run all of whose processes have died: first sends what they
    /// have left, then closes the runs of which no worker showed a sign of
    /// life for a minute. Gives the runs that ended just now.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn finish_abandoned(&self) -> Result<Vec<RunId>, RecordError> {
        self.flush().await;
        Ok(close(&*self.store, None).await?)
    }

    /// Ends a run now, all of whose processes on this machine are known to be
    /// gone. Workers on other machines keep it open.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn finish_gone(&self, run: &RunId) -> Result<Ended, RecordError> {
        if let (Some(_), Some(folder)) = (&self.settings.place, &self.settings.journals) {
            adopt(
                &*self.store,
                folder,
                &self.nobody(Some(run.clone())),
                Some(run),
            )
            .await;
        }
        Ok(self.store.end(run, Some(&host())).await?)
    }

    /// A part in no run, to send the journals of others; those of the run
    /// `keep` are not removed.
    fn nobody(&self, keep: Option<RunId>) -> Join {
        Join {
            run_id: keep.unwrap_or_else(|| RunId(String::new())),
            writer: String::new(),
            host: host(),
            planned: 0,
            shared: false,
            start: 0,
            head: String::new(),
            tail: String::new(),
            place: self.settings.destination(),
        }
    }
}

/// The events of a run, one after the other.
pub struct Follow {
    store: Arc<dyn Store>,
    run: RunId,
    after: String,
    bell: Option<Doorbell>,
    read: std::vec::IntoIter<StreamEntry>,
}

impl Follow {
    /// The next event, when it comes.
    ///
    /// # Errors
    /// When the store cannot be reached; the next call tries again from the
    /// same place.
    pub async fn next(&mut self) -> Result<StreamEntry, RecordError> {
        loop {
            if let Some(entry) = self.read.next() {
                self.after.clone_from(&entry.id);
                return Ok(entry);
            }
            if self.bell.is_none() {
                self.bell = self.store.listen(Some(&self.run)).await.ok();
            }
            let page = self.store.events(&self.run, &self.after, PAGE).await?;
            if page.is_empty() {
                self.wait().await;
            }
            self.read = page.into_iter();
        }
    }

    async fn wait(&mut self) {
        match &mut self.bell {
            None => tokio::time::sleep(GLANCE).await,
            Some(bell) => {
                if let Ok(None) = timeout(GLANCE, bell.recv()).await {
                    self.bell = None;
                }
                // What has rung meanwhile is answered by one look.
                while let Some(bell) = &mut self.bell
                    && bell.try_recv().is_ok()
                {}
            }
        }
    }
}

/// A record's text with its mark, or with a new one. Only the end changes, so
/// that fields of other programs and their order stay.
fn mark(text: &str, at: i64) -> String {
    let body = text.trim_end().strip_suffix('}').unwrap_or(text);
    let body = match body.rsplit_once(",\"acceptedAt\":") {
        Some((before, number)) if number.bytes().all(|b| b.is_ascii_digit()) => before,
        _ => body,
    };
    format!("{body},\"acceptedAt\":{at}}}")
}

fn read<T: serde::de::DeserializeOwned>(
    text: &str,
    what: impl FnOnce() -> String,
) -> Result<T, RecordError> {
    // RedisJSON answers with an array when it is asked by path.
    serde_json::from_str(text).map_err(|error| RecordError::Document {
        key: what(),
        problem: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::mark;

    #[test]
    fn a_mark_stands_at_the_end_and_once() {
        let once = mark(r#"{"a":1}"#, 7);
        assert_eq!(once, r#"{"a":1,"acceptedAt":7}"#);
        assert_eq!(mark(&once, 8), r#"{"a":1,"acceptedAt":8}"#);
    }
}
