//! URLs that name several servers: those of a cluster, or sentinels.

#[cfg(any(feature = "cluster", feature = "sentinel"))]
use ::redis::{ConnectionInfo, IntoConnectionInfo};

use super::redis::link::Place;

/// Reads `redis+cluster://[user:password@]host:port,host:port` or
/// `redis+sentinel://[user:password@]host:port,host:port/primary[/db]`; the
/// log-in is that of the servers that keep records. The error completes "the
/// URL …".
pub(super) fn by_url(url: &str) -> Result<Place, String> {
    match url.split_once("://") {
        Some((scheme, rest)) if scheme.ends_with("+cluster") => cluster(scheme, rest),
        Some((_, rest)) => sentinel(rest),
        None => Err("has no ://".to_owned()),
    }
}

#[cfg(feature = "cluster")]
fn cluster(scheme: &str, rest: &str) -> Result<Place, String> {
    let scheme = scheme.trim_end_matches("+cluster");
    if scheme == "rediss" && !cfg!(feature = "tls") {
        return Err("asks for TLS: build tintype with its feature `tls`".to_owned());
    }
    let (login, hosts) = split(rest);
    let hosts = hosts.trim_end_matches('/');
    Ok(Place::Cluster(each(scheme, login, hosts)?))
}

#[cfg(not(feature = "cluster"))]
fn cluster(_scheme: &str, _rest: &str) -> Result<Place, String> {
    Err("names a cluster: build tintype with its feature `cluster`".to_owned())
}

#[cfg(feature = "sentinel")]
fn sentinel(rest: &str) -> Result<Place, String> {
    let (login, path) = split(rest);
    let mut parts = path.split('/');
    let hosts = parts.next().unwrap_or_default();
    let primary = parts.next().filter(|name| !name.is_empty());
    let primary = primary.ok_or("does not name the primary: redis+sentinel://host:port/primary")?;
    let db = parts.next().filter(|db| !db.is_empty()).unwrap_or("0");
    let wanted = format!("redis://{login}primary/{db}");
    let wanted = wanted.as_str().into_connection_info();
    let wanted = wanted.map_err(|e| format!("cannot be read: {e}"))?;
    Ok(Place::Sentinel(Box::new(
        super::redis::sentinel::Sentinels {
            nodes: each("redis", "", hosts)?,
            primary: primary.to_owned(),
            login: wanted.redis_settings().clone(),
        },
    )))
}

#[cfg(not(feature = "sentinel"))]
fn sentinel(_rest: &str) -> Result<Place, String> {
    Err("names sentinels: build tintype with its feature `sentinel`".to_owned())
}

/// The log-in with its `@`, and the rest.
#[cfg(any(feature = "cluster", feature = "sentinel"))]
fn split(rest: &str) -> (&str, &str) {
    rest.rsplit_once('@')
        .map_or(("", rest), |(login, hosts)| (&rest[..=login.len()], hosts))
}

#[cfg(any(feature = "cluster", feature = "sentinel"))]
fn each(scheme: &str, login: &str, hosts: &str) -> Result<Vec<ConnectionInfo>, String> {
    let one = |host: &str| {
        let url = format!("{scheme}://{login}{host}");
        let info = url.as_str().into_connection_info();
        info.map_err(|e| format!("cannot be read at `{host}`: {e}"))
    };
    hosts.split(',').map(one).collect()
}
