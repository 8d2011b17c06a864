//! The Lua scripts, each one atomic step.

use ::redis::{Cmd, Script};

/// The scripts with their hashes.
#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) create: Script,
    pub(super) commit: Script,
    pub(super) announce: Script,
    pub(super) describe: Script,
    pub(super) leave: Script,
    pub(super) finish: Script,
    pub(super) heartbeat: Script,
    pub(super) decide: Script,
    pub(super) skip: Script,
    pub(super) history: Script,
    pub(super) project_forget: Script,
    pub(super) command_worker: Script,
    pub(super) queue_plan: Script,
    pub(super) queue_claim: Script,
    pub(super) queue_renew: Script,
    pub(super) queue_reap: Script,
    pub(super) queue_release: Script,
    pub(super) lock_acquire: Script,
    pub(super) lock_renew: Script,
    pub(super) lock_release: Script,
    pub(super) sync: Script,
    pub(super) fold: Script,
    pub(super) gauges: Script,
    pub(super) alert: Script,
}

macro_rules! script {
    ($name:literal) => {
        Script::new(concat!(
            include_str!("../scripts/prelude.lua"),
            include_str!(concat!("../scripts/", $name, ".lua"))
        ))
    };
}

/// A script of the queue of a shared run.
macro_rules! queue_script {
    ($name:literal) => {
        Script::new(concat!(
            include_str!("../scripts/prelude.lua"),
            include_str!("../scripts/queue.lua"),
            include_str!(concat!("../scripts/queue_", $name, ".lua"))
        ))
    };
}

/// A script of a lock.
macro_rules! lock_script {
    ($name:literal) => {
        Script::new(concat!(
            include_str!("../scripts/lock.lua"),
            include_str!(concat!("../scripts/lock_", $name, ".lua"))
        ))
    };
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            create: script!("create"),
            commit: script!("commit"),
            announce: script!("announce"),
            describe: script!("describe"),
            leave: script!("leave"),
            finish: script!("finish"),
            heartbeat: script!("heartbeat"),
            decide: script!("decide"),
            skip: script!("skip"),
            history: Script::new(concat!(
                include_str!("../scripts/history.lua"),
                include_str!("../scripts/project_index.lua")
            )),
            project_forget: Script::new(include_str!("../scripts/project_forget.lua")),
            command_worker: script!("command_worker"),
            queue_plan: queue_script!("plan"),
            queue_claim: queue_script!("claim"),
            queue_renew: queue_script!("renew"),
            queue_reap: queue_script!("reap"),
            queue_release: queue_script!("release"),
            lock_acquire: lock_script!("acquire"),
            lock_renew: lock_script!("renew"),
            lock_release: lock_script!("release"),
            sync: Script::new(include_str!("../scripts/sync.lua")),
            fold: Script::new(include_str!("../scripts/fold.lua")),
            gauges: Script::new(include_str!("../scripts/gauges.lua")),
            alert: Script::new(include_str!("../scripts/alert.lua")),
        }
    }

    pub(super) fn all(&self) -> [&Script; 24] {
        [
            &self.create,
            &self.commit,
            &self.announce,
            &self.describe,
            &self.leave,
            &self.finish,
            &self.heartbeat,
            &self.decide,
            &self.skip,
            &self.history,
            &self.project_forget,
            &self.command_worker,
            &self.queue_plan,
            &self.queue_claim,
            &self.queue_renew,
            &self.queue_reap,
            &self.queue_release,
            &self.lock_acquire,
            &self.lock_renew,
            &self.lock_release,
            &self.sync,
            &self.fold,
            &self.gauges,
            &self.alert,
        ]
    }
}

/// The command that runs a script on these keys, without arguments.
pub(super) fn call(script: &Script, keys: &[&str]) -> Cmd {
    let mut command = ::redis::cmd("EVALSHA");
    command.arg(script.get_hash()).arg(keys.len()).arg(keys);
    command
}
