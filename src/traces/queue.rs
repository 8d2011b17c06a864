//! Sends spans in the background.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver as EndReceiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use opentelemetry_sdk::trace::SpanData;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::timeout;

use super::collector::Collector;
use crate::redact::redact;

/// So many spans wait at most; further ones are lost.
const MAX_WAITING: usize = 16_384;
/// So many spans are in one request at most.
const MAX_BATCH: usize = 512;
/// How long spans wait for others of their request.
const BATCH_DELAY: Duration = Duration::from_secs(1);
/// How long the end of a run waits for the last requests.
const LAST_REQUESTS: Duration = Duration::from_secs(2);

/// The spans that wait to be sent.
pub(super) struct SpanQueue {
    sender: Sender<SpanData>,
    counts: Arc<SpanCounts>,
    ended: EndReceiver<()>,
}

#[derive(Default)]
struct SpanCounts {
    made: AtomicUsize,
    sent: AtomicUsize,
    /// Why spans were lost, the last reason.
    failure: Mutex<Option<String>>,
}

impl SpanCounts {
    fn fail(&self, reason: String) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
    }
}

impl SpanQueue {
    /// Starts the thread that sends spans.
    pub(super) fn start(collector: Collector) -> Result<Self, String> {
        let (sender, spans) = tokio::sync::mpsc::channel(MAX_WAITING);
        let (end, ended) = channel();
        let counts = Arc::new(SpanCounts::default());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        let shared = Arc::clone(&counts);
        let send_all = move || {
            runtime.block_on(send_all(&collector, spans, &shared));
            // The run waits for a bounded time only.
            let _ = end.send(());
        };
        let thread = thread::Builder::new().name("tintype-traces".to_owned());
        thread.spawn(send_all).map_err(|error| error.to_string())?;
        Ok(Self {
            sender,
            counts,
            ended,
        })
    }

    /// Sends a span later, without waiting.
    pub(super) fn push(&self, span: SpanData) {
        self.counts.made.fetch_add(1, Ordering::Relaxed);
        // A full queue loses it, which the end of the run reports.
        let _ = self.sender.try_send(span);
    }

    /// Sends what waits, for a bounded time. Returns a warning if spans were lost.
    pub(super) fn finish(self) -> Option<String> {
        drop(self.sender);
        let in_time = self.ended.recv_timeout(LAST_REQUESTS).is_ok();
        let made = self.counts.made.load(Ordering::Relaxed);
        let lost = made - self.counts.sent.load(Ordering::Relaxed);
        let failure = self.counts.failure.lock();
        let failure = failure.unwrap_or_else(PoisonError::into_inner).take();
        let reason = failure.unwrap_or_else(|| match in_time {
            true => "more spans were waiting than the queue holds".to_owned(),
            false => "it did not answer in time".to_owned(),
        });
        (lost > 0).then(|| {
            format!(
                "{lost} of {made} spans were not sent to the OpenTelemetry collector: {}",
                redact(&reason)
            )
        })
    }
}

async fn send_all(collector: &Collector, mut spans: Receiver<SpanData>, counts: &SpanCounts) {
    loop {
        let mut batch = Vec::new();
        let filled = timeout(BATCH_DELAY, fill(&mut spans, &mut batch)).await;
        if !batch.is_empty() {
            let count = batch.len();
            match collector.send(batch).await {
                Ok(()) => {
                    counts.sent.fetch_add(count, Ordering::Relaxed);
                }
                Err(reason) => {
                    tracing::debug!("traces were not exported: {}", redact(&reason));
                    counts.fail(reason);
                    // The end of the run does not wait for the other ones.
                    if spans.is_closed() {
                        return;
                    }
                }
            }
        }
        if filled == Ok(Fill::Closed) {
            return;
        }
    }
}

/// Why a batch is complete.
#[derive(PartialEq, Eq)]
enum Fill {
    Full,
    Closed,
}

async fn fill(spans: &mut Receiver<SpanData>, batch: &mut Vec<SpanData>) -> Fill {
    while batch.len() < MAX_BATCH {
        match spans.recv().await {
            Some(span) => batch.push(span),
            None => return Fill::Closed,
        }
    }
    Fill::Full
}
