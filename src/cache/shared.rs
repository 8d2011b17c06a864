//! Entries in Redis, where machines share them: `tintype:cache:{recipe}` is a
//! list of the newest passes of a recipe, as JSON, and expires.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::redis::{RedisError, pipe};
use tokio::sync::OnceCell;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::entry::{Entry, Named, TTL_MS};
use crate::redis::{Connection, RedisTarget};

/// How many passes of a recipe are kept.
const PASSES_KEPT: isize = 8;

/// A Redis that does not answer in this time is not waited for: rendering is
/// what there is instead.
const PATIENCE: Duration = Duration::from_secs(1);

/// A Redis that the environment names.
pub(super) struct Shared {
    place: RedisTarget,
    /// None when it could not be reached, which is tried once.
    connection: OnceCell<Option<Connection>>,
    trouble: Mutex<Option<String>>,
}

impl Shared {
    /// None where the record is not in a Redis that others see.
    pub(super) fn new(place: &RedisTarget) -> Option<Self> {
        place.is_shared().then(|| Self {
            place: place.clone(),
            connection: OnceCell::new(),
            trouble: Mutex::default(),
        })
    }

    /// What went wrong, told once.
    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// The entries of these recipes, in their order; nothing where there is
    /// trouble.
    pub(super) async fn fetch(&self, recipes: Vec<blake3::Hash>) -> Vec<Vec<Entry>> {
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
                    let found: Vec<Vec<u8>> = command.query_async(&mut connection).await?;
                    Ok((index, found))
                });
            }
            let mut entries = vec![Vec::new(); recipes.len()];
            for (index, found) in joined(reads).await? {
                entries[index] = found.iter().filter_map(|text| understood(text)).collect();
            }
            Ok(entries)
        };
        self.patiently(work).await.unwrap_or_default()
    }

    /// Adds entries. Each key is changed in one step; all are sent at once.
    pub(super) async fn push(&self, entries: Vec<Named>) {
        if entries.is_empty() {
            return;
        }
        let work = async {
            let Some(connection) = self.connection().await else {
                return Ok(());
            };
            let mut writes = JoinSet::new();
            for Named { recipe, entry, .. } in &entries {
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
                        .arg(PASSES_KEPT - 1)
                        .ignore();
                    step.cmd("PEXPIRE").arg(&key).arg(TTL_MS).ignore();
                    step.query_async::<()>(&mut connection).await
                });
            }
            joined(writes).await.map(|_| ())
        };
        let _ = self.patiently(work).await;
    }

    fn key(&self, recipe: &blake3::Hash) -> String {
        format!("{}tintype:cache:{}", self.place.prefix(), recipe.to_hex())
    }

    async fn connection(&self) -> Option<&Connection> {
        let connect = || async {
            let connection = self.place.connect().await;
            connection
                .map_err(|error| self.note(&error.to_string()))
                .ok()
                .flatten()
        };
        self.connection.get_or_init(connect).await.as_ref()
    }

    /// Does what is possible in a bounded time; what goes wrong is noted.
    async fn patiently<T>(&self, work: impl Future<Output = Result<T, RedisError>>) -> Option<T> {
        match timeout(PATIENCE, work).await {
            Ok(Ok(done)) => return Some(done),
            Ok(Err(error)) => self.note(&error.to_string()),
            Err(_) => self.note(&format!("no answer within {} s", PATIENCE.as_secs())),
        }
        None
    }

    fn note(&self, problem: &str) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.get_or_insert_with(|| {
            let place = self.place.name();
            format!("the cache in Redis was not used ({place}): {problem}")
        });
    }
}

/// An entry that still counts. Others are as good as nothing.
fn understood(text: &[u8]) -> Option<Entry> {
    let entry: Entry = serde_json::from_slice(text).ok()?;
    entry.is_young().then_some(entry)
}

/// All results, or the first error.
async fn joined<T: 'static>(mut set: JoinSet<Result<T, RedisError>>) -> Result<Vec<T>, RedisError> {
    let mut results = Vec::with_capacity(set.len());
    while let Some(result) = set.join_next().await {
        // A task that panicked has nothing to say.
        if let Ok(result) = result {
            results.push(result?);
        }
    }
    Ok(results)
}
