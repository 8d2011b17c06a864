use std::fs;

use tempfile::TempDir;

use super::cache::cached_file;
use super::{ArtifactError, ArtifactStore, ObjectKey, Outbox, start_uploads, upload_pending};
use crate::config::{ArtifactLocation, Variables};
use crate::files::sha256;
use crate::model::RunId;

/// A store in a folder and the state of a project.
struct Fixture {
    folder: TempDir,
    store: ArtifactStore,
    outbox: Outbox,
}

impl Fixture {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let store = open(&format!("file://{}/store", folder.path().display()));
        let outbox = Outbox::new(folder.path());
        Self {
            folder,
            store,
            outbox,
        }
    }

    /// Adds a picture of a run to the outbox.
    fn add(&self, content: &str) -> (ObjectKey, String) {
        let file = self.folder.path().join(format!("{content}.png"));
        fs::write(&file, content).unwrap();
        let hash = sha256(content.as_bytes());
        let key = ObjectKey::picture(&hash).unwrap();
        self.outbox.add(&key, &file).unwrap();
        (key, hash)
    }

    /// Reads a picture of the store and checks its SHA-256.
    fn picture(&self, hash: &str) -> Result<Vec<u8>, ArtifactError> {
        let (store, hash) = (self.store.clone(), hash.to_owned());
        self.store.wait(async move { store.verified(&hash).await })
    }

    fn object(&self, key: &ObjectKey) -> std::path::PathBuf {
        self.folder.path().join("store").join(key.as_str())
    }
}

fn open(address: &str) -> ArtifactStore {
    let location = ArtifactLocation::parse(address, &Variables::default()).unwrap();
    ArtifactStore::open(&location).unwrap()
}

#[test]
fn keys_are_the_hashes_of_pictures_and_the_files_of_runs() {
    let hash = sha256(b"a");
    let key = ObjectKey::picture(&hash).unwrap();
    assert_eq!(
        key.as_str(),
        format!("sha256/{}/{}.png", &hash[..2], &hash[2..])
    );
    assert_eq!(key.sha256(), Some(hash));
    assert_eq!(ObjectKey::parse(key.as_str()), Some(key));
    for no_hash in ["", "../../etc/passwd", &"A".repeat(64), &"a".repeat(63)] {
        assert_eq!(ObjectKey::picture(no_hash), None);
    }
    assert!(ObjectKey::parse("runs/run-1/run.json").is_some());
    for other in [
        "runs/../run.json",
        "runs/run-1/a/b",
        "runs/run-1/",
        ".tmp",
        "sha256/aa/b.png",
    ] {
        assert_eq!(ObjectKey::parse(other), None, "{other}");
    }
}

#[test]
fn pictures_are_uploaded_while_a_run_goes_on() {
    let fixture = Fixture::new();
    let worker = start_uploads(fixture.store.clone(), fixture.outbox.clone());
    let keys = ["one", "two", "three"].map(|content| {
        let (key, hash) = fixture.add(content);
        worker.upload(key);
        (content, hash)
    });
    let report = worker.finish();
    assert!(report.error.is_none(), "{report:?}");
    assert_eq!(report.pending, 0);
    assert_eq!(fixture.outbox.pending(), []);
    for (content, hash) in keys {
        assert_eq!(fixture.picture(&hash).unwrap(), content.as_bytes());
    }
}

#[test]
fn an_outbox_keeps_its_pictures_when_the_run_is_removed() {
    let fixture = Fixture::new();
    let (_, hash) = fixture.add("kept");
    fs::remove_file(fixture.folder.path().join("kept.png")).unwrap();
    let report = upload_pending(&fixture.store, &fixture.outbox);
    assert_eq!((report.uploaded, report.pending), (1, 0));
    assert_eq!(fixture.picture(&hash).unwrap(), b"kept");
}

