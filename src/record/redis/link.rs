//! Connections: to which servers, with which time-outs.

use std::time::Duration;

use ::redis::aio::{ConnectionLike, MultiplexedConnection};
use ::redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionInfo, Pipeline, ProtocolVersion, PushInfo,
    RedisFuture, Value,
};
use tokio::sync::mpsc;

#[cfg(unix)]
use super::private::PrivateServer;
use crate::record::error::Fault;
use crate::record::store::Answer;

/// A server that does not take the connection in this time is away.
pub(super) const CONNECT: Duration = Duration::from_millis(1500);
/// A server that does not answer in this time is silent. With a sign of life
/// every second, a half-open connection is noticed within three.
const RESPONSE: Duration = Duration::from_millis(1900);

/// Where the servers are.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// One server.
    Single(Box<ConnectionInfo>),
    /// A server of our own, started when it is needed.
    #[cfg(unix)]
    Private(PrivateServer),
    /// Some nodes of a cluster, which know the others.
    #[cfg(feature = "cluster")]
    Cluster(Vec<ConnectionInfo>),
    /// Sentinels that know which server is the primary.
    #[cfg(feature = "sentinel")]
    Sentinel(Box<super::sentinel::Sentinels>),
}

/// A connection that can be cloned and shared.
#[derive(Clone)]
pub(crate) enum Link {
    /// To one server.
    One(MultiplexedConnection),
    /// To all servers of a cluster.
    #[cfg(feature = "cluster")]
    Many(::redis::cluster_async::ClusterConnection),
}

impl Place {
    /// Whether keys are spread over slots.
    pub(crate) fn is_cluster(&self) -> bool {
        #[cfg(feature = "cluster")]
        if let Self::Cluster(_) = self {
            return true;
        }
        false
    }

    /// Connects; a private server is started first if it is not running.
    ///
    /// Boxed, for with every feature the types within nest so deep that the
    /// compiler would give up on those who wait for it.
    pub(crate) fn connect(&self) -> Answer<'_, Link> {
        Box::pin(self.open())
    }

    async fn open(&self) -> Result<Link, Fault> {
        #[cfg(feature = "tls")]
        {
            // A program may have chosen another provider before.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        #[cfg(feature = "cluster")]
        if let Self::Cluster(nodes) = self {
            let client = ::redis::cluster::ClusterClient::builder(nodes.clone())
                .connection_timeout(CONNECT)
                .response_timeout(RESPONSE)
                .retries(1)
                .build()?;
            return Ok(Link::Many(client.get_async_connection().await?));
        }
        let client = Client::open(self.info().await?)?;
        let config = config();
        let connection = client.get_multiplexed_async_connection_with_config(&config);
        Ok(Link::One(connection.await?))
    }

    /// Subscribes on a connection of its own: what is published arrives at the
    /// receiver, and a last word when the connection is lost.
    pub(crate) async fn subscribe(
        &self,
        channel: &str,
    ) -> Result<(MultiplexedConnection, mpsc::UnboundedReceiver<PushInfo>), Fault> {
        let info = self.info().await?;
        let redis = info.redis_settings().clone();
        let info = info.set_redis_settings(redis.set_protocol(ProtocolVersion::RESP3));
        let (sender, receiver) = mpsc::unbounded_channel();
        let client = Client::open(info)?;
        let mut connection = client
            .get_multiplexed_async_connection_with_config(&config().set_push_sender(sender))
            .await?;
        connection.subscribe(channel).await?;
        Ok((connection, receiver))
    }

    async fn info(&self) -> Result<ConnectionInfo, Fault> {
        match self {
            Self::Single(info) => {
                let tcp = info.tcp_settings().clone().set_nodelay(true);
                Ok(info.as_ref().clone().set_tcp_settings(tcp))
            }
            #[cfg(feature = "cluster")]
            Self::Cluster(nodes) => Ok(nodes[0].clone()),
            #[cfg(feature = "sentinel")]
            Self::Sentinel(sentinels) => sentinels.primary().await,
            #[cfg(unix)]
            Self::Private(server) => {
                let starting = server.clone();
                let started = tokio::task::spawn_blocking(move || starting.ensure()).await;
                let away = |message: String| Fault {
                    kind: crate::record::error::FaultKind::Away,
                    message,
                };
                let socket = started
                    .map_err(|e| away(e.to_string()))?
                    .map_err(|e| away(e.to_string()))?;
                let address = ::redis::ConnectionAddr::Unix(socket);
                Ok(::redis::IntoConnectionInfo::into_connection_info(address)?)
            }
        }
    }
}

fn config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT))
        .set_response_timeout(Some(RESPONSE))
}

/// A connection to the server that keeps the record. Clones share it.
#[derive(Clone)]
pub struct Connection(pub(crate) Link);

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        self.0.req_packed_command(cmd)
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        self.0.req_packed_commands(pipeline, offset, count)
    }

    fn get_db(&self) -> i64 {
        self.0.get_db()
    }
}

impl ConnectionLike for Link {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(link) => link.req_packed_command(cmd),
            #[cfg(feature = "cluster")]
            Self::Many(link) => link.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(link) => link.req_packed_commands(pipeline, offset, count),
            // All pipelines are plain ones, so offset and count say nothing new.
            #[cfg(feature = "cluster")]
            Self::Many(link) => super::cluster::send(link, pipeline),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(link) => link.get_db(),
            #[cfg(feature = "cluster")]
            Self::Many(link) => link.get_db(),
        }
    }
}
