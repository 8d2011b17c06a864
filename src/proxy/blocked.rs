//! Requests to servers that a story may not reach.

use crate::manifest::HostPort;
use crate::model::{PageError, PageErrorKind};

/// The most servers that are listed; a page can try every port.
const MAX_SERVERS: usize = 20;

/// The longest address that is kept, in characters.
const MAX_ADDRESS: usize = 300;

/// Requests to servers that a story may not reach, the first of each server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BlockedRequests {
    first: Vec<BlockedRequest>,
    /// The number of requests to further servers.
    more: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct BlockedRequest {
    address: String,
    host: HostPort,
    message: String,
}

impl BlockedRequests {
    pub(super) fn add(&mut self, address: &str, host: &HostPort, why: &str) {
        if self.first.iter().any(|known| known.host == *host) {
            return;
        }
        if self.first.len() == MAX_SERVERS {
            self.more += 1;
            return;
        }
        self.first.push(BlockedRequest {
            address: address.chars().take(MAX_ADDRESS).collect(),
            host: host.clone(),
            message: message(host, why),
        });
    }

    /// The listed requests to servers that the other list does not have.
    pub(crate) fn without(&self, other: &Self) -> Self {
        let is_new = |each: &&BlockedRequest| other.first.iter().all(|o| o.host != each.host);
        Self {
            first: self.first.iter().filter(is_new).cloned().collect(),
            more: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// Whether requests to the server of this address were blocked.
    pub(crate) fn contains(&self, address: &str) -> bool {
        let url = url::Url::parse(address).ok();
        let host = url.and_then(|url| HostPort::of_url(&url));
        host.is_some_and(|host| self.first.iter().any(|known| known.host == host))
    }

    /// The requests as errors of the page.
    pub(crate) fn errors(&self) -> Vec<PageError> {
        let error = |message: String, url: Option<String>| PageError {
            kind: PageErrorKind::Request,
            message,
            url,
        };
        let first = self.first.iter();
        let first = first.map(|each| error(each.message.clone(), Some(each.address.clone())));
        let more = (self.more > 0).then(|| {
            let message = format!(
                "blocked, and so were {} requests to other servers",
                self.more
            );
            error(message, None)
        });
        first.chain(more).collect()
    }
}

/// Why a request is blocked, and how to allow it, on one line.
pub(super) fn message(host: &HostPort, why: &str) -> String {
    format!("blocked: {host} {why} (help: allow it with `allow-hosts = [\"{host}\"]` in [capture])")
}

#[cfg(test)]
mod tests {
    use super::{BlockedRequests, MAX_SERVERS};
    use crate::manifest::HostPort;

    #[test]
    fn a_scan_of_all_ports_is_listed_in_part() {
        let mut blocked = BlockedRequests::default();
        for port in 1..=u16::MAX {
            let host = HostPort::parse(&format!("127.0.0.1:{port}")).unwrap();
            for path in ["a", "b"] {
                let address = format!("http://127.0.0.1:{port}/{path}");
                blocked.add(&address, &host, "is on loopback");
            }
        }
        let errors = blocked.errors();
        assert_eq!(errors.len(), MAX_SERVERS + 1);
        let first = errors[0].to_string();
        assert!(first.contains("http://127.0.0.1:1/a"), "{first}");
        assert!(
            first.contains("blocked: 127.0.0.1:1 is on loopback"),
            "{first}"
        );
        assert!(first.contains("allow-hosts = [\"127.0.0.1:1\"]"), "{first}");
        assert!(blocked.contains("http://127.0.0.1:1/other"));
        assert!(!blocked.contains("http://127.0.0.2:1/"));
    }
}
