//! Sentinel: which server is the primary is asked anew for every connection.

use ::redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
use ::redis::{ConnectionInfo, RedisConnectionInfo};
use tokio::time::timeout;

use super::link::CONNECT;
use crate::record::error::{Fault, FaultKind};

/// Sentinels and what they watch.
#[derive(Clone)]
pub(crate) struct Sentinels {
    /// The sentinels.
    pub(crate) nodes: Vec<ConnectionInfo>,
    /// The name under which they know the primary.
    pub(crate) primary: String,
    /// How to log in to the primary.
    pub(crate) login: RedisConnectionInfo,
}

impl std::fmt::Debug for Sentinels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Nothing of the log-in is shown.
        f.debug_struct("Sentinels")
            .field("primary", &self.primary)
            .finish_non_exhaustive()
    }
}

impl Sentinels {
    /// Where the primary is now.
    pub(crate) async fn primary(&self) -> Result<ConnectionInfo, Fault> {
        let login =
            SentinelNodeConnectionInfo::default().set_redis_connection_info(self.login.clone());
        let mut client = SentinelClient::build(
            self.nodes.clone(),
            self.primary.clone(),
            Some(login),
            SentinelServerType::Master,
        )?;
        let asked = timeout(CONNECT * 2, client.async_get_client()).await;
        let client = asked.map_err(|_| Fault {
            kind: FaultKind::Silent,
            message: format!("no sentinel names the primary `{}`", self.primary),
        })??;
        Ok(client.get_connection_info().clone())
    }
}
