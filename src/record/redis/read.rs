//! Reads the record in Redis.

use std::collections::HashMap;

use ::redis::{PushKind, Value, cmd};
use tokio::sync::mpsc;

use super::client::RedisStore;
use crate::model::{RunId, StoryIdentifier, now_ms};
use crate::record::server_info::ServerInfo;
use crate::record::store::RunPage;
use crate::record::stream::{EventNotifications, StreamEntry, check_event};
use crate::redis::{StoreError, StoreErrorKind};

/// The number of keys per command: enough to be fast, few enough not to block
/// the server.
pub(super) const PAGE: usize = 500;

impl RedisStore {
    /// A document, stored as text or as a RedisJSON value.
    pub(super) async fn document(&self, key: &str) -> Result<Option<String>, StoreError> {
        let mut get = cmd("GET");
        get.arg(key);
        let bytes: Option<Vec<u8>> = match self.query(get).await {
            Err(error) if error.kind == StoreErrorKind::WrongType => {
                let mut get = cmd("JSON.GET");
                get.arg(key);
                self.query(get).await.map_err(|_| error)?
            }
            other => other?,
        };
        let text = bytes.map(String::from_utf8).transpose();
        text.map_err(|_| StoreError {
            kind: StoreErrorKind::WrongType,
            message: format!("the value of `{key}` is not UTF-8"),
        })
    }

    /// Like [`document`](Self::document), but a value that is not text is
    /// skipped.
    async fn valid_document(&self, key: &str) -> Result<Option<String>, StoreError> {
        match self.document(key).await {
            Err(error) if error.kind == StoreErrorKind::WrongType => {
                self.skipped.add(format_args!("`{key}`"), error.message);
                Ok(None)
            }
            other => other,
        }
    }

    /// The documents of runs. They are in different slots of a cluster, so each
    /// has its own command.
    pub(super) async fn read_run_documents(
        &self,
        runs: &[RunId],
    ) -> Result<Vec<Option<String>>, StoreError> {
        let mut documents = Vec::with_capacity(runs.len());
        for page in runs.chunks(PAGE) {
            let mut pipeline = ::redis::pipe();
            for run in page {
                pipeline.get(self.keys.run(run));
            }
            let replies = self.send(pipeline.ignore_errors()).await?;
            for (run, reply) in page.iter().zip(replies) {
                documents.push(match reply.map_err(StoreError::from) {
                    Ok(Value::Nil) => None,
                    Ok(Value::BulkString(bytes)) if std::str::from_utf8(&bytes).is_ok() => {
                        String::from_utf8(bytes).ok()
                    }
                    Err(error) if error.kind != StoreErrorKind::WrongType => return Err(error),
                    // RedisJSON, or invalid.
                    _ => self.valid_document(&self.keys.run(run)).await?,
                });
            }
        }
        Ok(documents)
    }

    /// Those of these runs that have neither document nor control hash.
    pub(super) async fn runs_without_data(&self, runs: &[RunId]) -> Result<Vec<RunId>, StoreError> {
        let mut missing = Vec::new();
        for page in runs.chunks(PAGE) {
            let mut pipeline = ::redis::pipe();
            for run in page {
                pipeline.exists(&[self.keys.control(run), self.keys.run(run)]);
            }
            let replies = self.send(pipeline.ignore_errors()).await?;
            for (run, reply) in page.iter().zip(replies) {
                if reply? == Value::Int(0) {
                    missing.push(run.clone());
                }
            }
        }
        Ok(missing)
    }

