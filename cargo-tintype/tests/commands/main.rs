//! The real binary, in projects of its own and an environment of its own.

mod accept;
mod compare;
mod doctor;
mod init;
mod list;
mod orphans;
mod project;
mod readme;
mod record;
