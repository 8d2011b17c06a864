//! Resolves the `REDIS_*` variables to a server.

use std::ffi::OsString;
use std::path::Path;

use super::connection::Connection;
use super::endpoint::Endpoint;
use super::error::StoreError;
use super::url;

/// A `REDIS_*` variable with an invalid value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} is invalid: `{value}` {problem}")]
pub struct VariableError {
    /// The variable's name.
    pub variable: &'static str,
    /// Its value, without passwords.
    pub value: String,
    /// What is wrong with it, and a help text.
    pub problem: String,
}

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
    /// Reads `REDIS_URL`, or `REDIS_HOST`, `REDIS_PORT`, `REDIS_PASSWORD` and
    /// `REDIS_DB`, and `REDIS_PREFIX`. Without any of them the target is a
    /// private redis-server below `state_dir` if one is on the `PATH`,
    /// otherwise none.
    ///
    /// # Errors
    /// When a variable has an invalid value.
    pub fn from_variables(
        state_dir: &Path,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, VariableError> {
        let text = |name: &'static str| text_of(name, variable(name));
        let prefix = text("REDIS_PREFIX")?.unwrap_or_default();
        if prefix.contains(['{', '}']) {
            return Err(VariableError {
                variable: "REDIS_PREFIX",
                value: prefix,
                problem: "contains braces, which select the slot of a key on Redis Cluster\n\
                          help: remove the braces"
                    .to_owned(),
            });
        }
        let mut target = Self {
            prefix,
            ..Self::none()
        };
        let server = match text("REDIS_URL")? {
            Some(url) => Some(url::parse(&url)?),
            None => url::from_parts(&text)?,
        };
        if let Some((endpoint, name)) = server {
            (target.endpoint, target.name) = (Some(endpoint), name);
        } else {
            target.use_private_server(&state_dir.join("redis"), variable("PATH"));
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
    fn use_private_server(&mut self, folder: &Path, path: Option<OsString>) {
        use super::private_server::PrivateServer;
        match PrivateServer::find(folder, &path.unwrap_or_default()) {
            Some(server) => {
                let socket = server.socket().display();
                self.name = format!("private redis-server (unix:{socket})");
                self.endpoint = Some(Endpoint::Private(server));
            }
            None => self.reason = "no redis-server on the PATH",
        }
    }

    #[cfg(not(unix))]
    fn use_private_server(&mut self, _folder: &Path, _path: Option<OsString>) {
        self.reason = "REDIS_URL is not set";
    }

    /// The server's address, if there is one.
    pub(crate) fn endpoint(&self) -> Option<&Endpoint> {
        self.endpoint.as_ref()
    }

    /// The name of the server without passwords, or `memory`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Why there is no server; empty if there is one or none was asked for.
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

fn text_of(name: &'static str, value: Option<OsString>) -> Result<Option<String>, VariableError> {
    let Some(value) = value else {
        return Ok(None);
    };
    let text = value.into_string().map_err(|value| VariableError {
        variable: name,
        value: value.to_string_lossy().into_owned(),
        problem: "is not UTF-8".to_owned(),
    })?;
    Ok((!text.is_empty()).then_some(text))
}
