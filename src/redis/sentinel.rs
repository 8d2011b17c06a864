//! Sentinel: every connection asks the sentinels for the current primary.

use ::redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
use ::redis::{ConnectionInfo, RedisConnectionInfo};
use std::time::Duration;
use tokio::time::timeout;

use super::error::{StoreError, StoreErrorKind};

/// The sentinels and the primary that they watch.
#[derive(Clone)]
pub(crate) struct SentinelConfig {
    /// The addresses of the sentinels.
    pub(crate) nodes: Vec<ConnectionInfo>,
    /// The name of the primary in their configuration.
    pub(crate) primary: String,
    /// User, password and database of the primary.
    pub(crate) login: RedisConnectionInfo,
}

impl std::fmt::Debug for SentinelConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Credentials are left out.
        f.debug_struct("SentinelConfig")
            .field("primary", &self.primary)
            .finish_non_exhaustive()
    }
}

impl SentinelConfig {
    /// The address of the current primary.
    pub(crate) async fn primary(&self, limit: Duration) -> Result<ConnectionInfo, StoreError> {
        let login =
            SentinelNodeConnectionInfo::default().set_redis_connection_info(self.login.clone());
        let mut client = SentinelClient::build(
            self.nodes.clone(),
            self.primary.clone(),
            Some(login),
            SentinelServerType::Master,
        )?;
        let asked = timeout(limit, client.async_get_client()).await;
        let client = asked.map_err(|_| StoreError {
            kind: StoreErrorKind::Timeout,
            message: format!("no sentinel knows a primary named `{}`", self.primary),
        })??;
        Ok(client.get_connection_info().clone())
    }
}
