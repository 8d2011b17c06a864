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
}

macro_rules! script {
    ($name:literal) => {
        Script::new(concat!(
            include_str!("../scripts/prelude.lua"),
            include_str!(concat!("../scripts/", $name, ".lua"))
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
        }
    }

    pub(super) fn all(&self) -> [&Script; 9] {
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
        ]
    }
}

/// The command that runs a script on these keys, without arguments.
pub(super) fn call(script: &Script, keys: &[&str]) -> Cmd {
    let mut command = ::redis::cmd("EVALSHA");
    command.arg(script.get_hash()).arg(keys.len()).arg(keys);
    command
}
