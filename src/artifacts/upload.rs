//! Uploads what is in the outbox.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use super::error::ArtifactError;
use super::key::ObjectKey;
use super::outbox::Outbox;
use super::store::ArtifactStore;
use crate::files::sha256;

/// How many objects are uploaded at a time.
const CONCURRENT: usize = 8;

/// The outcome of uploading.
#[derive(Debug, Default)]
pub struct UploadReport {
    /// The number of objects that were uploaded, or were there already.
    pub uploaded: usize,
    /// The number of objects that wait.
    pub pending: usize,
    /// The first error.
    pub error: Option<ArtifactError>,
}

/// Uploads everything that waits, until the first error.
pub fn upload_pending(store: &ArtifactStore, outbox: &Outbox) -> UploadReport {
    let uploading = upload_all(store.clone(), outbox.clone());
    store.wait(uploading)
}

async fn upload_all(store: ArtifactStore, outbox: Outbox) -> UploadReport {
    let mut report = UploadReport::default();
    let (pictures, runs): (Vec<_>, Vec<_>) = outbox
        .pending()
        .into_iter()
        .partition(|key| key.sha256().is_some());
    // A run is readable for others once its pictures are.
    for keys in [pictures, runs] {
        let uploads = stream::iter(keys).map(|key| upload(&store, &outbox, key));
        let mut uploads = uploads.buffer_unordered(CONCURRENT);
        while report.error.is_none()
            && let Some(uploaded) = uploads.next().await
        {
            match uploaded {
                Ok(()) => report.uploaded += 1,
                Err(error) => report.error = Some(error),
            }
        }
    }
    report.pending = outbox.pending().len();
    report
}

/// Uploads one object and removes it from the outbox.
async fn upload(
    store: &ArtifactStore,
    outbox: &Outbox,
    key: ObjectKey,
) -> Result<(), ArtifactError> {
    let Some(mut file) = outbox.read(&key)? else {
        return Ok(());
    };
    let bytes = std::mem::take(&mut file.bytes);
    match key.sha256() {
        // A damaged picture would stay in the store forever.
        Some(hash) if sha256(&bytes) != hash => {
            tracing::warn!("{key} in the outbox is damaged and was removed");
        }
        _ => store.upload(&key, bytes).await?,
    }
    file.remove();
    Ok(())
}

/// Uploads objects while a run goes on.
pub(crate) struct UploadWorker {
    store: ArtifactStore,
    outbox: Outbox,
    keys: UnboundedSender<ObjectKey>,
    task: JoinHandle<()>,
}

/// Starts to upload objects while a run goes on.
pub(crate) fn start_uploads(store: ArtifactStore, outbox: Outbox) -> UploadWorker {
    let (keys, received) = unbounded_channel();
    let task = store
        .runtime()
        .spawn(upload_received(store.clone(), outbox.clone(), received));
    UploadWorker {
        store,
        outbox,
        keys,
        task,
    }
}

impl UploadWorker {
    /// Uploads an object of the outbox soon.
    pub(crate) fn upload(&self, key: ObjectKey) {
        // Once uploads have failed, it waits in the outbox.
        let _ = self.keys.send(key);
    }

    /// Uploads the rest, and what previous processes have left.
    pub(crate) fn finish(self) -> UploadReport {
        let Self {
            store,
            outbox,
            keys,
            task,
        } = self;
        drop(keys);
        let uploading = store.clone();
        store.wait(async move {
            let _ = task.await;
            upload_all(uploading, outbox).await
        })
    }
}

/// Uploads until the first error: the store is unavailable then, and
/// [`UploadWorker::finish`] tries once more.
async fn upload_received(
    store: ArtifactStore,
    outbox: Outbox,
    received: UnboundedReceiver<ObjectKey>,
) {
    let failed = Arc::new(Mutex::new(false));
    let keys = stream::unfold(received, async |mut received| {
        Some((received.recv().await?, received))
    });
    let is_failed = || *failed.lock().unwrap_or_else(PoisonError::into_inner);
    let uploads = keys.for_each_concurrent(CONCURRENT, async |key| {
        if is_failed() {
            return;
        }
        if let Err(error) = upload(&store, &outbox, key).await {
            tracing::warn!("{error}");
            *failed.lock().unwrap_or_else(PoisonError::into_inner) = true;
        }
    });
    uploads.await;
}
