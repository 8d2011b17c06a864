//! A file for each command.

pub(crate) mod accept;
pub(crate) mod compare;
pub(crate) mod doctor;
pub(crate) mod init;
pub(crate) mod list;
pub(crate) mod orphans;
pub(crate) mod reject;
