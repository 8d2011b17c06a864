//! Entries in Redis, shared between machines: `tintype:cache:{recipe}` is a list
//! of the newest passes of a recipe as JSON, with an expiry.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::redis::{RedisError, pipe};
use tokio::sync::OnceCell;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::entry::{CacheEntry, KeyedEntry, TTL_MS};
use crate::redis::{Connection, RedisTarget, is_wrong_type};

/// The number of passes kept per recipe.
const MAX_PASSES: isize = 8;

/// How long Redis may take to answer; after that snapshots are captured.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(1);

/// The cache in a Redis that several machines share.
pub(super) struct RedisCache {
    target: RedisTarget,
    /// `None` if connecting failed, which is tried once.
    connection: OnceCell<Option<Connection>>,
    problem: Mutex<Option<String>>,
}

impl RedisCache {
    /// `None` if the server is not shared between machines.
    pub(super) fn new(target: &RedisTarget) -> Option<Self> {
        target.is_shared().then(|| Self {
            target: target.clone(),
            connection: OnceCell::new(),
            problem: Mutex::default(),
        })
    }

    /// Takes the first problem as a warning.
    pub(super) fn take_problem(&self) -> Option<String> {
        self.problem
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// The entries of these recipes, in their order; empty on errors.
    pub(super) async fn fetch(&self, recipes: Vec<blake3::Hash>) -> Vec<Vec<CacheEntry>> {
        if recipes.is_empty() {
            return Vec::new();
        }
        let work = async {
            let Some(connection) = self.connection().await else {
                return Ok(Vec::new());
            };
            let mut reads = JoinSet::new();
            for (index, recipe) in recipes.iter().enumerate() {
                let (key, mut connection) = (self.key(recipe), connection.clone());
                reads.spawn(async move {
                    let mut command = ::redis::cmd("LRANGE");
                    command.arg(key).arg(0).arg(-1);
                    let found = command.query_async::<Vec<Vec<u8>>>(&mut connection).await;
                    Ok((index, found))
                });
            }
            let mut entries = vec![Vec::new(); recipes.len()];
            for (index, found) in join_all(reads).await? {
                let found = self.valid_entries(&recipes[index], found)?;
                entries[index] = found;
            }
            Ok(entries)
        };
        self.with_timeout(work).await.unwrap_or_default()
    }

    /// Adds entries. Each key is changed atomically; all are sent at once.
    pub(super) async fn push(&self, entries: Vec<KeyedEntry>) {
        if entries.is_empty() {
            return;
        }
        let work = async {
            let Some(connection) = self.connection().await else {
                return Ok(());
            };
            let mut writes = JoinSet::new();
            for KeyedEntry { recipe, entry, .. } in &entries {
                let Ok(text) = serde_json::to_string(entry) else {
                    continue;
                };
                let (key, mut connection) = (self.key(recipe), connection.clone());
                writes.spawn(async move {
                    let mut step = pipe();
                    step.atomic();
                    step.cmd("LPUSH").arg(&key).arg(text).ignore();
                    step.cmd("LTRIM")
                        .arg(&key)
                        .arg(0)
                        .arg(MAX_PASSES - 1)
                        .ignore();
                    step.cmd("PEXPIRE").arg(&key).arg(TTL_MS).ignore();
                    let written = step.query_async::<()>(&mut connection).await;
                    Ok((key, written))
                });
            }
            for (key, written) in join_all(writes).await? {
                match written {
                    Err(error) if is_wrong_type(&error) => self.note_invalid(&key, &error),
                    written => written?,
                }
            }
            Ok(())
        };
        let _ = self.with_timeout(work).await;
    }

    fn key(&self, recipe: &blake3::Hash) -> String {
        format!("{}tintype:cache:{}", self.target.prefix(), recipe.to_hex())
    }

    /// The valid entries of a recipe that have not expired.
    fn valid_entries(
        &self,
        recipe: &blake3::Hash,
        found: Result<Vec<Vec<u8>>, RedisError>,
    ) -> Result<Vec<CacheEntry>, RedisError> {
        let texts = match found {
            Err(error) if is_wrong_type(&error) => {
                self.note_invalid(&self.key(recipe), &error);
                return Ok(Vec::new());
            }
            found => found?,
        };
        let mut entries = Vec::new();
        for text in &texts {
            match serde_json::from_slice::<CacheEntry>(text) {
                Ok(entry) => entries.extend(Some(entry).filter(CacheEntry::is_valid)),
                Err(error) => self.note_invalid(&self.key(recipe), &error),
            }
        }
        Ok(entries)
    }

    /// Notes an entry that is skipped. Others can write to the server.
    fn note_invalid(&self, key: &str, problem: &dyn std::fmt::Display) {
        let mut noted = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        noted.get_or_insert_with(|| {
            format!("entries of the cache in Redis were skipped, among them `{key}`: {problem}")
        });
    }

    async fn connection(&self) -> Option<&Connection> {
        let connect = || async {
            let connection = self.target.connect().await;
            connection
                .map_err(|error| self.note_problem(&error.to_string()))
                .ok()
                .flatten()
        };
        self.connection.get_or_init(connect).await.as_ref()
    }

    /// Awaits `work` with a timeout; errors are noted.
    async fn with_timeout<T>(
        &self,
        work: impl Future<Output = Result<T, RedisError>>,
    ) -> Option<T> {
        match timeout(RESPONSE_TIMEOUT, work).await {
            Ok(Ok(done)) => return Some(done),
            Ok(Err(error)) => self.note_problem(&error.to_string()),
            Err(_) => {
                self.note_problem(&format!("timed out after {} s", RESPONSE_TIMEOUT.as_secs()));
            }
        }
        None
    }

    fn note_problem(&self, problem: &str) {
        let mut noted = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        noted.get_or_insert_with(|| {
            let server = self.target.name();
            format!("the cache in Redis ({server}) was not used: {problem}")
        });
    }
}

/// The results of all tasks, or the first error.
async fn join_all<T: 'static>(
    mut set: JoinSet<Result<T, RedisError>>,
) -> Result<Vec<T>, RedisError> {
    let mut results = Vec::with_capacity(set.len());
    while let Some(result) = set.join_next().await {
        // The result of a task that panicked is missing.
        if let Ok(result) = result {
            results.push(result?);
        }
    }
    Ok(results)
}
