//! Measures lookups in the cache: `cargo bench --bench cache`.

use std::fs;
use std::path::Path;

use divan::Bencher;
use tempfile::TempDir;
use tintype::Snapshot;
use tintype::internals::baseline;
use tintype::internals::cache::{Cache, CacheContext, CachedPass, Loads};
use tintype::internals::config::Config;
use tintype::internals::manifest::Manifest;
use tintype::internals::plan::Plan;
use tokio::runtime::Runtime;

fn main() {
    divan::main();
}

/// 50 stories in 2 themes on 3 screens: 300 snapshots.
const MANIFEST: &str = r#"
[stories]
dir = "stories"
[themes]
light = { color-scheme = "light" }
dark = { color-scheme = "dark" }
[viewports]
phone = "375x667"
tablet = "768x1024"
desktop = "1280x720"
[[story]]
glob = "*.html"
"#;

/// Files that every page loads, with their sizes in bytes.
const SHARED: [(&str, usize); 10] = [
    ("bootstrap.css", 230_000),
    ("bootstrap.js", 80_000),
    ("icons.css", 85_000),
    ("icons.woff2", 130_000),
    ("inter-400.woff2", 24_000),
    ("inter-700.woff2", 24_000),
    ("photo1.png", 200_000),
    ("photo2.png", 200_000),
    ("story.css", 4_000),
    ("theme.js", 1_000),
];

/// The size of a baseline in bytes.
const BASELINE: usize = 40_000;

struct Project {
    _folder: TempDir,
    manifest: Manifest,
    config: Config,
    context: CacheContext,
    snapshots: Vec<Snapshot>,
}

impl Project {
    fn new(runtime: &Runtime) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let stories = folder.path().join("stories");
        for index in 0..50 {
            write(
                &stories.join(format!("story-{index}.html")),
                &noise(2_000, index),
            );
        }
        for (name, size) in SHARED {
            write(&stories.join(name), &noise(size, size));
        }
        let path = folder.path().join("stories.toml");
        let manifest = Manifest::parse(&path, MANIFEST, &Config::default()).expect("a manifest");
        let snapshots = Plan::from_manifest(&manifest).expect("a plan").snapshots;
        for (index, snapshot) in snapshots.iter().enumerate() {
            write(&snapshot.baseline, &png(index));
        }
        let project = Self {
            _folder: folder,
            manifest,
            config: Config::default(),
            context: CacheContext::default(),
            snapshots,
        };
        // Changes within one tick of the file system's clock are not ordered.
        std::thread::sleep(std::time::Duration::from_millis(50));
        project.record(runtime);
        project
    }

    fn open(&self) -> Cache {
        let folder = self.manifest.root.join("cache");
        Cache::open(folder, &self.manifest, &self.config, &self.context, None)
    }

    fn record(&self, runtime: &Runtime) {
        let cache = self.open();
        for snapshot in &self.snapshots {
            let page = snapshot.story.path.clone();
            let shared = SHARED.iter().map(|(name, _)| (*name).to_owned());
            let loads = Loads {
                files: shared.chain([page, "favicon.ico".to_owned()]).collect(),
                untracked: Vec::new(),
            };
            let file = fs::read(&snapshot.baseline).expect("a baseline");
            cache
                .record_pass(snapshot, CachedPass::new(baseline::sha256(&file)), &loads)
                .expect("a story that can be cached");
        }
        assert_eq!(runtime.block_on(cache.flush()), Vec::<String>::new());
    }
}

/// Opens the cache and looks up 300 unchanged snapshots.
#[divan::bench(sample_count = 20)]
fn lookup(bencher: Bencher<'_, '_>) {
    let runtime = Runtime::new().expect("threads");
    let project = Project::new(&runtime);
    bencher.bench_local(|| {
        let hits = runtime.block_on(project.open().lookup(&project.snapshots));
        assert!(hits.iter().all(Option::is_some));
    });
}

/// Records 300 passes and writes them.
#[divan::bench(sample_count = 20)]
fn record(bencher: Bencher<'_, '_>) {
    let runtime = Runtime::new().expect("threads");
    let project = Project::new(&runtime);
    bencher.bench_local(|| project.record(&runtime));
}

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, bytes).expect("a file");
}

fn noise(length: usize, seed: usize) -> Vec<u8> {
    (0..length)
        .map(|at| (at.wrapping_mul(seed + 7) >> 3) as u8)
        .collect()
}

/// A file with the chunks of a PNG and the size of a baseline, as the cache
/// decodes no pixels.
fn png(seed: usize) -> Vec<u8> {
    let chunk = |kind: &[u8], data: &[u8]| {
        let length = (data.len() as u32).to_be_bytes();
        let body = [kind, data].concat();
        let crc = crc32fast::hash(&body).to_be_bytes();
        [&length[..], &body, &crc].concat()
    };
    let data = noise(BASELINE, seed);
    [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(b"IDAT", &data),
        chunk(b"IEND", b""),
    ]
    .concat()
}
