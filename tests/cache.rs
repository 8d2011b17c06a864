//! Tests of the cache with a real Redis and with concurrent processes.

mod support;

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::server::Server;
use tempfile::TempDir;
use tintype::Snapshot;
use tintype::internals::baseline::{self, Provenance};
use tintype::internals::cache::{Cache, CacheContext, CachedPass, Loads};
use tintype::internals::config::Config;
use tintype::internals::manifest::Manifest;
use tintype::internals::model::{Environment, RunId};
use tintype::internals::plan::Plan;
use tintype::internals::record::RecordConfig;

const MANIFEST: &str = r#"
[stories]
dir = "stories"
[themes]
light = { color-scheme = "light" }
dark = { color-scheme = "dark" }
[viewports]
desktop = "1280x720"
[[story]]
id = "a"
path = "a.html"
[[story]]
id = "b"
path = "b.html"
"#;

/// A checkout of the same project on some machine.
struct Checkout {
    root: PathBuf,
    record: Option<RecordConfig>,
}

impl Checkout {
    fn new(root: &Path, redis: Option<&Server>) -> Self {
        let checkout = Self {
            root: root.to_owned(),
            record: redis.map(|server| record(&server.url())),
        };
        fs::create_dir_all(root.join("stories")).unwrap();
        for page in ["a", "b"] {
            fs::write(root.join(format!("stories/{page}.html")), page).unwrap();
        }
        for snapshot in checkout.plan() {
            accept(root, &snapshot);
        }
        checkout.tick();
        checkout
    }

    /// Waits for the next tick of the file system's clock.
    fn tick(&self) {
        let now = || {
            let file = tempfile::NamedTempFile::new_in(&self.root).unwrap();
            file.as_file().metadata().unwrap().modified().unwrap()
        };
        let begun = now();
        while now() <= begun {}
    }

    fn manifest(&self) -> Manifest {
        Manifest::parse(
            &self.root.join("stories.toml"),
            MANIFEST,
            &Config::default(),
        )
        .unwrap()
    }

    fn plan(&self) -> Vec<Snapshot> {
        Plan::from_manifest(&self.manifest()).unwrap().snapshots
    }

    fn open(&self) -> Cache {
        let config = Config::default();
        let context = CacheContext::new(
            "Chromium 1.2.3".to_owned(),
            Vec::new(),
            None,
            &config.variables,
        );
        let folder = self.root.join("cache");
        Cache::open(
            folder,
            &self.manifest(),
            &config,
            &context,
            self.record.as_ref().map(RecordConfig::redis),
        )
    }

    /// Simulates a run in which these snapshots pass; returns its warnings.
    async fn record(&self, snapshots: &[Snapshot]) -> Vec<String> {
        let cache = self.open();
        for snapshot in snapshots {
            let sha256 = baseline::sha256(&fs::read(&snapshot.baseline).unwrap());
            let loads = Loads {
                files: vec![
                    format!("/{}", snapshot.story.path),
                    "favicon.ico".to_owned(),
                ],
                untracked: Vec::new(),
            };
            let pass = CachedPass::new(sha256);
            cache.record_pass(snapshot, pass, &loads).unwrap();
        }
        cache.flush().await
    }

    /// The number of cache hits, and the warnings.
    async fn lookup(&self) -> (usize, Vec<String>) {
        let cache = self.open();
        let hits = cache.lookup(&self.plan()).await;
        (hits.iter().flatten().count(), cache.flush().await)
    }
}

fn record(url: &str) -> RecordConfig {
    let variables = [("REDIS_URL", url), ("REDIS_PREFIX", "team:")];
    let config = Config::from_variables(variables).unwrap();
    RecordConfig::new(Path::new("/nowhere"), &config).unwrap()
}

fn accept(root: &Path, snapshot: &Snapshot) {
    let mut png = Cursor::new(Vec::new());
    image::RgbaImage::new(2, 2)
        .write_to(&mut png, image::ImageFormat::Png)
        .unwrap();
    let provenance = Provenance {
        environment: Environment::default(),
        run_id: RunId("run-1".to_owned()),
        story_identifier: snapshot.identifier.clone(),
    };
    baseline::accept(root, &snapshot.baseline, png.get_ref(), &provenance).unwrap();
}

fn no_warnings() -> Vec<String> {
    Vec::new()
}

