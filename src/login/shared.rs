//! Log-ins in Redis: sealed, for as long as they hold, and done by one process
//! while all others wait for it.
//!
//! `{prefix}tintype:login:{name}` holds a sealed log-in and expires with it;
//! with `:lock` behind it, who is at it. The name is a keyed hash: it tells
//! neither user nor address. A Redis that is away costs each process a log-in
//! of its own, and nothing else.

use std::future::Future;
use std::time::Duration;

use ::redis::{RedisError, Script, cmd};
use tokio::sync::OnceCell;
use tokio::time::{sleep, timeout};

use super::seal::Seal;
use super::{LoggedIn, fresh};
use crate::browser::{BrowserError, StorageState};
use crate::manifest::Login;
use crate::model::now_ms;
use crate::redis::{Connection, RedisTarget};

/// A process that is at it says so this long, and again before that is over.
const LOCK: Duration = Duration::from_secs(10);

/// How often it says so.
const HEARTBEAT: Duration = Duration::from_secs(3);

/// How often those who wait look.
const LOOK: Duration = Duration::from_millis(50);

/// A Redis that does not answer in this time is not waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Ends or prolongs a lock only if it is one's own.
const RELEASE: &str =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";
const PROLONG: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0";

/// A Redis, and the key to what stands there.
pub(super) struct Shared {
    seal: Seal,
    place: RedisTarget,
    /// None when it could not be reached, which is tried once.
    connection: OnceCell<Option<Connection>>,
}

/// Where one log-in stands.
struct Names {
    value: String,
    lock: String,
    /// Who we are, to the lock.
    token: String,
}

/// What there is to do.
enum Turn {
    /// Somebody has done it.
    Done(LoggedIn),
    /// It is ours to do.
    Ours,
    /// Somebody is at it.
    Wait,
}

impl Shared {
    pub(super) fn new(seal: Seal, place: RedisTarget) -> Self {
        Self {
            seal,
            place,
            connection: OnceCell::new(),
        }
    }

    /// The log-in as it stands there, or done by `log_in` and put there.
    pub(super) async fn get(
        &self,
        secret: &[u8],
        login: &Login,
        stale: Option<&LoggedIn>,
        log_in: impl Future<Output = Result<StorageState, BrowserError>>,
    ) -> Result<LoggedIn, BrowserError> {
        let names = self.names(secret);
        loop {
            match self.turn(&names, stale).await {
                Some(Turn::Done(done)) => return Ok(done),
                Some(Turn::Wait) => sleep(LOOK).await,
                Some(Turn::Ours) => break,
                // Without Redis each process is on its own.
                None => return log_in.await.map(|state| LoggedIn::new(state, login.ttl)),
            }
        }
        let outcome = tokio::select! {
            outcome = log_in => outcome,
            never = self.hold(&names) => match never {},
        };
        let outcome = outcome.map(|state| LoggedIn::new(state, login.ttl));
        if let Ok(done) = &outcome {
            self.put(&names, done).await;
        }
        self.release(&names).await;
        outcome
    }

    async fn release(&self, names: &Names) {
        let release = Script::new(RELEASE);
        self.ask(async |connection| {
            let mut release = release.key(&names.lock);
            release.arg(&names.token);
            release.invoke_async::<i64>(connection).await
        })
        .await;
    }

    fn names(&self, secret: &[u8]) -> Names {
        let name = self.seal.name_of(secret);
        let value = format!("{}tintype:login:{name}", self.place.prefix());
        Names {
            lock: format!("{value}:lock"),
            value,
            token: uuid::Uuid::now_v7().to_string(),
        }
    }

    /// Looks what there is to do; None where Redis is away.
    async fn turn(&self, names: &Names, stale: Option<&LoggedIn>) -> Option<Turn> {
        if let Some(done) = self.read(names, stale).await? {
            return Some(Turn::Done(done));
        }
        let taken: Option<String> = self
            .ask(async |connection| {
                let mut take = cmd("SET");
                take.arg(&names.lock).arg(&names.token).arg("NX");
                take.arg("PX").arg(millis(LOCK));
                take.query_async(connection).await
            })
            .await?;
        if taken.is_none() {
            return Some(Turn::Wait);
        }
        // Whoever was at it before may have come to its end in between.
        let done = self.read(names, stale).await?;
        if done.is_some() {
            self.release(names).await;
        }
        Some(done.map_or(Turn::Ours, Turn::Done))
    }

    async fn read(&self, names: &Names, stale: Option<&LoggedIn>) -> Option<Option<LoggedIn>> {
        let sealed: Option<Vec<u8>> = self
            .ask(async |connection| cmd("GET").arg(&names.value).query_async(connection).await)
            .await?;
        let done = sealed.and_then(|sealed| {
            let clear = self.seal.open(&names.value, &sealed)?;
            serde_json::from_slice(&clear).ok()
        });
        Some(done.filter(|done| fresh(done, stale)))
    }

    async fn put(&self, names: &Names, done: &LoggedIn) {
        let left = done.until - now_ms();
        let clear = serde_json::to_vec(done).unwrap_or_default();
        let Some(sealed) = self.seal.seal(&names.value, &clear) else {
            return;
        };
        if left > 0 {
            self.ask(async |connection| {
                let mut put = cmd("SET");
                put.arg(&names.value).arg(&sealed).arg("PX").arg(left);
                put.query_async::<()>(connection).await
            })
            .await;
        }
    }

    /// Holds the lock for as long as this is polled.
    async fn hold(&self, names: &Names) -> std::convert::Infallible {
        let prolong = Script::new(PROLONG);
        loop {
            sleep(HEARTBEAT).await;
            self.ask(async |connection| {
                let mut prolong = prolong.key(&names.lock);
                prolong.arg(&names.token).arg(millis(LOCK));
                prolong.invoke_async::<i64>(connection).await
            })
            .await;
        }
    }

    /// Asks Redis; None, and a line in the log, where it does not answer.
    async fn ask<T>(
        &self,
        question: impl AsyncFnOnce(&mut Connection) -> Result<T, RedisError>,
    ) -> Option<T> {
        let connect = || async {
            let connection = self.place.connect().await;
            let away = |error: &_| tracing::warn!(%error, "log-ins are not shared");
            connection.inspect_err(away).ok().flatten()
        };
        let mut connection = self.connection.get_or_init(connect).await.clone()?;
        match timeout(PATIENCE, question(&mut connection)).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => tracing::warn!(%error, "log-ins are not shared"),
            Err(_) => tracing::warn!("log-ins are not shared: Redis does not answer"),
        }
        None
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
