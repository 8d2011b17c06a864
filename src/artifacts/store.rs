//! Reads and writes objects.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _};
use tokio::runtime::{Handle, Runtime};

use super::connection::connect;
use super::error::ArtifactError;
use super::key::ObjectKey;
use crate::config::ArtifactLocation;
use crate::files::sha256;
use crate::model::{RunFile, RunId};

/// The age, by the clock of the store, from which an object may be removed if
/// nothing refers to it. Younger ones may be of a run in progress.
const GRACE: Duration = Duration::from_secs(24 * 60 * 60);

/// The artifact store. Clones share its connections.
#[derive(Clone)]
pub struct ArtifactStore {
    objects: Arc<dyn ObjectStore>,
    prefix: ObjectPath,
    /// The address, for messages.
    name: Arc<str>,
    runtime: Handle,
    /// When the store could not be reached, and why.
    pub(super) unavailable: Arc<Mutex<Option<(Instant, String)>>>,
}

/// A run that the store has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRun {
    /// The run.
    pub run: RunId,
    /// When its `run.json` was written, in milliseconds since the Unix epoch.
    pub written: i64,
}

impl fmt::Debug for ArtifactStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArtifactStore({})", self.name)
    }
}

impl ArtifactStore {
    /// The store at an address. A process has one of each; nothing is sent yet.
    ///
    /// # Errors
    /// When the settings of the provider are incomplete or invalid.
    pub fn open(location: &ArtifactLocation) -> Result<Self, ArtifactError> {
        static OPEN: Mutex<Option<HashMap<String, ArtifactStore>>> = Mutex::new(None);
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let open = open.get_or_insert_default();
        let name = location.to_string();
        if let Some(store) = open.get(&name) {
            return Ok(store.clone());
        }
        let (objects, prefix) = connect(location)?;
        let store = Self {
            objects,
            prefix,
            name: name.as_str().into(),
            runtime: runtime(&name)?,
            unavailable: Arc::default(),
        };
        open.insert(name, store.clone());
        Ok(store)
    }