#[test]
fn a_replaced_report_is_uploaded_in_its_newest_form() {
    let fixture = Fixture::new();
    let run = RunId("{run-1}".to_owned());
    let key = ObjectKey::run_file(&run, "run.json");
    let file = fixture.folder.path().join("run.json");
    for content in ["old", "newer"] {
        fs::write(&file, content).unwrap();
        fixture.outbox.add(&key, &file).unwrap();
        upload_pending(&fixture.store, &fixture.outbox);
    }
    let found = fixture.store.run_file(&run, "run.json").unwrap();
    assert_eq!(found.as_deref(), Some(&b"newer"[..]));
    let runs = fixture.store.runs().unwrap();
    assert_eq!(
        runs.into_iter().map(|run| run.run).collect::<Vec<_>>(),
        [run]
    );
}

#[test]
fn a_picture_with_another_content_is_refused() {
    let fixture = Fixture::new();
    let (key, hash) = fixture.add("right");
    upload_pending(&fixture.store, &fixture.outbox);
    fs::write(fixture.object(&key), "wrong").unwrap();
    let error = fixture.picture(&hash).unwrap_err();
    assert!(matches!(&error, ArtifactError::Damaged { found, .. } if *found == sha256(b"wrong")));
    assert!(error.to_string().contains(&hash), "{error}");

    // A truncated object is replaced.
    fs::write(fixture.object(&key), "").unwrap();
    fixture.add("right");
    upload_pending(&fixture.store, &fixture.outbox);
    assert_eq!(fixture.picture(&hash).unwrap(), b"right");
}

#[test]
fn a_damaged_picture_is_never_uploaded() {
    let fixture = Fixture::new();
    let (key, hash) = fixture.add("right");
    let file = fixture
        .folder
        .path()
        .join("artifacts/outbox")
        .join(key.as_str());
    fs::remove_file(&file).unwrap();
    fs::write(&file, "wrong").unwrap();
    let report = upload_pending(&fixture.store, &fixture.outbox);
    assert!(report.error.is_none() && report.pending == 0, "{report:?}");
    let error = fixture.picture(&hash).unwrap_err();
    assert!(matches!(error, ArtifactError::Missing { .. }), "{error}");
}

#[test]
fn pictures_that_were_read_are_kept_and_verified() {
    let fixture = Fixture::new();
    let (key, hash) = fixture.add("cached");
    upload_pending(&fixture.store, &fixture.outbox);
    let state = fixture.folder.path();
    let read = || fixture.store.cached_picture(state, &hash);
    assert_eq!(read().unwrap().1, b"cached");
    fs::write(cached_file(state, &hash).unwrap(), "wrong").unwrap();
    assert_eq!(read().unwrap().1, b"cached", "it is read again");
    fs::remove_file(fixture.object(&key)).unwrap();
    assert_eq!(read().unwrap().1, b"cached", "without the store");
}

#[test]
fn the_check_writes_and_leaves_nothing() {
    let fixture = Fixture::new();
    fixture.store.check().unwrap();
    let left = walkdir::WalkDir::new(fixture.folder.path().join("store"));
    let files = left
        .into_iter()
        .filter(|entry| entry.as_ref().unwrap().file_type().is_file());
    assert_eq!(files.count(), 0);
}

#[test]
fn a_store_that_is_away_loses_nothing() {
    let folder = TempDir::new().unwrap();
    let variables = Variables::from([
        ("AWS_ENDPOINT", "http://127.0.0.1:1"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "store-secret-8123"),
    ]);
    let location = ArtifactLocation::parse("s3://bucket/prefix", &variables).unwrap();
    let store = ArtifactStore::open(&location).unwrap();
    let outbox = Outbox::new(folder.path());
    let file = folder.path().join("a.png");
    fs::write(&file, "a").unwrap();
    let key = ObjectKey::picture(&sha256(b"a")).unwrap();
    outbox.add(&key, &file).unwrap();
    let worker = start_uploads(store, outbox.clone());
    worker.upload(key.clone());
    let report = worker.finish();
    assert_eq!((report.uploaded, report.pending), (0, 1));
    let error = report.error.unwrap().to_string();
    assert!(error.contains("s3://bucket/prefix"), "{error}");
    assert!(!error.contains("store-secret"), "{error}");
    assert_eq!(outbox.pending(), [key]);
}
