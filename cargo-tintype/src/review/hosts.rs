//! The hostnames under which browsers may reach the server.

use std::net::SocketAddr;

/// Hostnames with port: `127.0.0.1:7878`.
#[derive(Clone, Debug)]
pub(super) struct AllowedHosts(Vec<String>);

impl AllowedHosts {
    /// The names of the address, and those that the user allows.
    pub(super) fn new(address: SocketAddr, allowed: &[String]) -> Self {
        let port = address.port();
        let mut names = vec![address.to_string()];
        if address.ip().is_loopback() {
            names.extend([format!("localhost:{port}"), format!("127.0.0.1:{port}")]);
        }
        names.extend(allowed.iter().map(|name| name.to_ascii_lowercase()));
        Self(names)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        self.0.contains(&name)
    }

    /// Whether the value of an `Origin` header is one of them.
    pub(super) fn has_origin(&self, origin: &str) -> bool {
        let name = origin.strip_prefix("http://");
        let name = name.or_else(|| origin.strip_prefix("https://"));
        name.is_some_and(|name| self.has(name))
    }
}
