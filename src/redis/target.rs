//! Resolves the Redis settings of the environment to a server.

use std::path::Path;

use super::connection::Connection;
use super::endpoint::Endpoint;
use super::error::StoreError;
use super::url;
use crate::config::{Config, ConfigError, ProgramSearch};

/// The Redis server to use, or none, and the prefix of every key.
#[derive(Clone, Debug)]
pub struct RedisTarget {
    endpoint: Option<Endpoint>,
    /// Why there is no server.
    reason: &'static str,
    name: String,
    prefix: String,
}

impl RedisTarget {
    /// The server that the environment names. Without one the target is a
    /// private redis-server below `state_dir` if one is installed, otherwise
    /// none.
    ///
    /// # Errors
    /// When the server's address is invalid.
    pub fn new(state_dir: &Path, config: &Config) -> Result<Self, ConfigError> {
        let mut target = Self {
            prefix: config.redis.prefix.clone(),
            ..Self::none()
        };
        match &config.redis.server {
            Some(server) => {
                let (endpoint, name) = url::endpoint_of(server)?;
                (target.endpoint, target.name) = (Some(endpoint), name);
            }
            None => target.use_private_server(&state_dir.join("redis"), &config.system.programs),
        }
        Ok(target)
    }

    /// No server.
    pub fn none() -> Self {
        Self {
            endpoint: None,
            reason: "",
            name: "memory".to_owned(),
            prefix: String::new(),
        }
    }

    #[cfg(unix)]
    fn use_private_server(&mut self, folder: &Path, programs: &ProgramSearch) {
        use super::private_server::PrivateServer;
        match PrivateServer::find(folder, programs) {
            Some(server) => {
                let socket = server.socket().display();
                self.name = format!("private redis-server (unix:{socket})");
                self.endpoint = Some(Endpoint::Private(server));
            }
            None => self.reason = "no redis-server on the PATH",
        }
    }

    #[cfg(not(unix))]
    fn use_private_server(&mut self, _folder: &Path, _programs: &ProgramSearch) {
        self.reason = "REDIS_URL is not set, and this system has no private redis-server";
    }

    /// The server's address, if there is one.
    pub(crate) fn endpoint(&self) -> Option<&Endpoint> {
        self.endpoint.as_ref()
    }

    /// The name of the server without passwords, or `memory`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Why there is no server; empty if there is one or it is not needed.
    pub fn reason(&self) -> &'static str {
        self.reason
    }

    /// The prefix of every key and channel.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Whether the environment names the server, so that other machines can
    /// use it too.
    pub fn is_shared(&self) -> bool {
        match &self.endpoint {
            None => false,
            #[cfg(unix)]
            Some(Endpoint::Private(_)) => false,
            Some(_) => true,
        }
    }

    /// Whether the server is a Redis Cluster.
    pub fn is_cluster(&self) -> bool {
        self.endpoint.as_ref().is_some_and(Endpoint::is_cluster)
    }

    /// Opens a connection; `None` without a server.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn connect(&self) -> Result<Option<Connection>, StoreError> {
        match &self.endpoint {
            Some(endpoint) => Ok(Some(endpoint.connect().await?)),
            None => Ok(None),
        }
    }
}
