//! Parses `REDIS_URL` and the variables that replace it.

use ::redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo};

use super::endpoint::Endpoint;
use crate::config::{ConfigError, RedisServer, Secret};

/// The schemes of the help text.
const SCHEMES: &str = "redis://, rediss://, unix://, redis+cluster:// or redis+sentinel://";

/// The endpoint of a server, and its name without passwords.
pub(super) fn endpoint_of(server: &RedisServer) -> Result<(Endpoint, String), ConfigError> {
    match server {
        RedisServer::Url(url) => parse(url.reveal()),
        RedisServer::Host {
            host,
            port,
            db,
            password,
        } => from_parts(host, *port, *db, password.as_ref()),
    }
}

/// Parses `REDIS_URL`; returns the endpoint and its name without passwords.
fn parse(url: &str) -> Result<(Endpoint, String), ConfigError> {
    // Where the password begins is known only once the URL has been parsed.
    let error = |problem: String| ConfigError::Unusable {
        variable: "REDIS_URL",
        reason: problem,
    };
    let (scheme, rest) = url.split_once("://").unwrap_or(("", ""));
    let endpoint = match scheme {
        "redis" | "valkey" | "unix" | "redis+unix" | "valkey+unix" => single(url),
        "rediss" | "valkeys" if cfg!(feature = "tls") => single(url),
        "rediss" | "valkeys" => Err(missing_feature("it requires TLS", "tls")),
        "redis+cluster" | "rediss+cluster" => cluster(scheme, rest),
        "redis+sentinel" => sentinel(rest),
        _ => Err(format!("it has an unknown scheme\nhelp: use {SCHEMES}")),
    };
    let endpoint = endpoint.map_err(error)?;
    Ok((endpoint, without_userinfo(url)))
}

fn single(url: &str) -> Result<Endpoint, String> {
    let info = url.into_connection_info();
    let info = info.map_err(|error| format!("it cannot be parsed: {error}"))?;
    Ok(Endpoint::Single(Box::new(info)))
}

fn missing_feature(problem: &str, feature: &str) -> String {
    format!("{problem}\nhelp: build tintype, and cargo-tintype, with the feature `{feature}`")
}

/// Parses `redis+cluster://[user:password@]host:port,host:port`.
#[cfg(feature = "cluster")]
fn cluster(scheme: &str, rest: &str) -> Result<Endpoint, String> {
    let scheme = scheme.trim_end_matches("+cluster");
    if scheme == "rediss" && !cfg!(feature = "tls") {
        return Err(missing_feature("it requires TLS", "tls"));
    }
    let (login, hosts) = split_login(rest);
    let hosts = hosts.trim_end_matches('/');
    Ok(Endpoint::Cluster(parse_hosts(scheme, login, hosts)?))
}

#[cfg(not(feature = "cluster"))]
fn cluster(_scheme: &str, _rest: &str) -> Result<Endpoint, String> {
    Err(missing_feature("it names a cluster", "cluster"))
}

/// Parses `redis+sentinel://[user:password@]host:port,host:port/primary[/db]`;
/// user and password are those of the primary.
#[cfg(feature = "sentinel")]
fn sentinel(rest: &str) -> Result<Endpoint, String> {
    let (login, path) = split_login(rest);
    let mut parts = path.split('/');
    let hosts = parts.next().unwrap_or_default();
    let primary = parts.next().filter(|name| !name.is_empty());
    let primary = primary.ok_or(
        "it does not name the primary\nhelp: append it, as in redis+sentinel://host:port/primary",
    )?;
    let db = parts.next().filter(|db| !db.is_empty()).unwrap_or("0");
    let url = format!("redis://{login}primary/{db}");
    let info = url.as_str().into_connection_info();
    let info = info.map_err(|error| format!("it cannot be parsed: {error}"))?;
    Ok(Endpoint::Sentinel(Box::new(
        super::sentinel::SentinelConfig {
            nodes: parse_hosts("redis", "", hosts)?,
            primary: primary.to_owned(),
            login: info.redis_settings().clone(),
        },
    )))
}

#[cfg(not(feature = "sentinel"))]
fn sentinel(_rest: &str) -> Result<Endpoint, String> {
    Err(missing_feature("it names sentinels", "sentinel"))
}

/// Splits off user and password, with their `@`.
#[cfg(any(feature = "cluster", feature = "sentinel"))]
fn split_login(rest: &str) -> (&str, &str) {
    rest.rsplit_once('@')
        .map_or(("", rest), |(login, hosts)| (&rest[..=login.len()], hosts))
}

#[cfg(any(feature = "cluster", feature = "sentinel"))]
fn parse_hosts(scheme: &str, login: &str, hosts: &str) -> Result<Vec<ConnectionInfo>, String> {
    let parse = |(index, host): (usize, &str)| {
        let number = index + 1;
        let url = format!("{scheme}://{login}{host}");
        let info = url.as_str().into_connection_info();
        info.map_err(|error| format!("host {number} cannot be parsed: {error}"))
    };
    hosts.split(',').enumerate().map(parse).collect()
}

fn from_parts(
    host: &str,
    port: u16,
    db: u16,
    password: Option<&Secret>,
) -> Result<(Endpoint, String), ConfigError> {
    let info = ConnectionAddr::Tcp(host.to_owned(), port)
        .into_connection_info()
        .map_err(|error| ConfigError::Unusable {
            variable: "REDIS_HOST",
            reason: format!("`{host}` cannot be used: {error}"),
        })?;
    let mut login = info.redis_settings().clone().set_db(i64::from(db));
    if let Some(password) = password {
        login = login.set_password(password.reveal());
    }
    let info: ConnectionInfo = info.set_redis_settings(login);
    let name = format!("redis://{host}:{port}/{db}");
    Ok((Endpoint::Single(Box::new(info)), name))
}

/// A valid URL without its password, whether before the `@` or in the query.
fn without_userinfo(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    match rest.rsplit_once('@') {
        None => format!("{scheme}://{rest}"),
        Some((login, server)) => match login.split_once(':') {
            Some((user, _)) if !user.is_empty() => format!("{scheme}://{user}@{server}"),
            // A login without a colon may be a password.
            _ => format!("{scheme}://{server}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn invalid_urls_are_not_shown() {
        for url in [
            "swordfish",
            "redis:swordfish@cache",
            "redis//:swordfish@cache",
            "redis:/swordfish",
            "swordfish://cache",
            "redis://:sword/fish@cache",
            "redis://:sword?fish@cache",
            "redis://:sword#fish@cache",
            "redis://ci:swordfish@cache:port",
            "redis://ci:swordfish",
            "redis://ci:swordfish@cache/db",
            "redis://ci:sword%zzfish@cache:1/x",
            "http://ci:swordfish@cache",
            "redis+cluster://ci:swordfish",
            "redis+cluster://ci:swordfish@a:1,b:x",
            "redis+sentinel://ci:swordfish@a",
            "rediss+cluster://swordfish@a:1",
        ] {
            if let Err(error) = parse(url) {
                let text = error.to_string();
                let leaks = ["sword", "fish", "zz", "ci:"];
                assert!(
                    !leaks.iter().any(|part| text.contains(part)),
                    "{url}: {text}"
                );
            } else {
                let (_, name) = parse(url).unwrap();
                assert!(
                    !name.contains("sword") && !name.contains("fish"),
                    "{url}: {name}"
                );
            }
        }
    }
}
