//! Sends requests to the collector.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{RetryPolicy, SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};

use crate::https;

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How often a request is repeated.
const RETRIES: usize = 2;
/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 1 << 20;

/// A collector of OpenTelemetry, as the environment names it.
pub(super) struct Collector {
    exporter: SpanExporter,
    client: CollectorClient,
}

impl Collector {
    /// Prepares requests; connects to nothing yet.
    pub(super) fn new(names_service: bool) -> Result<Self, String> {
        let client = CollectorClient {
            client: https::client(TIMEOUT)?,
            failure: Arc::default(),
        };
        let builder = SpanExporter::builder().with_http();
        let mut exporter = builder
            .with_http_client(client.clone())
            .with_retry_policy(RetryPolicy::default().with_max_retries(RETRIES))
            .build()
            .map_err(|error| error.to_string())?;
        let resource = Resource::builder();
        let resource = match names_service {
            true => resource,
            false => resource.with_service_name("tintype"),
        };
        exporter.set_resource(&resource.build());
        Ok(Self { exporter, client })
    }

    /// Sends spans.
    pub(super) async fn send(&self, spans: Vec<SpanData>) -> Result<(), String> {
        let sent = self.exporter.export(spans).await;
        sent.map_err(|error| self.client.take_failure().unwrap_or(error.to_string()))
    }
}

/// Sends requests, and keeps the reason of the last failure, which the exporter does
/// not tell.
#[derive(Clone)]
struct CollectorClient {
    client: reqwest::Client,
    failure: Arc<Mutex<Option<String>>>,
}

impl CollectorClient {
    fn fail(&self, reason: String) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
    }

    fn take_failure(&self) -> Option<String> {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.take()
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, reqwest::Error> {
        let mut response = self.client.execute(request.try_into()?).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await? {
            if body.len() + part.len() > MAX_ANSWER {
                break;
            }
            body.extend_from_slice(&part);
        }
        if !status.is_success() {
            self.fail(format!("it answered {status}"));
        }
        let mut answer = Response::new(Bytes::from(body));
        *answer.status_mut() = status;
        *answer.headers_mut() = headers;
        Ok(answer)
    }
}

impl fmt::Debug for CollectorClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CollectorClient")
    }
}

impl HttpClient for CollectorClient {
    fn send_bytes<'a, 'f>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>
    where
        'a: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            self.send(request).await.map_err(|error| {
                let reason = https::reason(error);
                self.fail(reason.clone());
                reason.into()
            })
        })
    }
}
