//! One module for each command.

pub(crate) mod accept;
pub(crate) mod baselines;
mod causes;
pub(crate) mod compare;
pub(crate) mod completions;
mod decide;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod flush;
pub(crate) mod health;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod list;
pub(crate) mod orphans;
pub(crate) mod prune;
pub(crate) mod pull;
pub(crate) mod push;
pub(crate) mod reject;
pub(crate) mod resume;
pub(crate) mod runs;
pub(crate) mod show;
pub(crate) mod undo;
pub(crate) mod wait;
pub(crate) mod watch;
pub(crate) mod workers;
