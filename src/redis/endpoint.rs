//! The address of a Redis server and how to connect to it.

use std::pin::Pin;
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, ConnectionInfo, ProtocolVersion, PushInfo};
use tokio::sync::mpsc;

use super::connection::Connection;
use super::error::StoreError;
#[cfg(unix)]
use super::error::StoreErrorKind;
#[cfg(unix)]
use super::private_server::PrivateServer;

/// How long a server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(1500);
/// How long a server may take to answer. With a heartbeat every second, a
/// half-open connection is detected within three seconds.
const RESPONSE_TIMEOUT: Duration = Duration::from_millis(1900);

/// The address of the server or servers.
#[derive(Clone, Debug)]
pub(crate) enum Endpoint {
    /// One server.
    Single(Box<ConnectionInfo>),
    /// A private redis-server, started on demand.
    #[cfg(unix)]
    Private(PrivateServer),
    /// Some nodes of a cluster, from which the others are discovered.
    #[cfg(feature = "cluster")]
    Cluster(Vec<ConnectionInfo>),
    /// Sentinels that know the primary.
    #[cfg(feature = "sentinel")]
    Sentinel(Box<super::sentinel::SentinelConfig>),
}

impl Endpoint {
    /// Whether keys are distributed over slots.
    pub(crate) fn is_cluster(&self) -> bool {
        #[cfg(feature = "cluster")]
        if let Self::Cluster(_) = self {
            return true;
        }
        false
    }

    /// Marks a private server as in use, so that it does not stop.
    pub(crate) fn keep_alive(&self) {
        #[cfg(unix)]
        if let Self::Private(server) = self {
            server.touch();
        }
    }

    /// Connects; starts the private server first if it is not running.
    ///
    /// Boxed, because with every feature the nested future types exceed the
    /// compiler's recursion limit.
    pub(crate) fn connect(
        &self,
    ) -> Pin<Box<dyn Future<Output = Result<Connection, StoreError>> + Send + '_>> {
        Box::pin(self.open())
    }

    async fn open(&self) -> Result<Connection, StoreError> {
        #[cfg(feature = "tls")]
        {
            // Fails if the program has installed another provider, which is fine.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        #[cfg(feature = "cluster")]
        if let Self::Cluster(nodes) = self {
            let client = ::redis::cluster::ClusterClient::builder(nodes.clone())
                .connection_timeout(CONNECT_TIMEOUT)
                .response_timeout(RESPONSE_TIMEOUT)
                .retries(1)
                .build()?;
            return Ok(Connection::cluster(client.get_async_connection().await?));
        }
        let client = Client::open(self.resolve().await?)?;
        let config = connection_config();
        let connection = client.get_multiplexed_async_connection_with_config(&config);
        Ok(Connection::single(connection.await?))
    }

    /// Subscribes to a channel on a separate connection. The receiver gets
    /// every message, and a disconnection when the connection is lost.
    pub(crate) async fn subscribe(
        &self,
        channel: &str,
    ) -> Result<(MultiplexedConnection, mpsc::UnboundedReceiver<PushInfo>), StoreError> {
        let info = self.resolve().await?;
        let redis = info.redis_settings().clone();
        let info = info.set_redis_settings(redis.set_protocol(ProtocolVersion::RESP3));
        let (sender, receiver) = mpsc::unbounded_channel();
        let client = Client::open(info)?;
        let config = connection_config().set_push_sender(sender);
        let mut connection = client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        connection.subscribe(channel).await?;
        Ok((connection, receiver))
    }

    /// The address of one server: a node of the cluster, the primary, or the
    /// started private server.
    async fn resolve(&self) -> Result<ConnectionInfo, StoreError> {
        match self {
            Self::Single(info) => {
                let tcp = info.tcp_settings().clone().set_nodelay(true);
                Ok(info.as_ref().clone().set_tcp_settings(tcp))
            }
            #[cfg(feature = "cluster")]
            Self::Cluster(nodes) => Ok(nodes[0].clone()),
            #[cfg(feature = "sentinel")]
            Self::Sentinel(sentinels) => sentinels.primary(CONNECT_TIMEOUT * 2).await,
            #[cfg(unix)]
            Self::Private(server) => {
                let starting = server.clone();
                let started = tokio::task::spawn_blocking(move || starting.ensure_running()).await;
                let unreachable = |message: String| StoreError {
                    kind: StoreErrorKind::Unreachable,
                    message,
                };
                let socket = started
                    .map_err(|error| unreachable(error.to_string()))?
                    .map_err(|error| unreachable(error.to_string()))?;
                let address = ::redis::ConnectionAddr::Unix(socket);
                Ok(::redis::IntoConnectionInfo::into_connection_info(address)?)
            }
        }
    }
}

fn connection_config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_TIMEOUT))
        .set_response_timeout(Some(RESPONSE_TIMEOUT))
}
