//! Connections to Redis: which server, how to connect, what its errors mean.
//!
//! - [`RedisTarget`] resolves the settings of the environment to an `Endpoint`: one
//!   server, a cluster, sentinels, or a private redis-server of the project.
//! - [`Connection`] is a shared connection with bounded timeouts.
//! - [`StoreError`] sorts the errors of servers by what to do about them.

mod classify;
#[cfg(feature = "cluster")]
mod cluster;
mod connection;
mod endpoint;
mod error;
#[cfg(unix)]
mod private_server;
#[cfg(feature = "sentinel")]
mod sentinel;
mod target;
mod url;

pub(crate) use classify::is_wrong_type;
pub use connection::Connection;
pub(crate) use endpoint::Endpoint;
pub(crate) use error::StoreErrorKind;
pub use error::{Recovery, StoreError};
pub(crate) use target::RedisTarget;
