//! The record in Redis: every step one script, sent in pipelines.

#[cfg(feature = "cluster")]
mod cluster;
mod fault;
pub(crate) mod link;
#[cfg(unix)]
pub(crate) mod private;
mod read;
mod scripts;
#[cfg(feature = "sentinel")]
pub(crate) mod sentinel;
mod whole;
mod write;

use ::redis::{Cmd, Pipeline, RedisResult, Value};
use tokio::sync::Mutex;

use self::link::{Link, Place};
use self::scripts::{Scripts, call};
use super::error::{Fault, FaultKind, WayOn};
use super::keys::Keys;
use super::store::EVENTS_KEPT;
use crate::model::RunId;

/// A record in Redis. Connects when it is first used, and again after the
/// connection is lost.
pub struct RedisStore {
    place: Place,
    name: String,
    keys: Keys,
    scripts: Scripts,
    link: Mutex<Option<Link>>,
}

impl RedisStore {
    /// A record at a place that is called `name` towards people.
    pub(crate) fn new(place: Place, name: String, keys: Keys) -> Self {
        Self {
            place,
            name,
            keys,
            scripts: Scripts::new(),
            link: Mutex::new(None),
        }
    }

    /// The connection, made if need be.
    async fn link(&self) -> Result<Link, Fault> {
        let mut link = self.link.lock().await;
        #[cfg(unix)]
        if let Place::Private(server) = &self.place {
            server.touch();
        }
        if let Some(link) = &*link {
            return Ok(link.clone());
        }
        Ok(link.insert(self.place.connect().await?).clone())
    }

    /// Sends commands in one go and gives their replies. Scripts that the
    /// server does not have are loaded, and everything is sent once more:
    /// whatever was applied the first time is told apart by its number.
    async fn send(&self, pipeline: &Pipeline) -> Result<Vec<RedisResult<Value>>, Fault> {
        let replies = self.send_once(pipeline).await?;
        let forgotten = |way: WayOn| way == WayOn::Load;
        if fault_among(&replies, forgotten).is_none() {
            return Ok(replies);
        }
        let mut link = self.link().await?;
        for script in self.scripts.all() {
            script.load_async(&mut link).await?;
        }
        self.send_once(pipeline).await
    }

    async fn send_once(&self, pipeline: &Pipeline) -> Result<Vec<RedisResult<Value>>, Fault> {
        let mut link = self.link().await?;
        let replies: RedisResult<Vec<RedisResult<Value>>> = pipeline.query_async(&mut link).await;
        let replies = replies.map_err(Fault::from);
        let dead = match &replies {
            Err(fault) => Some(fault.clone()),
            Ok(replies) => fault_among(replies, |way| way == WayOn::Reconnect),
        };
        match dead {
            Some(fault) => {
                if fault.kind.way_on() == WayOn::Reconnect {
                    *self.link.lock().await = None;
                }
                Err(fault)
            }
            None => replies,
        }
    }

    /// Sends one command and gives its reply. That the connection is gone is
    /// only found out by using it, so then it is sent once more: all that is
    /// asked this way may be asked twice.
    async fn ask<T: ::redis::FromRedisValue>(&self, command: Cmd) -> Result<T, Fault> {
        let mut pipeline = ::redis::pipe();
        pipeline.add_command(command).ignore_errors();
        let replies = match self.send(&pipeline).await {
            Err(fault) if fault.kind == FaultKind::Away => self.send(&pipeline).await,
            other => other,
        };
        let reply = replies?.pop();
        let value = reply.ok_or_else(|| nonsense("no reply"))??;
        ::redis::from_redis_value(value).map_err(|e| nonsense(&e.to_string()))
    }

    /// A script's call on a run with the keys and arguments that all have.
    fn step(&self, script: &::redis::Script, run: &RunId, more: &[&str]) -> Cmd {
        let own = [
            self.keys.control(run),
            self.keys.run(run),
            self.keys.events(run),
        ];
        let mut keys: Vec<_> = own.iter().map(String::as_str).collect();
        keys.extend(more);
        let mut command = call(script, &keys);
        command
            .arg(self.keys.channel(run))
            .arg(self.keys.all_events())
            .arg(EVENTS_KEPT);
        command
    }
}

/// The first fault among replies whose way on is of this kind.
fn fault_among(replies: &[RedisResult<Value>], is: impl Fn(WayOn) -> bool) -> Option<Fault> {
    replies.iter().find_map(|reply| {
        let fault = Fault::from(reply.as_ref().err()?.clone());
        is(fault.kind.way_on()).then_some(fault)
    })
}

fn nonsense(what: &str) -> Fault {
    Fault {
        kind: FaultKind::Other,
        message: format!("the server answered what no script of ours answers: {what}"),
    }
}
