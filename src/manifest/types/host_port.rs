//! A host with its port.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Serialize, Serializer};
use url::{Host, Url};

/// A host with its port: `127.0.0.1:4000`, `[::1]:4000`, `api.example.com:443`.
/// It is kept in the form to which a browser reduces the host of a URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostPort {
    /// A name in lowercase without a trailing dot, or an address.
    host: Host<String>,
    port: u16,
}

impl HostPort {
    /// Parses `host:port`. `None` if one of the two is missing or invalid.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let has_port = text.rsplit_once(':').is_some_and(|(_, port)| {
            !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
        });
        let is_bare = !text.contains(['/', '@', '?', '#', '\\']);
        if !has_port || !is_bare {
            return None;
        }
        Self::of_url(&Url::parse(&format!("http://{text}")).ok()?)
    }

    /// The server of a URL. `None` if it names none.
    pub(crate) fn of_url(url: &Url) -> Option<Self> {
        let host = match url.host()?.to_owned() {
            Host::Domain(name) => Host::Domain(name.trim_end_matches('.').to_owned()),
            Host::Ipv6(ip) => match ip.to_canonical() {
                IpAddr::V4(ip) => Host::Ipv4(ip),
                IpAddr::V6(ip) => Host::Ipv6(ip),
            },
            host @ Host::Ipv4(_) => host,
        };
        let port = url.port_or_known_default()?;
        Some(Self { host, port })
    }

    /// The name, or the address without brackets.
    pub(crate) fn host(&self) -> &Host<String> {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The addresses that are known without asking a name server: that of an
    /// address itself, and those of `localhost` and the names below it.
    pub(crate) fn known_addresses(&self) -> Option<Vec<IpAddr>> {
        match &self.host {
            Host::Ipv4(ip) => Some(vec![(*ip).into()]),
            Host::Ipv6(ip) => Some(vec![(*ip).into()]),
            Host::Domain(name) if name == "localhost" || name.ends_with(".localhost") => {
                Some(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()])
            }
            Host::Domain(_) => None,
        }
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Serialize for HostPort {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::HostPort;

    #[test]
    fn hosts_are_kept_as_browsers_write_them() {
        for (text, expected) in [
            ("127.0.0.1:4000", "127.0.0.1:4000"),
            ("0x7f.1:80", "127.0.0.1:80"),
            ("2130706433:80", "127.0.0.1:80"),
            ("017700000001:1", "127.0.0.1:1"),
            ("[::1]:4000", "[::1]:4000"),
            ("[::ffff:127.0.0.1]:4000", "127.0.0.1:4000"),
            ("LocalHost.:4000", "localhost:4000"),
            ("Internal.Example:443", "internal.example:443"),
        ] {
            let parsed = HostPort::parse(text).map(|host| host.to_string());
            assert_eq!(parsed.as_deref(), Some(expected), "{text}");
        }
        for text in [
            "",
            "127.0.0.1",
            "[::1]",
            "a:",
            ":80",
            "a:70000",
            "a:b",
            "http://a:80",
            "a:80/path",
            "u@a:80",
            "a b:80",
        ] {
            assert_eq!(HostPort::parse(text), None, "{text}");
        }
    }
}
