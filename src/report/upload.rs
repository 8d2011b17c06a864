//! Uploads the pictures and reports of a run to the artifact store.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::artifacts::{
    ArtifactError, ArtifactStore, ObjectKey, Outbox, UploadReport, UploadWorker, start_uploads,
};
use crate::config::ArtifactLocation;
use crate::events::{Bus, Event, RunReport, Subscriber};
use crate::manifest::Manifest;
use crate::model::{RecordedEvent, RunFile, VisualTestResult};

/// Uploads each picture when its snapshot is finished, and the reports at the
/// end. Subscribes after the reports, whose files it uploads.
pub(crate) struct ArtifactUpload {
    root: PathBuf,
    location: ArtifactLocation,
    outbox: Outbox,
    state: Mutex<UploadState>,
}

struct UploadState {
    /// Until the run ends, if the store can be used.
    worker: Option<UploadWorker>,
    /// The first error.
    error: Option<ArtifactError>,
}

impl ArtifactUpload {
    /// `None` if the manifest has no artifact store.
    pub(crate) fn new(manifest: &Manifest) -> Option<Self> {
        let location = manifest.artifacts.clone()?;
        let outbox = Outbox::new(&manifest.state_dir());
        let (worker, error) = match ArtifactStore::open(&location) {
            Ok(store) => (Some(start_uploads(store, outbox.clone())), None),
            Err(error) => (None, Some(error)),
        };
        Some(Self {
            root: manifest.root.clone(),
            location,
            outbox,
            state: Mutex::new(UploadState { worker, error }),
        })
    }

    /// Puts files into the outbox and has them uploaded.
    fn add(&self, files: impl IntoIterator<Item = (ObjectKey, PathBuf)>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, file) in files {
            match self.outbox.add(&key, &file) {
                Ok(()) => {
                    if let Some(worker) = &state.worker {
                        worker.upload(key);
                    }
                }
                Err(error) => {
                    state.error.get_or_insert(error);
                }
            }
        }
    }

    fn add_pictures(&self, result: &VisualTestResult) {
        let Some(hashes) = &result.sha256 else { return };
        let pictures = [
            (&result.current, &hashes.current),
            (&result.diff, &hashes.diff),
        ];
        self.add(pictures.into_iter().filter_map(|(path, hash)| {
            let key = ObjectKey::picture(hash.as_deref()?)?;
            Some((key, self.root.join(path.as_deref()?)))
        }));
    }

    fn add_reports(&self, report: &RunReport) {
        let names = [RunFile::NAME, "report.html", "junit.xml"];
        let files = names.map(|name| (name, report.folder.join(name)));
        let written = files.into_iter().filter(|(_, file)| file.is_file());
        let run = &report.run.run_id;
        self.add(written.map(|(name, file)| (ObjectKey::run_file(run, name), file)));
    }

    /// Waits for the uploads and warns once if something was not uploaded.
    fn finish(&self, bus: &Bus) {
        let (worker, error) = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            (state.worker.take(), state.error.take())
        };
        let mut report = worker.map_or_else(
            || UploadReport {
                pending: self.outbox.pending().len(),
                ..UploadReport::default()
            },
            UploadWorker::finish,
        );
        report.error = error.or(report.error);
        if let Some(error) = report.error {
            bus.publish(Event::Warning(format!(
                "{} artifacts are not in {} yet: {error}\n\
                 help: they are kept; `cargo tintype flush` uploads them",
                report.pending, self.location
            )));
        }
    }
}

impl Subscriber for ArtifactUpload {
    fn on_event(&self, event: &Event, bus: &Bus) {
        match event {
            Event::Recorded(RecordedEvent::TestFinished(result)) => self.add_pictures(result),
            Event::RunPaused(report) => self.add_reports(report),
            Event::RunEnded(report) => {
                self.add_reports(report);
                self.finish(bus);
            }
            _ => {}
        }
    }
}
