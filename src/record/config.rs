//! Where the record and its journals are kept.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::coordination::Coordination;
use super::error::RecordError;
use super::journal_folder::folder_of;
use super::keys::Keys;
use super::memory::{MemoryCoordination, MemoryStore};
use super::redis::{RedisCoordination, RedisStore, SharedQueue};
use super::store::Store;
use crate::config::Config;
use crate::model::RunId;
use crate::redis::{Endpoint, RedisTarget};

/// Where the record and its journals are kept.
#[derive(Clone, Debug)]
pub struct RecordConfig {
    redis: RedisTarget,
    journals: Option<PathBuf>,
    /// The name of this machine.
    host: String,
    /// The kind of this machine.
    machine: String,
}

impl RecordConfig {
    /// The record on the server that the environment names, see
    /// [`RedisTarget::new`]. Journals are kept below `state_dir`
    /// (`target/tintype`). Without a server the record is kept in memory.
    ///
    /// # Errors
    /// When the server's address is invalid.
    pub fn new(state_dir: &Path, config: &Config) -> Result<Self, RecordError> {
        Ok(Self {
            redis: RedisTarget::new(state_dir, config)?,
            journals: Some(folder_of(state_dir)),
            host: config.system.host.clone(),
            machine: config.system.machine.clone(),
        })
    }

    /// Keeps the record in the memory of this process, without a journal.
    pub fn memory() -> Self {
        Self {
            redis: RedisTarget::none(),
            journals: None,
            host: "localhost".to_owned(),
            machine: String::new(),
        }
    }

    /// The name of this machine.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// The kind of this machine.
    pub(super) fn machine(&self) -> &str {
        &self.machine
    }

    /// The Redis server that keeps the record, if there is one.
    pub fn redis(&self) -> &RedisTarget {
        &self.redis
    }

    /// The folder of the journals; `None` keeps them in memory.
    pub(super) fn journals(&self) -> Option<&Path> {
        self.journals.as_deref()
    }

    /// Whether the record is in memory, so that only journals outlive the
    /// process.
    pub fn is_memory(&self) -> bool {
        self.redis.endpoint().is_none()
    }

    /// The run id to use: on Redis Cluster it is put in braces, so that the
    /// keys of the run share a slot.
    pub fn run_id(&self, id: RunId) -> RunId {
        if self.redis.is_cluster() && !has_hash_tag(&id) {
            RunId(format!("{{{id}}}"))
        } else {
            id
        }
    }

    /// Refuses an id that [`run_id`](Self::run_id) would change.
    pub(super) fn check_run_id(&self, id: &RunId) -> Result<(), RecordError> {
        if self.run_id(id.clone()) == *id {
            Ok(())
        } else {
            Err(RecordError::MissingBraces {
                run_id: id.to_string(),
            })
        }
    }

    /// The server's name and the prefix, without passwords: journals name it
    /// as their destination.
    pub(super) fn destination(&self) -> String {
        format!("{} {}", self.redis.name(), self.redis.prefix())
            .trim_end()
            .to_owned()
    }

    /// Where the record is, in one line, without passwords.
    pub fn describe(&self) -> String {
        match self.redis.reason() {
            "" => format!("record: {}", self.redis.name()),
            reason => format!("record: {} ({reason})", self.redis.name()),
        }
    }

    /// An empty record in memory.
    pub(super) fn memory_store(&self) -> MemoryStore {
        MemoryStore::new(self.redis.reason())
    }

    /// The queue of a run that several machines share, for a worker and the
    /// engines of its plan. `None` unless the environment names a server, which
    /// other machines can reach too.
    pub fn shared_queue(&self, run: &RunId, worker: &str, lanes: &[String]) -> Option<SharedQueue> {
        let endpoint = self.redis.endpoint().filter(|_| self.redis.is_shared())?;
        let store = self.redis_store(endpoint);
        Some(SharedQueue::new(store, run.clone(), worker, lanes))
    }

    fn redis_store(&self, endpoint: &Endpoint) -> RedisStore {
        let keys = Keys::new(self.redis.prefix()).on_cluster(self.redis.is_cluster());
        RedisStore::new(endpoint.clone(), self.redis.name().to_owned(), keys)
    }

    /// Creates the locks and the barriers of a run, without connecting. Without a
    /// server they are those of this value.
    pub fn coordination(&self, run: &RunId) -> Arc<dyn Coordination> {
        match self.redis.endpoint() {
            None => Arc::new(MemoryCoordination::default()),
            Some(endpoint) => {
                let store = self.redis_store(endpoint);
                Arc::new(RedisCoordination::new(store, run.clone()))
            }
        }
    }

    /// Creates the store, without connecting.
    pub fn store(&self) -> Arc<dyn Store> {
        match self.redis.endpoint() {
            None => Arc::new(self.memory_store()),
            Some(endpoint) => Arc::new(self.redis_store(endpoint)),
        }
    }
}

fn has_hash_tag(id: &RunId) -> bool {
    let inside = id
        .as_str()
        .split_once('{')
        .and_then(|(_, rest)| rest.split_once('}'));
    inside.is_some_and(|(tag, _)| !tag.is_empty())
}

#[cfg(test)]
mod tests {
    use super::RecordConfig;
    use crate::config::{Config, Variables};
    use std::path::Path;

    fn describe(variables: &[(&str, &str)]) -> String {
        let variables: Variables = variables.iter().copied().collect();
        let config = Config::from_variables(variables);
        let config = match config {
            Ok(config) => config,
            Err(error) => return error.to_string(),
        };
        match RecordConfig::new(Path::new("/p/target/tintype"), &config) {
            Ok(record) => record.describe(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_environment_names_the_server() {
        let lines = [
            describe(&[]),
            describe(&[("REDIS_URL", "")]),
            describe(&[("REDIS_URL", "redis://:secret@cache:6380/2")]),
            describe(&[("REDIS_URL", "redis://ci:se@cret@cache:6380/2")]),
            describe(&[("REDIS_URL", "unix:///run/redis.sock?db=1&pass=secret")]),
            describe(&[("REDIS_HOST", "cache")]),
            describe(&[
                ("REDIS_PORT", "7000"),
                ("REDIS_DB", "3"),
                ("REDIS_PASSWORD", "secret"),
            ]),
        ];
        insta::assert_snapshot!(lines.join("\n"), @r"
        record: memory (no redis-server on the PATH)
        record: memory (no redis-server on the PATH)
        record: redis://cache:6380/2
        record: redis://ci@cache:6380/2
        record: unix:///run/redis.sock
        record: redis://cache:6379/0
        record: redis://127.0.0.1:7000/3
        ");
    }

    #[test]
    fn invalid_variables_are_named() {
        let lines = [
            describe(&[("REDIS_URL", "localhost:6379")]),
            describe(&[("REDIS_URL", "http://:secret@cache")]),
            describe(&[("REDIS_HOST", "cache"), ("REDIS_PORT", "many")]),
            describe(&[("REDIS_PREFIX", "{team}:")]),
        ];
        insta::assert_snapshot!(lines.join("\n"), @r"
        REDIS_URL is invalid: it has an unknown scheme
        help: use redis://, rediss://, unix://, redis+cluster:// or redis+sentinel://
        REDIS_URL is invalid: it has an unknown scheme
        help: use redis://, rediss://, unix://, redis+cluster:// or redis+sentinel://
        invalid value `many` of REDIS_PORT: expected a number from 0 to 65535
        invalid value `{team}:` of REDIS_PREFIX: expected a text without braces, which select the slot of a Redis Cluster
        ");
    }
}
