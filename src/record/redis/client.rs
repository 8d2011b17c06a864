//! Sends commands and scripts to Redis, and reconnects.

use ::redis::{Cmd, Pipeline, RedisResult, Value};
use tokio::sync::Mutex;

use super::scripts::{Scripts, call};
use crate::model::RunId;
use crate::record::keys::Keys;
use crate::record::skipped::SkippedDocuments;
use crate::record::store::STREAM_LENGTH;
use crate::redis::{Connection, Endpoint, Recovery, StoreError, StoreErrorKind};

/// A record in Redis. Connects on first use, and again after the connection is
/// lost.
pub(in crate::record) struct RedisStore {
    pub(super) endpoint: Endpoint,
    pub(super) name: String,
    pub(super) keys: Keys,
    pub(super) scripts: Scripts,
    pub(super) skipped: SkippedDocuments,
    /// Held while operations are sent: a batch may be prepared while the one before
    /// it is on its way, but never overtakes it.
    pub(super) sending: Mutex<()>,
    connection: Mutex<Option<Connection>>,
}

impl RedisStore {
    /// A record at an endpoint, which messages call `name`.
    pub(in crate::record) fn new(endpoint: Endpoint, name: String, keys: Keys) -> Self {
        Self {
            endpoint,
            name,
            keys,
            scripts: Scripts::new(),
            skipped: SkippedDocuments::default(),
            sending: Mutex::default(),
            connection: Mutex::new(None),
        }
    }

    /// The connection, opened if necessary.
    async fn connection(&self) -> Result<Connection, StoreError> {
        let mut connection = self.connection.lock().await;
        self.endpoint.keep_alive();
        if let Some(connection) = &*connection {
            return Ok(connection.clone());
        }
        let opened = self.endpoint.connect().await?;
        Ok(connection.insert(opened).clone())
    }

    /// Sends a pipeline and returns its replies. If the server misses scripts,
    /// they are loaded and the pipeline is sent again: sequence numbers keep
    /// operations from being applied twice.
    pub(super) async fn send(
        &self,
        pipeline: &Pipeline,
    ) -> Result<Vec<RedisResult<Value>>, StoreError> {
        let replies = self.send_once(pipeline).await?;
        if first_error(&replies, Recovery::LoadScripts).is_none() {
            return Ok(replies);
        }
        let mut connection = self.connection().await?;
        for script in self.scripts.all() {
            script.load_async(&mut connection).await?;
        }
        self.send_once(pipeline).await
    }

    async fn send_once(&self, pipeline: &Pipeline) -> Result<Vec<RedisResult<Value>>, StoreError> {
        let mut connection = self.connection().await?;
        let replies: RedisResult<Vec<RedisResult<Value>>> =
            pipeline.query_async(&mut connection).await;
        let replies = replies.map_err(StoreError::from);
        let error = match &replies {
            Err(error) => Some(error.clone()),
            Ok(replies) => first_error(replies, Recovery::Reconnect),
        };
        match error {
            Some(error) => {
                if error.kind.recovery() == Recovery::Reconnect {
                    *self.connection.lock().await = None;
                }
                Err(error)
            }
            None => replies,
        }
    }

    /// Sends one command and returns its reply. A lost connection is noticed
    /// only when it is used, so the command is then sent again: every command
    /// sent this way is idempotent.
    pub(super) async fn query<T: ::redis::FromRedisValue>(
        &self,
        command: Cmd,
    ) -> Result<T, StoreError> {
        let mut pipeline = ::redis::pipe();
        pipeline.add_command(command).ignore_errors();
        let replies = match self.send(&pipeline).await {
            Err(error) if error.kind == StoreErrorKind::Unreachable => self.send(&pipeline).await,
            other => other,
        };
        let reply = replies?.pop();
        let value = reply.ok_or_else(|| unexpected_reply("no reply"))??;
        ::redis::from_redis_value(value).map_err(|e| unexpected_reply(&e.to_string()))
    }

    /// Calls a script on a run, with the keys and arguments that all scripts
    /// have, followed by `more` keys.
    pub(super) fn call_script(&self, script: &::redis::Script, run: &RunId, more: &[&str]) -> Cmd {
        let common = [
            self.keys.control(run),
            self.keys.run(run),
            self.keys.events(run),
            self.keys.alive(run),
        ];
        let mut keys: Vec<_> = common.iter().map(String::as_str).collect();
        keys.extend(more);
        let mut command = call(script, &keys);
        command
            .arg(self.keys.channel(run))
            .arg(self.keys.all_events())
            .arg(STREAM_LENGTH);
        command
    }
}

/// The first error among replies that needs this recovery.
fn first_error(replies: &[RedisResult<Value>], recovery: Recovery) -> Option<StoreError> {
    replies.iter().find_map(|reply| {
        let error = StoreError::from(reply.as_ref().err()?.clone());
        (error.kind.recovery() == recovery).then_some(error)
    })
}

pub(super) fn unexpected_reply(reply: &str) -> StoreError {
    StoreError {
        kind: StoreErrorKind::Other,
        message: format!("unexpected reply: {reply}"),
    }
}
