//! Locks and barriers in the memory of one process, with the behaviour of the
//! scripts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::record::coordination::{Coordination, LockReply, LockRequest};
use crate::record::store::StoreFuture;

/// Locks and barriers that exist as long as this value.
#[derive(Debug, Default)]
pub(crate) struct MemoryCoordination(Mutex<CoordinationState>);

#[derive(Debug, Default)]
struct CoordinationState {
    locks: BTreeMap<String, MemoryLock>,
    points: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Debug, Default)]
struct MemoryLock {
    fence: u64,
    holders: Vec<LockPlace>,
    /// In the order of their first requests.
    waiters: Vec<LockPlace>,
}

/// A holder or a waiter of a lock.
#[derive(Debug)]
struct LockPlace {
    owner: String,
    slots: u32,
    /// 0 for a waiter.
    token: u64,
    deadline: Instant,
}

impl LockPlace {
    fn new(request: &LockRequest, token: u64) -> Self {
        Self {
            owner: request.owner.clone(),
            slots: request.slots,
            token,
            deadline: deadline(request),
        }
    }
}

fn deadline(request: &LockRequest) -> Instant {
    Instant::now() + Duration::from_millis(request.lease_ms)
}

impl MemoryLock {
    fn acquire(&mut self, request: &LockRequest) -> LockReply {
        let is_own = |place: &&mut LockPlace| place.owner == request.owner;
        if let Some(mine) = self.holders.iter_mut().find(is_own) {
            mine.deadline = deadline(request);
            return LockReply::Held { token: mine.token };
        }
        let now = Instant::now();
        self.holders.retain(|place| place.deadline >= now);
        self.waiters.retain(|place| place.deadline >= now);
        match self.waiters.iter_mut().find(is_own) {
            Some(mine) => mine.deadline = deadline(request),
            None => self.waiters.push(LockPlace::new(request, 0)),
        }
        let mut waiters = self.waiters.iter();
        let rank = waiters.position(|place| place.owner == request.owner);
        let rank = rank.unwrap_or_default();
        let ahead = self.holders.iter().chain(&self.waiters[..=rank]);
        let limit = ahead.map(|place| place.slots).min().unwrap_or(1);
        let before = (self.holders.len() + rank) as u64;
        if before >= u64::from(limit) {
            return LockReply::Waiting { before };
        }
        self.waiters.remove(rank);
        self.fence += 1;
        self.holders.push(LockPlace::new(request, self.fence));
        LockReply::Held { token: self.fence }
    }

    fn renew(&mut self, request: &LockRequest, token: u64) -> bool {
        let mut holders = self.holders.iter_mut();
        let mine = holders.find(|place| place.owner == request.owner && place.token == token);
        if let Some(mine) = mine {
            mine.deadline = deadline(request);
            return true;
        }
        false
    }

    fn release(&mut self, request: &LockRequest) {
        for places in [&mut self.holders, &mut self.waiters] {
            places.retain(|place| place.owner != request.owner);
        }
    }
}

impl MemoryCoordination {
    fn state(&self) -> MutexGuard<'_, CoordinationState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn on_lock<'a, T: Send + 'a>(
        &'a self,
        request: &LockRequest,
        step: impl FnOnce(&mut MemoryLock) -> T,
    ) -> StoreFuture<'a, T> {
        let mut state = self.state();
        let value = step(state.locks.entry(request.name.clone()).or_default());
        Box::pin(std::future::ready(Ok(value)))
    }
}

impl Coordination for MemoryCoordination {
    fn acquire<'a>(&'a self, request: &'a LockRequest) -> StoreFuture<'a, LockReply> {
        self.on_lock(request, |lock| lock.acquire(request))
    }

    fn renew<'a>(&'a self, request: &'a LockRequest, token: u64) -> StoreFuture<'a, bool> {
        self.on_lock(request, |lock| lock.renew(request, token))
    }

    fn release<'a>(&'a self, request: &'a LockRequest) -> StoreFuture<'a, ()> {
        self.on_lock(request, |lock| lock.release(request))
    }

    fn arrive<'a>(&'a self, point: &'a str, who: &'a str) -> StoreFuture<'a, Vec<String>> {
        let mut state = self.state();
        let arrived = state.points.entry(point.to_owned()).or_default();
        arrived.insert(who.to_owned());
        let arrived = arrived.iter().cloned().collect();
        Box::pin(std::future::ready(Ok(arrived)))
    }

    fn arrived<'a>(&'a self, point: &'a str) -> StoreFuture<'a, Vec<String>> {
        let state = self.state();
        let arrived = state.points.get(point).into_iter().flatten();
        let arrived = arrived.cloned().collect();
        Box::pin(std::future::ready(Ok(arrived)))
    }
}
