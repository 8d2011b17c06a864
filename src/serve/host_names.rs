//! The names under which a server answers.

use std::sync::Arc;

use hyper::header::{HOST, HeaderMap};
use url::{Host, Url};

/// The names under which a server answers: that of its address, and those of
/// loopback. A page of another site can have its own name resolve to this
/// machine, and would then read what the server answers.
#[derive(Clone, Debug)]
pub(super) struct HostNames(Arc<[Host<String>]>);

impl HostNames {
    /// The names of the server at this address.
    pub(super) fn of(base: &str) -> Self {
        let own = Url::parse(base).ok();
        let own = own.and_then(|url| Some(url.host()?.to_owned()));
        let loopback = ["127.0.0.1", "[::1]", "localhost"];
        let loopback = loopback.iter().filter_map(|name| Host::parse(name).ok());
        Self(own.into_iter().chain(loopback).collect())
    }

    /// Whether a request names the server by one of them. Ports are not compared:
    /// they may be forwarded.
    pub(super) fn allow(&self, headers: &HeaderMap) -> bool {
        let mut named = headers.get_all(HOST).into_iter();
        let (Some(host), None) = (named.next(), named.next()) else {
            return false;
        };
        let url = host.to_str().ok();
        let url = url.and_then(|host| Url::parse(&format!("http://{host}/")).ok());
        let host = url.as_ref().and_then(Url::host);
        host.is_some_and(|host| self.0.contains(&host.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::{HOST, HeaderMap, HeaderValue};

    use super::HostNames;

    #[test]
    fn only_the_own_name_and_loopback_are_allowed() {
        let hosts = HostNames::of("http://ci-7.example.org:3000");
        let allows = |names: &[&str]| {
            let mut headers = HeaderMap::new();
            for name in names {
                headers.append(HOST, HeaderValue::from_str(name).unwrap());
            }
            hosts.allow(&headers)
        };
        for name in [
            "ci-7.example.org:3000",
            "CI-7.example.org",
            "127.0.0.1:3000",
            "localhost:8080",
            "[::1]:3000",
        ] {
            assert!(allows(&[name]), "{name}");
        }
        for name in [
            "",
            "evil.example:3000",
            "ci-7.example.org.evil.example",
            "127.0.0.1.evil.example",
            "evil.localhost",
        ] {
            assert!(!allows(&[name]), "{name}");
        }
        assert!(!allows(&[]));
        assert!(!allows(&["localhost", "evil.example"]));
    }
}