    /// A part of a sorted set of run ids, newest first.
    pub(super) async fn read_run_page(
        &self,
        key: &str,
        from: usize,
        count: usize,
    ) -> Result<RunPage, StoreError> {
        if count == 0 {
            return Ok(RunPage::default());
        }
        let mut range = cmd("ZREVRANGE");
        range.arg(key).arg(from).arg(from.saturating_add(count - 1));
        range.arg("WITHSCORES");
        let entries: Vec<(Vec<u8>, f64)> = self.query(range).await?;
        let next = (entries.len() == count).then_some(from.saturating_add(count));
        let mut runs = Vec::with_capacity(entries.len());
        for (id, start) in entries {
            let id = String::from_utf8_lossy(&id);
            match RunId::parse(&id) {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "milliseconds since the epoch are whole and fit"
                )]
                Some(id) => runs.push((id, start as i64)),
                None => self
                    .skipped
                    .add(format_args!("the run `{id}`"), "its id is invalid"),
            }
        }
        Ok(RunPage { runs, next })
    }

    /// The documents of all snapshots of a run.
    pub(super) async fn read_tests(
        &self,
        run: &RunId,
    ) -> Result<Vec<(StoryIdentifier, String)>, StoreError> {
        let mut cursor = 0_u64;
        let mut tests = HashMap::new();
        loop {
            let mut scan = cmd("SSCAN");
            scan.arg(self.keys.tests(run)).arg(cursor);
            scan.arg("COUNT").arg(PAGE);
            let (next, keys): (u64, Vec<Vec<u8>>) = self.query(scan).await?;
            // SSCAN may return a member twice.
            let stories: Vec<_> = keys
                .iter()
                .filter_map(|key| self.story_of(run, key))
                .collect();
            let texts = self.documents(run, &stories).await?;
            tests.extend(stories.into_iter().zip(texts));
            if next == 0 {
                let texts = tests.into_iter();
                return Ok(texts
                    .filter_map(|(story, text)| Some((story, text?)))
                    .collect());
            }
            cursor = next;
        }
    }

    /// The snapshot that an entry of a run's set names. Other entries are
    /// skipped.
    pub(super) fn story_of(&self, run: &RunId, key: &[u8]) -> Option<StoryIdentifier> {
        let key = String::from_utf8_lossy(key);
        let story = self.keys.parse_test(run, &key);
        if story.is_none() {
            self.skipped.add(
                format_args!("`{key}` in the set of snapshots of the run `{run}`"),
                "it is not the key of one of its snapshots",
            );
        }
        story
    }

    pub(super) async fn read_server_info(&self) -> Result<ServerInfo, StoreError> {
        let info: Vec<u8> = self.query(cmd("INFO")).await?;
        let (seconds, micros): (i64, i64) = self.query(cmd("TIME")).await?;
        let ahead = seconds * 1000 + micros / 1000 - now_ms();
        Ok(ServerInfo::from_info(
            &String::from_utf8_lossy(&info),
            ahead,
        ))
    }

    /// The documents of these snapshots, in their order; `None` for those that
    /// are missing or not text.
    async fn documents(
        &self,
        run: &RunId,
        stories: &[StoryIdentifier],
    ) -> Result<Vec<Option<String>>, StoreError> {
        if stories.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<_> = stories
            .iter()
            .map(|story| self.keys.test(run, &story.key()))
            .collect();
        let mut get = cmd("MGET");
        get.arg(&keys);
        let texts: Vec<Option<Vec<u8>>> = self.query(get).await?;
        let mut found = Vec::with_capacity(keys.len());
        for (key, bytes) in keys.iter().zip(texts) {
            found.push(match bytes.map(String::from_utf8) {
                Some(Ok(text)) => Some(text),
                // MGET returns nil for a value that is not text.
                None | Some(Err(_)) => self.valid_document(key).await?,
            });
        }
        Ok(found)
    }

    /// Up to `count` events. Entries that are not events are skipped, so that
    /// the reply is empty only at the end of the stream.
    pub(super) async fn read_events(
        &self,
        run: &RunId,
        after: &str,
        count: usize,
    ) -> Result<Vec<StreamEntry>, StoreError> {
        let mut after = after.to_owned();
        loop {
            let mut range = cmd("XRANGE");
            range.arg(self.keys.events(run)).arg(format!("({after}"));
            range.arg("+").arg("COUNT").arg(count);
            let entries: Vec<Value> = self.query(range).await?;
            let Some(last) = entries.last().and_then(stream_entry) else {
                return Ok(Vec::new());
            };
            after = last.0;
            let events: Vec<_> = entries
                .iter()
                .filter_map(stream_entry)
                .filter_map(|(id, event)| self.valid_event(run, id, event))
                .collect();
            if !events.is_empty() {
                return Ok(events);
            }
        }
    }

    fn valid_event(&self, run: &RunId, id: String, event: Option<&[u8]>) -> Option<StreamEntry> {
        let text = event.ok_or_else(|| "it has no field `event`".to_owned());
        let text = text
            .and_then(|bytes| std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned()));
        match text.and_then(|text| check_event(text, Some(run)).map(|()| text)) {
            Ok(text) => Some(StreamEntry {
                id,
                event: text.to_owned(),
            }),
            Err(problem) => {
                self.skipped
                    .add(format_args!("the event {id} of the run `{run}`"), problem);
                None
            }
        }
    }

    pub(super) async fn subscribe_to(
        &self,
        run: Option<&RunId>,
    ) -> Result<EventNotifications, StoreError> {
        let channel = run.map_or_else(|| self.keys.all_events(), |run| self.keys.channel(run));
        let (connection, mut pushes) = self.endpoint.subscribe(&channel).await?;
        let (sender, receiver) = mpsc::channel(1024);
        tokio::spawn(async move {
            // The subscription ends with its connection.
            let _connection = connection;
            while let Some(push) = tokio::select! {
                push = pushes.recv() => push,
                () = sender.closed() => None,
            } {
                match (&push.kind, push.data.get(1)) {
                    // A full channel means that a notification is pending.
                    (PushKind::Message, Some(Value::BulkString(bytes))) => {
                        // Anybody can publish; a message that is no event is ignored.
                        let text = String::from_utf8_lossy(bytes);
                        if check_event(&text, None).is_ok() {
                            let _ = sender.try_send(text.into_owned());
                        }
                    }
                    (PushKind::Disconnection, _) => return,
                    _ => {}
                }
            }
        });
        Ok(receiver)
    }
}

/// The id of a stream entry, and its field `event` if it has one.
fn stream_entry(entry: &Value) -> Option<(String, Option<&[u8]>)> {
    let Value::Array(parts) = entry else {
        return None;
    };
    let [Value::BulkString(id), fields] = parts.as_slice() else {
        return None;
    };
    let fields = match fields {
        Value::Array(fields) => fields.as_slice(),
        _ => &[],
    };
    let event = fields.chunks(2).find_map(|pair| match pair {
        [Value::BulkString(name), Value::BulkString(value)] if name == b"event" => {
            Some(value.as_slice())
        }
        _ => None,
    });
    Some((String::from_utf8_lossy(id).into_owned(), event))
}