#[tokio::test]
async fn machines_share_passes() {
    let mut redis = Server::start(&[]);
    let (one, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let one = Checkout::new(one.path(), Some(&redis));
    let other = Checkout::new(other.path(), Some(&redis));
    assert_eq!(other.lookup().await, (0, no_warnings()));
    assert_eq!(one.record(&one.plan()).await, no_warnings());

    let keys = redis.cli(&["KEYS", "*"]);
    let keys: Vec<&str> = keys.lines().collect();
    assert_eq!(keys.len(), 4);
    for key in keys {
        assert!(key.starts_with("team:tintype:cache:"), "{key}");
        let left: u64 = redis.cli(&["TTL", key]).parse().unwrap();
        assert!((13 * 86_400..=14 * 86_400).contains(&left), "{left} s");
    }
    // A changed page is a miss on another machine.
    fs::write(other.root.join("stories/a.html"), "changed").unwrap();
    assert_eq!(other.lookup().await, (2, no_warnings()));
    fs::write(other.root.join("stories/a.html"), "a").unwrap();
    assert_eq!(other.lookup().await, (4, no_warnings()));
    // Entries from Redis were written to disk. Without Redis, a machine does not see
    // that another one has cleared the cache.
    redis.kill();
    let (hits, warnings) = other.lookup().await;
    assert_eq!((hits, warnings.len()), (4, 1), "{warnings:?}");
}

#[tokio::test]
async fn the_number_of_passes_per_recipe_is_limited() {
    let redis = Server::start(&[]);
    let folder = TempDir::new().unwrap();
    let checkout = Checkout::new(folder.path(), Some(&redis));
    let snapshot = &checkout.plan()[..1];
    for round in 0..12 {
        fs::write(folder.path().join("stories/a.html"), format!("{round}")).unwrap();
        checkout.tick();
        assert_eq!(checkout.record(snapshot).await, no_warnings());
    }
    let key = redis.cli(&["KEYS", "*"]);
    assert_eq!(redis.cli(&["LLEN", &key]), "8");
}

#[tokio::test]
async fn an_unreachable_redis_is_a_warning() {
    let mut redis = Server::start(&[]);
    let folder = TempDir::new().unwrap();
    let checkout = Checkout::new(folder.path(), Some(&redis));
    redis.kill();
    let (hits, warnings) = checkout.lookup().await;
    assert_eq!((hits, warnings.len()), (0, 1), "{warnings:?}");
    let place = format!("127.0.0.1:{}", redis.port);
    assert!(warnings[0].contains(&place), "{}", warnings[0]);
    // The disk cache is used.
    assert_eq!(checkout.record(&checkout.plan()).await.len(), 1);
    let (hits, warnings) = checkout.lookup().await;
    assert_eq!((hits, warnings.len()), (4, 1), "{warnings:?}");
}

#[tokio::test]
async fn a_hanging_redis_times_out() {
    let redis = Server::start(&[]);
    let folder = TempDir::new().unwrap();
    let checkout = Checkout::new(folder.path(), Some(&redis));
    redis.signal("STOP");
    let (hits, warnings) = checkout.lookup().await;
    redis.signal("CONT");
    assert_eq!((hits, warnings.len()), (0, 1), "{warnings:?}");
}

#[tokio::test]
async fn damaged_entries_in_redis_are_skipped_and_named() {
    let redis = Server::start(&[]);
    let folder = TempDir::new().unwrap();
    let checkout = Checkout::new(folder.path(), Some(&redis));
    checkout.record(&checkout.plan()).await;
    fs::remove_dir_all(folder.path().join("cache")).unwrap();
    let keys = redis.cli(&["KEYS", "*"]);
    let keys: Vec<&str> = keys.lines().collect();
    // The damaged entries precede a valid one.
    redis.cli(&["LPUSH", keys[0], "{\"files\":"]);
    redis.cli(&["LPUSH", keys[0], "no json"]);
    let text = redis.cli(&["LRANGE", keys[1], "0", "-1"]);
    redis.cli(&["DEL", keys[1]]);
    redis.cli(&[
        "LPUSH",
        keys[1],
        &text
            .replace("\"files\":[", "\"files\":[\"x\",")
            .replace("\"digests\":[", "\"digests\":[\"absent\","),
    ]);
    let (hits, warnings) = checkout.lookup().await;
    assert_eq!((hits, warnings.len()), (3, 1), "{warnings:?}");
    assert!(warnings[0].contains(keys[0]), "{warnings:?}");
    fs::remove_dir_all(folder.path().join("cache")).unwrap();
    redis.cli(&["DEL", keys[0]]);
    redis.cli(&["DEL", keys[2]]);
    redis.cli(&["SET", keys[2], "no list"]);
    let (hits, warnings) = checkout.lookup().await;
    assert_eq!((hits, warnings.len()), (1, 1), "{warnings:?}");
    assert!(warnings[0].contains(keys[2]), "{warnings:?}");
}

/// The folder and the snapshot's index for `one_process`.
const PROCESS: &str = "CACHE_TEST_PROCESS";

#[tokio::test]
#[ignore = "one of the processes of the next test"]
async fn one_process() {
    let process = std::env::var(PROCESS).unwrap();
    let (index, root) = process.split_once(' ').unwrap();
    let checkout = Checkout {
        root: root.into(),
        record: None,
    };
    let snapshot = checkout.plan()[index.parse::<usize>().unwrap()].clone();
    assert_eq!(checkout.record(&[snapshot]).await, no_warnings());
}

#[tokio::test]
async fn concurrent_processes_keep_all_entries() {
    let folder = TempDir::new().unwrap();
    let checkout = Checkout::new(folder.path(), None);
    let program = std::env::current_exe().unwrap();
    let processes: Vec<_> = (0..4)
        .map(|index| {
            Command::new(&program)
                .args(["--exact", "one_process", "--ignored", "-q"])
                .env(PROCESS, format!("{index} {}", folder.path().display()))
                .spawn()
                .unwrap()
        })
        .collect();
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
    assert_eq!(checkout.lookup().await, (4, no_warnings()));
}
