//! One module for each command.

pub(crate) mod accept;
pub(crate) mod baselines;
mod cargo_test;
pub(crate) mod compare;
pub(crate) mod completions;
mod decide;
pub(crate) mod doctor;
pub(crate) mod export;
pub(crate) mod flush;
pub(crate) mod health;
pub(crate) mod import;
pub(crate) mod import_from;
pub(crate) mod init;
pub(crate) mod list;
pub(crate) mod orphans;
pub(crate) mod prune;
pub(crate) mod pull;
pub(crate) mod push;
pub(crate) mod reject;
pub(crate) mod resume;
pub(crate) mod runs;
pub(crate) mod schema;
pub(crate) mod show;
pub(crate) mod test;
pub(crate) mod undo;
pub(crate) mod watch;
