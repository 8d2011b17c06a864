//! Logs in once and shares the result: between the browser sessions of this
//! process in memory, and between processes encrypted in Redis if
//! `TINTYPE_LOGIN_KEY` is set (feature `shared-logins`). Credentials are never written unencrypted.
//!
//! - `logins`: the logins of a run.
//! - `stored_login`: the result of a login.
//! - `shared_logins`: logins in Redis, with a lock so that one process logs in.
//! - `cipher`: encryption.
//! - `command`, `cookies`: logins by a command that prints cookies.

#[cfg(feature = "shared-logins")]
mod cipher;
mod command;
mod cookies;
mod logins;
#[cfg(feature = "shared-logins")]
mod shared_logins;
mod stored_login;

pub(crate) use command::run_command;
pub(crate) use logins::Logins;
#[cfg(feature = "shared-logins")]
pub(crate) use shared_logins::SharedLogins;
pub(crate) use stored_login::StoredLogin;
