//! Connects to the servers that a story may reach.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;
use url::{Host, Url};

use super::address_space::restriction;
use crate::manifest::HostPort;

/// Connects to the servers that a story may reach: public ones, its own, and
/// those that the manifest allows. Names are resolved once; what is checked is
/// what is connected to.
#[derive(Clone, Debug)]
pub(super) struct Connector(Arc<Permissions>);

#[derive(Debug)]
struct Permissions {
    own: Option<HostPort>,
    allowed: Vec<HostPort>,
}

/// Why a connection was not made.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    /// The story may not reach the server.
    #[error("{host} {why}")]
    Blocked {
        host: HostPort,
        /// "is on loopback"
        why: String,
    },
    /// The server's name is unknown, or it does not accept the connection.
    #[error(transparent)]
    Failed(#[from] io::Error),
}

impl Connector {
    pub(super) fn new(own: Option<HostPort>, allowed: &[HostPort]) -> Self {
        let allowed = allowed.to_owned();
        Self(Arc::new(Permissions { own, allowed }))
    }

    /// Whether the manifest allows this server.
    pub(super) fn allows(&self, host: &HostPort) -> bool {
        self.0.allowed.contains(host)
    }

    /// Connects to a server.
    pub(super) async fn connect(&self, host: &HostPort) -> Result<TcpStream, ConnectError> {
        let addresses = resolve(host).await?;
        let reachable: Vec<SocketAddr> = addresses
            .iter()
            .filter(|ip| self.0.refusal(host, **ip).is_none())
            .map(|ip| SocketAddr::new(*ip, host.port()))
            .collect();
        if let (true, Some(first)) = (reachable.is_empty(), addresses.first()) {
            let restriction = self.0.refusal(host, *first).unwrap_or_default();
            let why = match host.host() {
                Host::Domain(_) => format!("resolves to {first}, which {restriction}"),
                Host::Ipv4(_) | Host::Ipv6(_) => restriction.to_owned(),
            };
            let host = host.clone();
            return Err(ConnectError::Blocked { host, why });
        }
        let stream = TcpStream::connect(&*reachable).await?;
        // Requests are small and must not be delayed.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }
}

impl Permissions {
    /// Why `host` must not be reached at one of its addresses.
    fn refusal(&self, host: &HostPort, ip: IpAddr) -> Option<&'static str> {
        let is_at = |known: &HostPort| {
            let addresses = known.known_addresses().unwrap_or_default();
            known.port() == host.port() && addresses.contains(&ip.to_canonical())
        };
        let mut permitted = self.own.iter().chain(&self.allowed);
        if permitted.any(|known| known == host || is_at(known)) {
            return None;
        }
        restriction(ip)
    }
}

/// The addresses of a host.
async fn resolve(host: &HostPort) -> io::Result<Vec<IpAddr>> {
    if let Some(known) = host.known_addresses() {
        return Ok(known);
    }
    let name = host.host().to_string();
    let found = tokio::net::lookup_host((name, host.port())).await?;
    Ok(found.map(|address| address.ip()).collect())
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            let url = Url::parse(&address.to_string()).map_err(io::Error::other)?;
            let host = HostPort::of_url(&url).ok_or(io::ErrorKind::InvalidInput);
            let host = host.map_err(io::Error::from)?;
            Ok(TokioIo::new(connector.connect(&host).await?))
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::{ConnectError, Connector};
    use crate::manifest::HostPort;

    fn host(text: &str) -> HostPort {
        HostPort::parse(text).unwrap()
    }

    /// The reason for which a server is blocked, or `None` if it is not.
    async fn refusal(connector: &Connector, server: &str) -> Option<String> {
        match connector.connect(&host(server)).await {
            Err(ConnectError::Blocked { why, .. }) => Some(why),
            Ok(_) | Err(ConnectError::Failed(_)) => None,
        }
    }

    #[tokio::test]
    async fn only_the_own_and_the_allowed_servers_are_reached_on_this_machine() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let names = ["127.0.0.1", "localhost", "a.localhost", "[::ffff:7f00:1]"];
        let nothing = Connector::new(None, &[]);
        for name in names.iter().chain(&["0.0.0.0", "127.0.0.2", "[::1]"]) {
            let why = refusal(&nothing, &format!("{name}:{port}")).await;
            assert!(why.is_some(), "{name}");
        }
        let server = host(&format!("127.0.0.1:{port}"));
        let own = Connector::new(Some(server.clone()), &[]);
        let allowed = Connector::new(None, &[server]);
        for connector in [own, allowed] {
            for name in names {
                let server = host(&format!("{name}:{port}"));
                assert!(connector.connect(&server).await.is_ok(), "{name}");
            }
            let why = refusal(&connector, "127.0.0.1:1").await;
            assert_eq!(why.as_deref(), Some("is on loopback"));
        }
    }

    /// The name of a machine resolves to one of its own addresses.
    #[tokio::test]
    async fn a_name_is_checked_by_the_addresses_to_which_it_resolves() {
        let name = crate::config::Config::default().system.host;
        let why = refusal(&Connector::new(None, &[]), &format!("{name}:80")).await;
        assert!(why.is_some_and(|why| why.starts_with("resolves to ")));
        let allowed = Connector::new(None, &[host(&format!("{name}:80"))]);
        assert_eq!(refusal(&allowed, &format!("{name}:80")).await, None);
    }
}
