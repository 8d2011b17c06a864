//! The real binary, in temporary projects and a clean environment.

mod accept;
mod attacks;
mod cache;
mod code_host;
mod comment;
mod comment_errors;
mod compare;
mod compatibility;
mod doctor;
mod editors;
mod explain;
#[path = "../../../tests/support/harmless.rs"]
mod harmless;
mod history;
mod hostile;
mod import_from;
mod init;
mod list;
mod mcp;
mod orphans;
#[path = "../../../tests/support/port.rs"]
mod port;
mod project;
mod quarantine;
mod readme;
mod record;
mod reference;
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "../../../tests/support/server.rs"]
mod server;
mod shared_run;
#[cfg(unix)]
mod test;
mod watch;
mod workspace;
