//! Connections: to which servers, with which time-outs.

use std::time::Duration;

use ::redis::aio::{ConnectionLike, MultiplexedConnection};
use ::redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionInfo, Pipeline, ProtocolVersion, PushInfo,
    RedisFuture, Value,
};
use tokio::sync::mpsc;

use super::private::PrivateServer;
use crate::record::error::{Fault, FaultKind};

/// A server that does not take the connection in this time is away.
const CONNECT: Duration = Duration::from_millis(1500);
/// A server that does not answer in this time is silent. With a sign of life
/// every second, a half-open connection is noticed within three.
const RESPONSE: Duration = Duration::from_millis(1900);

/// Where the servers are.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// One server.
    Single(Box<ConnectionInfo>),
    /// A server of our own, started when it is needed.
    Private(PrivateServer),
}

/// A connection that can be cloned and shared.
#[derive(Clone)]
pub(crate) enum Link {
    /// To one server.
    One(MultiplexedConnection),
}

impl Place {
    /// Whether keys are spread over slots.
    #[expect(clippy::unused_self, reason = "clusters come with their feature")]
    pub(crate) fn is_cluster(&self) -> bool {
        false
    }

    /// Connects; a private server is started first if it is not running.
    pub(crate) async fn connect(&self) -> Result<Link, Fault> {
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
            Self::Private(server) => {
                let starting = server.clone();
                let started = tokio::task::spawn_blocking(move || starting.ensure()).await;
                let away = |message: String| Fault {
                    kind: FaultKind::Away,
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
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(link) => link.get_db(),
        }
    }
}
