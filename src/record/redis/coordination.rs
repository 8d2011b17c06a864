//! Locks and barriers in Redis: every step is one script.

use ::redis::{Cmd, Script};

use super::client::{RedisStore, unexpected_reply};
use super::scripts::call;
use super::write::reply_words;
use crate::model::RunId;
use crate::record::coordination::{BARRIER_TTL_MS, Coordination, LockReply, LockRequest};
use crate::record::store::StoreFuture;
use crate::redis::StoreError;

/// The locks of a server, and the barriers of a run.
pub(in crate::record) struct RedisCoordination {
    store: RedisStore,
    run: RunId,
}

impl RedisCoordination {
    pub(in crate::record) fn new(store: RedisStore, run: RunId) -> Self {
        Self { store, run }
    }

    fn command(&self, script: &Script, request: &LockRequest) -> Cmd {
        // The keys of a lock share a slot.
        let name = match self.store.endpoint.is_cluster() {
            true => format!("{{{}}}", request.name),
            false => request.name.clone(),
        };
        let keys = self.store.keys.lock(&name);
        let mut command = call(script, &keys.each_ref().map(String::as_str));
        command.arg(&request.owner).arg(request.slots);
        command.arg(request.lease_ms);
        command
    }

    async fn reply(&self, command: Cmd) -> Result<(String, u64), StoreError> {
        let words = reply_words(self.store.query(command).await?)?;
        let number = words.get(1).map_or(Ok(0), |word| word.parse());
        let number = number.map_err(|_| unexpected_reply(&words.join(" ")))?;
        Ok((words[0].clone(), number))
    }

    async fn meet(&self, point: &str, who: &str) -> Result<Vec<String>, StoreError> {
        let key = self.store.keys.sync(&self.run, point);
        let mut command = call(&self.store.scripts.sync, &[&key]);
        command.arg(who).arg(BARRIER_TTL_MS);
        let mut arrived: Vec<String> = self.store.query(command).await?;
        arrived.sort();
        Ok(arrived)
    }
}

impl Coordination for RedisCoordination {
    fn acquire<'a>(&'a self, request: &'a LockRequest) -> StoreFuture<'a, LockReply> {
        Box::pin(async move {
            let command = self.command(&self.store.scripts.lock_acquire, request);
            match self.reply(command).await? {
                (word, token) if word == "HELD" => Ok(LockReply::Held { token }),
                (word, before) if word == "WAIT" => Ok(LockReply::Waiting { before }),
                (other, _) => Err(unexpected_reply(&other)),
            }
        })
    }

    fn renew<'a>(&'a self, request: &'a LockRequest, token: u64) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let mut command = self.command(&self.store.scripts.lock_renew, request);
            command.arg(token);
            Ok(self.reply(command).await?.0 == "OK")
        })
    }

    fn release<'a>(&'a self, request: &'a LockRequest) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let command = self.command(&self.store.scripts.lock_release, request);
            self.reply(command).await.map(drop)
        })
    }

    fn arrive<'a>(&'a self, point: &'a str, who: &'a str) -> StoreFuture<'a, Vec<String>> {
        Box::pin(self.meet(point, who))
    }

    fn arrived<'a>(&'a self, point: &'a str) -> StoreFuture<'a, Vec<String>> {
        Box::pin(self.meet(point, ""))
    }
}