    /// The address.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Waits for a future, also on a thread of another runtime.
    pub(super) fn wait<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let (sender, receiver) = mpsc::channel();
        self.runtime.spawn(async move {
            let _ = sender.send(future.await);
        });
        receiver
            .recv()
            .expect("the runtime lives as long as the process")
    }

    pub(super) fn objects(&self) -> &dyn ObjectStore {
        &*self.objects
    }

    pub(super) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    pub(super) fn path(&self, key: &str) -> ObjectPath {
        let parts = self.prefix.parts();
        let own = key.split('/').map(Into::into);
        parts.chain(own).collect()
    }

    pub(super) fn failed(
        &self,
        action: impl Into<String>,
        error: &object_store::Error,
    ) -> ArtifactError {
        ArtifactError::failed(&self.name, action, error)
    }

    /// The details of an object, if there is one.
    pub(super) async fn head(&self, key: &str) -> Result<Option<ObjectMeta>, ArtifactError> {
        match self.objects.head(&self.path(key)).await {
            Ok(meta) => Ok(Some(meta)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed(format!("look up {key}"), &error)),
        }
    }

    pub(super) async fn write(&self, key: &str, bytes: Vec<u8>) -> Result<(), ArtifactError> {
        let written = self.objects.put(&self.path(key), bytes.into()).await;
        written.map_err(|error| self.failed(format!("write {key}"), &error))?;
        Ok(())
    }

    /// Writes an object, unless it is a picture that is there already. One that
    /// is so old that it may be removed is written again.
    pub(super) async fn upload(
        &self,
        key: &ObjectKey,
        bytes: Vec<u8>,
    ) -> Result<(), ArtifactError> {
        if key.sha256().is_some()
            && let Some(found) = self.head(key.as_str()).await?
            && found.size == bytes.len() as u64
            && age(&found) < GRACE / 2
        {
            return Ok(());
        }
        self.write(key.as_str(), bytes).await
    }

    pub(super) async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, ArtifactError> {
        let read = async {
            let object = self.objects.get(&self.path(key)).await?;
            object.bytes().await
        };
        match read.await {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed(format!("read {key}"), &error)),
        }
    }

    pub(super) async fn delete(&self, key: &str) -> Result<(), ArtifactError> {
        match self.objects.delete(&self.path(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed(format!("delete {key}"), &error)),
        }
    }

    /// The objects below a folder, each with its key.
    pub(super) async fn list(
        &self,
        folder: &str,
    ) -> Result<Vec<(String, ObjectMeta)>, ArtifactError> {
        let found = self.objects.list(Some(&self.path(folder))).try_collect();
        let found: Vec<ObjectMeta> = match found.await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => Vec::new(),
            Err(error) => return Err(self.failed(format!("list {folder}"), &error)),
        };
        let named = found.into_iter().filter_map(|meta| {
            let parts = meta.location.prefix_match(&self.prefix)?;
            let parts: Vec<_> = parts.map(|part| decoded(part.as_ref())).collect();
            Some((parts.join("/"), meta))
        });
        Ok(named.collect())
    }

    /// Reads a picture and checks its SHA-256.
    pub(super) async fn verified(&self, hash: &str) -> Result<Vec<u8>, ArtifactError> {
        let missing = |object: String| ArtifactError::Missing {
            store: self.name.to_string(),
            object,
        };
        let key = ObjectKey::picture(hash)
            .ok_or_else(|| missing(format!("picture `{hash}`, which is not a SHA-256")))?;
        let bytes = self.read(key.as_str()).await.inspect_err(|error| {
            if let ArtifactError::Failed { reason, .. } = error {
                let unavailable = self.unavailable.lock();
                let mut unavailable = unavailable.unwrap_or_else(PoisonError::into_inner);
                *unavailable = Some((Instant::now(), reason.clone()));
            }
        })?;
        let bytes = bytes.ok_or_else(|| missing(key.to_string()))?;
        let found = sha256(&bytes);
        if found != hash {
            return Err(ArtifactError::Damaged {
                store: self.name.to_string(),
                object: key.to_string(),
                expected: hash.to_owned(),
                found,
            });
        }
        Ok(bytes)
    }

    /// Reads a file of a run, such as `run.json`; `None` if it is not there.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub fn run_file(&self, run: &RunId, name: &str) -> Result<Option<Vec<u8>>, ArtifactError> {
        let (store, key) = (self.clone(), ObjectKey::run_file(run, name));
        self.wait(async move { store.read(key.as_str()).await })
    }

    /// The runs that the store has, newest first.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub fn runs(&self) -> Result<Vec<StoredRun>, ArtifactError> {
        let store = self.clone();
        self.wait(async move {
            let files = store.list("runs").await?;
            let mut runs: Vec<StoredRun> = files.iter().filter_map(stored_run).collect();
            runs.sort_by_key(|run| std::cmp::Reverse(run.written));
            Ok(runs)
        })
    }

    /// Writes, reads and deletes an object.
    ///
    /// # Errors
    /// When one of these fails.
    pub fn check(&self) -> Result<(), ArtifactError> {
        let store = self.clone();
        self.wait(async move {
            let key = format!("doctor/{}", uuid::Uuid::now_v7());
            store.write(&key, b"tintype".to_vec()).await?;
            let found = store.read(&key).await?;
            store.delete(&key).await?;
            match found.as_deref() {
                Some(b"tintype") => Ok(()),
                _ => Err(ArtifactError::Missing {
                    store: store.name.to_string(),
                    object: format!("{key}, which was just written"),
                }),
            }
        })
    }
}

/// How long ago an object was written. Clocks differ, so it is only compared
/// with hours.
pub(super) fn age(meta: &ObjectMeta) -> Duration {
    let written = meta.last_modified.timestamp_millis();
    let age = crate::model::now_ms().saturating_sub(written);
    Duration::from_millis(u64::try_from(age).unwrap_or(0))
}

fn stored_run((key, meta): &(String, ObjectMeta)) -> Option<StoredRun> {
    let (run, name) = key.strip_prefix("runs/")?.split_once('/')?;
    (name == RunFile::NAME).then_some(StoredRun {
        run: RunId::parse(run)?,
        written: meta.last_modified.timestamp_millis(),
    })
}

/// A part of the path of an object as it was before the store encoded it.
fn decoded(part: &str) -> String {
    percent_encoding::percent_decode_str(part)
        .decode_utf8_lossy()
        .into_owned()
}

/// The runtime of all stores of this process. It is never stopped: uploads end
/// with the process.
fn runtime(store: &str) -> Result<Handle, ArtifactError> {
    static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();
    let start = || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("tintype-artifacts")
            .enable_all()
            .build()
            .map_err(|error| error.to_string())
    };
    match RUNTIME.get_or_init(start) {
        Ok(runtime) => Ok(runtime.handle().clone()),
        Err(reason) => Err(ArtifactError::Settings {
            store: store.to_owned(),
            reason: reason.clone(),
        }),
    }
}
