//! Entries in Redis, shared between machines: `tintype:cache:{recipe}` is a list
//! of the newest passes of a recipe as JSON, with an expiry. The hash
//! `tintype:project:{project}:cache-generations` has the generation of each scope
//! that was cleared.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::redis::{RedisError, pipe};
use tokio::sync::OnceCell;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::entry::{CacheEntry, KeyedEntry, TTL_MS};
use super::generation::{CacheScope, GENERATION_TTL_MS, Generations};
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
    /// Whether the server did not answer, so that it is not asked again.
    has_failed: AtomicBool,
    project: String,
}

/// Merges generations and raises that of a scope, atomically.
/// KEYS 1 generations
/// ARGV 1 their TTL in ms  2 the scope to clear, or ''  3… scope and generation
const MERGE_GENERATIONS: &str = r"#!lua
local key, highest = KEYS[1], 0
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
for i = 3, #ARGV, 2 do
  local known = tonumber(redis.call('HGET', key, ARGV[i]) or '')
  if not known or known < tonumber(ARGV[i + 1]) then redis.call('HSET', key, ARGV[i], ARGV[i + 1]) end
end
for _, generation in ipairs(redis.call('HVALS', key)) do
  local n = tonumber(generation)
  -- Others can write to the server: a generation from the future counts nothing.
  if n and n > highest and n < now + 86400000 then highest = n end
end
if ARGV[2] == '*' then redis.call('DEL', key) end
if ARGV[2] ~= '' then redis.call('HSET', key, ARGV[2], string.format('%.0f', math.max(now, highest + 1))) end
redis.call('PEXPIRE', key, ARGV[1])
return redis.call('HGETALL', key)
";

/// The entries of some recipes in Redis.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedUsage {
    /// The recipes with entries.
    pub snapshots: u64,
    /// The entries.
    pub entries: u64,
    /// The memory that they take in Redis, in bytes.
    pub bytes: u64,
}

/// The number of keys that are asked for at once.
const PAGE: usize = 500;

impl RedisCache {
    /// `None` if the server is not shared between machines.
    pub(super) fn new(target: &RedisTarget, project: &str) -> Option<Self> {
        target.is_shared().then(|| Self {
            target: target.clone(),
            connection: OnceCell::new(),
            problem: Mutex::default(),
            has_failed: AtomicBool::new(false),
            project: project.to_owned(),
        })
    }

    /// The name of the server without passwords.
    pub(super) fn name(&self) -> &str {
        self.target.name()
    }

    /// The generations in Redis; `None` if it does not answer.
    pub(super) async fn generations(&self) -> Option<Generations> {
        let mut command = ::redis::cmd("HGETALL");
        command.arg(self.generations_key());
        self.read_generations(command).await
    }

    /// Merges these generations with those in Redis, clears a scope, and returns
    /// the result; `None` if Redis does not answer.
    pub(super) async fn merge_generations(
        &self,
        known: &Generations,
        clear: Option<&CacheScope>,
    ) -> Option<Generations> {
        let mut command = ::redis::cmd("EVAL");
        command.arg(MERGE_GENERATIONS).arg(1);
        command.arg(self.generations_key()).arg(GENERATION_TTL_MS);
        command.arg(clear.map(CacheScope::to_string).unwrap_or_default());
        for (scope, generation) in &known.0 {
            command.arg(scope).arg(generation);
        }
        self.read_generations(command).await
    }

    fn generations_key(&self) -> String {
        let (prefix, project) = (self.target.prefix(), &self.project);
        format!("{prefix}tintype:project:{project}:cache-generations")
    }

    async fn read_generations(&self, command: ::redis::Cmd) -> Option<Generations> {
        let work = async {
            let Some(connection) = self.connection().await else {
                return Ok(None);
            };
            let mut connection = connection.clone();
            let found = command
                .query_async::<BTreeMap<String, String>>(&mut connection)
                .await;
            found.map(Some)
        };
        let found = self.with_timeout(work).await??;
        let found = found.into_iter().filter_map(|(scope, text)| {
            let number = text.parse::<i64>();
            if number.is_err() {
                self.note_invalid(&self.generations_key(), &"a generation is not a number");
            }
            Some((scope, number.ok()?))
        });
        // Merging drops what is forged.
        let mut generations = Generations::default();
        generations.merge(&Generations(found.collect()));
        Some(generations)
    }

    /// What the entries of these recipes take; `None` if Redis does not answer.
    pub(super) async fn usage(&self, recipes: &[blake3::Hash]) -> Option<SharedUsage> {
        let mut usage = SharedUsage::default();
        for page in recipes.chunks(PAGE) {
            let mut step = pipe();
            for recipe in page {
                step.cmd("LLEN").arg(self.key(recipe));
                step.cmd("MEMORY").arg("USAGE").arg(self.key(recipe));
            }
            let work = async {
                let Some(connection) = self.connection().await else {
                    return Ok(None);
                };
                let found = step
                    .query_async::<Vec<Option<u64>>>(&mut connection.clone())
                    .await;
                found.map(Some)
            };
            for pair in self.with_timeout(work).await??.chunks(2) {
                let (entries, bytes) = (pair[0].unwrap_or(0), pair[1].unwrap_or(0));
                usage.snapshots += u64::from(entries > 0);
                usage.entries += entries;
                usage.bytes += bytes;
            }
        }
        Some(usage)
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
        if recipes.is_empty() || self.has_failed.load(Ordering::Relaxed) {
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
                Ok(entry) if !entry.is_well_formed() => {
                    self.note_invalid(&self.key(recipe), &"it is no entry of the cache");
                }
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
        self.has_failed.store(true, Ordering::Relaxed);
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
