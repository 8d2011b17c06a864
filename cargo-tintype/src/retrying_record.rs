//! Queries the record, and waits while it is unavailable.

use std::time::Duration;

use anyhow::Result;
use tintype::internals::record::{RecordError, Records};
use tintype::internals::redis::Recovery;
use tokio::time::sleep;

use crate::record_access::record_error;

/// How often a record that is unavailable is tried again.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);

/// Queries the record, and waits while it is unavailable.
pub(crate) struct RetryingRecord<'a> {
    records: &'a Records,
    /// Prints a line for the user.
    print: Box<dyn Fn(&str) + 'a>,
}

impl<'a> RetryingRecord<'a> {
    pub(crate) fn new(records: &'a Records, print: impl Fn(&str) + 'a) -> Self {
        Self {
            records,
            print: Box::new(print),
        }
    }

    /// Retries until there is an answer or a permanent error.
    pub(crate) async fn request<T>(
        &self,
        mut query: impl AsyncFnMut() -> Result<T, RecordError>,
    ) -> Result<T> {
        loop {
            match query().await {
                Err(error) if is_temporary(&error) => self.wait_out(&error).await?,
                other => return other.map_err(record_error),
            }
        }
    }

    async fn wait_out(&self, error: &RecordError) -> Result<()> {
        (self.print)(&format!(
            "{error}\nretrying until the record is available (press Ctrl-C to stop)"
        ));
        loop {
            sleep(RETRY_INTERVAL).await;
            match self.records.run_count().await {
                Err(error) if is_temporary(&error) => {}
                other => {
                    other.map_err(record_error)?;
                    (self.print)("the record is available again");
                    return Ok(());
                }
            }
        }
    }
}

fn is_temporary(error: &RecordError) -> bool {
    matches!(error, RecordError::Store(fault) if fault.kind.recovery() != Recovery::Park)
}
