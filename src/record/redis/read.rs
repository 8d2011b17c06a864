//! Reads the record in Redis.

use std::collections::HashMap;

use ::redis::streams::StreamRangeReply;
use ::redis::{PushKind, Value, cmd};
use tokio::sync::mpsc;

use super::client::RedisStore;
use crate::model::{RunId, StoryIdentifier, now_ms};
use crate::record::server_info::ServerInfo;
use crate::record::stream::{EventNotifications, StreamEntry};
use crate::redis::{StoreError, StoreErrorKind};

/// The number of keys per command: enough to be fast, few enough not to block
/// the server.
pub(super) const PAGE: usize = 500;

impl RedisStore {
    /// A document, stored as text or as a RedisJSON value.
    pub(super) async fn document(&self, key: &str) -> Result<Option<String>, StoreError> {
        let mut get = cmd("GET");
        get.arg(key);
        match self.query(get).await {
            Err(error) if error.kind == StoreErrorKind::WrongType => {
                let mut get = cmd("JSON.GET");
                get.arg(key);
                self.query(get).await.map_err(|_| error)
            }
            other => other,
        }
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
            let (next, keys): (u64, Vec<String>) = self.query(scan).await?;
            // SSCAN may return a member twice.
            for (key, text) in self.documents(keys).await? {
                if let Some(story) = self.keys.parse_test(run, &key) {
                    tests.insert(story, text);
                }
            }
            if next == 0 {
                return Ok(tests.into_iter().collect());
            }
            cursor = next;
        }
    }

    pub(super) async fn read_server_info(&self) -> Result<ServerInfo, StoreError> {
        let info: String = self.query(cmd("INFO")).await?;
        let (seconds, micros): (i64, i64) = self.query(cmd("TIME")).await?;
        let ahead = seconds * 1000 + micros / 1000 - now_ms();
        Ok(ServerInfo::from_info(&info, ahead))
    }

    /// The documents at these keys; missing ones are left out.
    async fn documents(&self, keys: Vec<String>) -> Result<Vec<(String, String)>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut get = cmd("MGET");
        get.arg(&keys);
        let texts: Vec<Option<String>> = self.query(get).await?;
        let mut found = Vec::with_capacity(keys.len());
        for (key, text) in keys.into_iter().zip(texts) {
            // MGET returns nil for a value that is not text.
            let text = match text {
                Some(text) => Some(text),
                None => self.document(&key).await?,
            };
            found.extend(text.map(|text| (key, text)));
        }
        Ok(found)
    }

    pub(super) async fn read_events(
        &self,
        run: &RunId,
        after: &str,
        count: usize,
    ) -> Result<Vec<StreamEntry>, StoreError> {
        let mut range = cmd("XRANGE");
        range.arg(self.keys.events(run)).arg(format!("({after}"));
        range.arg("+").arg("COUNT").arg(count);
        let reply: StreamRangeReply = self.query(range).await?;
        let entries = reply.ids.into_iter().filter_map(|entry| {
            let event = entry.get("event")?;
            Some(StreamEntry {
                id: entry.id,
                event,
            })
        });
        Ok(entries.collect())
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
                    (PushKind::Message, Some(Value::BulkString(text))) => {
                        let _ = sender.try_send(String::from_utf8_lossy(text).into_owned());
                    }
                    (PushKind::Disconnection, _) => return,
                    _ => {}
                }
            }
        });
        Ok(receiver)
    }
}
