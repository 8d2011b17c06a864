//! A connection to one server or to a cluster.

use ::redis::aio::{ConnectionLike, MultiplexedConnection};
use ::redis::{Cmd, Pipeline, RedisFuture, Value};

/// A connection to the Redis server. Clones share it.
#[derive(Clone)]
pub struct Connection(Transport);

#[derive(Clone)]
enum Transport {
    Single(MultiplexedConnection),
    #[cfg(feature = "cluster")]
    Cluster(::redis::cluster_async::ClusterConnection),
}

impl Connection {
    pub(super) fn single(connection: MultiplexedConnection) -> Self {
        Self(Transport::Single(connection))
    }

    #[cfg(feature = "cluster")]
    pub(super) fn cluster(connection: ::redis::cluster_async::ClusterConnection) -> Self {
        Self(Transport::Cluster(connection))
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match &mut self.0 {
            Transport::Single(connection) => connection.req_packed_command(cmd),
            #[cfg(feature = "cluster")]
            Transport::Cluster(connection) => connection.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match &mut self.0 {
            Transport::Single(connection) => {
                connection.req_packed_commands(pipeline, offset, count)
            }
            // No pipeline is a transaction, so offset and count cover all of it.
            #[cfg(feature = "cluster")]
            Transport::Cluster(connection) => super::cluster::send(connection, pipeline),
        }
    }

    fn get_db(&self) -> i64 {
        match &self.0 {
            Transport::Single(connection) => connection.get_db(),
            #[cfg(feature = "cluster")]
            Transport::Cluster(connection) => connection.get_db(),
        }
    }
}
