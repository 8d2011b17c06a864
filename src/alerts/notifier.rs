//! Sends alerts to a webhook in the background.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use tokio::sync::Semaphore;

use super::payload::{format_of, payload};
use crate::config::UnsetVariable;
#[cfg(feature = "webhook")]
use crate::https;
use crate::manifest::{AlertSettings, WebhookFormat};
use crate::record::AlertChange;
use crate::redact;

/// How long one request may take.
#[cfg(feature = "webhook")]
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a request is repeated.
const RETRIES: usize = 4;
/// The delay before the first repetition, which then doubles.
const FIRST_DELAY: Duration = Duration::from_millis(500);
/// So many requests are under way at once at most.
const MOST: u32 = 64;

/// Why an alert was not sent.
#[derive(Debug)]
struct SendError {
    reason: String,
    may_pass: bool,
}

/// Sends alerts to the webhook of a project, if it has one.
pub struct Notifier {
    webhook: Option<Arc<OpenWebhook>>,
    /// A permit for each request that is not under way.
    idle: Arc<Semaphore>,
    failures: Arc<Mutex<Vec<String>>>,
}

struct OpenWebhook {
    #[cfg(feature = "webhook")]
    client: reqwest::Client,
    url: url::Url,
    format: WebhookFormat,
}

impl Notifier {
    /// Prepares the webhook. A variable that is not set, or an invalid address, is
    /// a warning: alerts never keep a run from starting.
    pub fn new(settings: &AlertSettings) -> Self {
        let opened = settings.webhook.as_ref().map(|webhook| {
            let filled = webhook.url.fill_in();
            let url = filled.map_err(|UnsetVariable { variable }| {
                format!("`webhook` in [alerts] needs the variable {variable}, which is not set")
            })?;
            OpenWebhook::new(url.reveal(), webhook.format)
        });
        let (webhook, failures) = match opened.transpose() {
            Ok(webhook) => (webhook.map(Arc::new), Vec::new()),
            Err(problem) => (None, vec![format!("alerts are not sent: {problem}")]),
        };
        Self {
            webhook,
            idle: Arc::new(Semaphore::new(MOST as usize)),
            failures: Arc::new(Mutex::new(failures)),
        }
    }

    /// Sends an alert without waiting. Must be called inside a tokio runtime.
    pub fn send(&self, change: &AlertChange) {
        let Some(webhook) = self.webhook.clone() else {
            return;
        };
        let Ok(permit) = Arc::clone(&self.idle).try_acquire_owned() else {
            self.add_failure(format!(
                "too many alerts at once; `{}` was not sent",
                change.name
            ));
            return;
        };
        let body = payload(change, webhook.format).to_string();
        let (failures, name) = (Arc::clone(&self.failures), change.name.clone());
        tokio::spawn(async move {
            if let Err(error) = webhook.send_with_retries(&body).await {
                let reason = redact::redact(&error.reason).into_owned();
                let text = format!("the alert `{name}` was not sent to the webhook: {reason}");
                tracing::warn!("{text}");
                failures
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(text);
            }
            drop(permit);
        });
    }

    /// Waits until nothing is under way, at most `limit`. Returns false if something
    /// still is.
    pub async fn flush(&self, limit: Duration) -> bool {
        let all = self.idle.acquire_many(MOST);
        matches!(tokio::time::timeout(limit, all).await, Ok(Ok(_)))
    }

    /// Takes a sentence for each alert that was not sent.
    pub fn take_failures(&self) -> Vec<String> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut failures)
    }

    fn add_failure(&self, text: String) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.push(text);
    }
}

impl OpenWebhook {
    fn new(address: &str, format: Option<WebhookFormat>) -> Result<Self, String> {
        let url: url::Url = address
            .parse()
            .map_err(|error| format!("`webhook` in [alerts] is not an address: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("`webhook` in [alerts] must begin with http:// or https://".to_owned());
        }
        // The path of a webhook is its password.
        redact::register(address);
        let secret = url.path().trim_matches('/');
        if secret.len() >= 8 {
            redact::register(secret);
        }
        if let Some(query) = url.query() {
            redact::register(query);
        }
        Ok(Self {
            #[cfg(feature = "webhook")]
            client: https::client(REQUEST_TIMEOUT)?,
            format: format.unwrap_or_else(|| format_of(&url)),
            url,
        })
    }

    async fn send_with_retries(&self, body: &str) -> Result<(), SendError> {
        let delays = ExponentialBuilder::new()
            .with_min_delay(FIRST_DELAY)
            .with_max_times(RETRIES);
        (|| self.send(body.to_owned()))
            .retry(delays)
            .when(|error| error.may_pass)
            .await
    }

    #[cfg(feature = "webhook")]
    async fn send(&self, body: String) -> Result<(), SendError> {
        let request = self.client.post(self.url.clone());
        let request = request
            .header("content-type", "application/json")
            .body(body);
        let response = request.send().await.map_err(|error| SendError {
            may_pass: true,
            reason: https::reason(error),
        })?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        Err(SendError {
            may_pass: status.is_server_error() || matches!(status.as_u16(), 408 | 429),
            reason: format!("it answered {status}"),
        })
    }

    /// The manifest refuses a webhook without the feature.
    #[cfg(not(feature = "webhook"))]
    async fn send(&self, _: String) -> Result<(), SendError> {
        Err(SendError {
            may_pass: false,
            reason: format!(
                "tintype lacks the feature `webhook` for {}",
                self.url.scheme()
            ),
        })
    }
}
