//! The variables that name the Redis server of the record.

use super::error::ConfigError;
use super::secret::Secret;
use super::variables::Variables;

/// Where the record is kept, as far as the environment decides it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RedisConfig {
    /// The server; `None` means a private one.
    pub server: Option<RedisServer>,
    /// `REDIS_PREFIX`: the start of every key and channel.
    pub prefix: String,
}

/// A Redis server named by the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedisServer {
    /// `REDIS_URL`, which may contain a password.
    Url(Secret),
    /// `REDIS_HOST`, `REDIS_PORT`, `REDIS_DB` and `REDIS_PASSWORD`.
    Host {
        /// The host name, 127.0.0.1 by default.
        host: String,
        /// The port, 6379 by default.
        port: u16,
        /// The number of the database, 0 by default.
        db: u16,
        /// The password.
        password: Option<Secret>,
    },
}

impl RedisConfig {
    /// The password of the server, as the environment has it.
    pub(super) fn password(&self) -> Option<Secret> {
        match self.server.as_ref()? {
            RedisServer::Host { password, .. } => password.clone(),
            RedisServer::Url(url) => {
                let (_, rest) = url.reveal().split_once("://")?;
                let (login, _) = rest.rsplit_once('@')?;
                let (_, password) = login.split_once(':')?;
                Some(Secret::new(password))
            }
        }
    }

    pub(super) fn read(variables: &Variables) -> Result<Self, ConfigError> {
        let prefix = text("REDIS_PREFIX", variables)?.unwrap_or_default();
        if prefix.contains(['{', '}']) {
            return Err(ConfigError::Invalid {
                variable: "REDIS_PREFIX",
                value: prefix.to_owned(),
                expected: "a text without braces, which select the slot of a Redis Cluster"
                    .to_owned(),
            });
        }
        let server = match text("REDIS_URL", variables)? {
            Some(url) => Some(RedisServer::Url(Secret::new(url))),
            None => by_host(variables)?,
        };
        Ok(Self {
            server,
            prefix: prefix.to_owned(),
        })
    }
}

fn by_host(variables: &Variables) -> Result<Option<RedisServer>, ConfigError> {
    let host = text("REDIS_HOST", variables)?;
    if host.is_none() && variables.get("REDIS_PORT").is_none() {
        return Ok(None);
    }
    let password = text("REDIS_PASSWORD", variables)?;
    Ok(Some(RedisServer::Host {
        host: host.unwrap_or("127.0.0.1").to_owned(),
        port: number("REDIS_PORT", 6379, variables)?,
        db: number("REDIS_DB", 0, variables)?,
        password: password.map(Secret::new),
    }))
}

fn text<'v>(name: &'static str, variables: &'v Variables) -> Result<Option<&'v str>, ConfigError> {
    let Some(value) = variables.get(name) else {
        return Ok(None);
    };
    // The value may be a password and is not shown.
    let invalid = || ConfigError::Unusable {
        variable: name,
        reason: "it is not UTF-8".to_owned(),
    };
    value.to_str().map(Some).ok_or_else(invalid)
}

fn number(name: &'static str, default: u16, variables: &Variables) -> Result<u16, ConfigError> {
    let Some(variable) = variables.variable(name) else {
        return Ok(default);
    };
    let invalid = |_| variable.invalid("a number from 0 to 65535");
    variable.value.parse().map_err(invalid)
}
