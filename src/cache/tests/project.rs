//! A project with cached runs.

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::baseline::{self, Provenance};
use crate::cache::changes::FileTime;
use crate::cache::{Cache, CacheContext, CachedPass, Loads};
use crate::config::{Config, Variables};
use crate::manifest::Manifest;
use crate::model::{Environment, EnvironmentChange, RunId};
use crate::plan::{Plan, Snapshot};

pub(super) const MANIFEST: &str = r#"
[stories]
dir = "stories"
[themes]
light = { color-scheme = "light", attributes = { data-theme = "light" } }
dark = { color-scheme = "dark" }
[viewports]
phone = "375x667"
desktop = "1280x720"
[compare]
threshold = 0.1
[[story]]
id = "button"
path = "button.html?state=on"
"#;

/// A project with the configuration of its runs.
pub(super) struct CachedProject {
    pub(super) folder: TempDir,
    pub(super) manifest: String,
    pub(super) config: Config,
    pub(super) context: CacheContext,
}

impl CachedProject {
    pub(super) fn new() -> Self {
        let project = Self {
            folder: tempfile::tempdir().unwrap(),
            manifest: MANIFEST.to_owned(),
            config: config(&[]),
            context: CacheContext {
                browser: "Chromium 156.0.8078.79 (headless shell)".to_owned(),
                switches: vec!["--hide-scrollbars".to_owned()],
                fonts: Some("9 fonts, 0123456789ab".to_owned()),
                ..CacheContext::new(String::new(), Vec::new(), None, &Variables::default())
            },
        };
        project.write("stories/button.html", "<link rel=stylesheet href=a/b.css>");
        project.write("stories/a/b.css", "p { color: red }");
        project.write("stories/a b.png", "an image");
        project.write("shared/font.woff2", "a font");
        project.write("shared/other.woff2", "another font");
        #[cfg(unix)]
        std::os::unix::fs::symlink(
            "../../shared/font.woff2",
            project.path("stories/a/font.woff2"),
        )
        .unwrap();
        for snapshot in project.plan() {
            project.accept(&snapshot, 0);
        }
        project.tick();
        project
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Waits for the next tick of the file system's clock, as events within one
    /// tick are not ordered.
    pub(super) fn tick(&self) {
        let now = || FileTime::now(self.folder.path()).unwrap();
        let before = now();
        while !now().is_after(before) {}
    }

    pub(super) fn read_manifest(&self) -> Manifest {
        Manifest::parse(&self.path("stories.toml"), &self.manifest, &self.config).unwrap()
    }

    pub(super) fn plan(&self) -> Vec<Snapshot> {
        Plan::from_manifest(&self.read_manifest())
            .unwrap()
            .snapshots
    }

    pub(super) fn accept(&self, snapshot: &Snapshot, shade: u8) {
        let mut png = Cursor::new(Vec::new());
        image::RgbaImage::from_pixel(2, 2, image::Rgba([shade, 0, 0, 255]))
            .write_to(&mut png, image::ImageFormat::Png)
            .unwrap();
        let provenance = Provenance {
            environment: Environment::default(),
            run_id: RunId("run-1".to_owned()),
            story_identifier: snapshot.identifier.clone(),
        };
        let root = self.folder.path();
        baseline::accept(root, &snapshot.baseline, png.get_ref(), &provenance).unwrap();
    }

    /// A pass of a snapshot, with something to report.
    pub(super) fn pass(snapshot: &Snapshot) -> CachedPass {
        let change = EnvironmentChange {
            what: "fonts".to_owned(),
            baseline: "8 fonts".to_owned(),
            current: "9 fonts".to_owned(),
        };
        CachedPass {
            environment_changed: vec![change],
            ..CachedPass::new(crate::files::sha256(&fs::read(&snapshot.baseline).unwrap()))
        }
    }

    pub(super) fn open(&self) -> Cache {
        let manifest = self.read_manifest();
        Cache::open(
            self.path("cache"),
            &manifest,
            &self.config,
            &self.context,
            None,
        )
    }

    /// Simulates a run in which all snapshots pass.
    pub(super) async fn record(&self) {
        let cache = self.open();
        for snapshot in self.plan() {
            cache
                .record_pass(&snapshot, Self::pass(&snapshot), &loads())
                .unwrap();
        }
        assert_eq!(cache.flush().await, Vec::<String>::new());
    }

    pub(super) async fn lookup(&self) -> Vec<Option<CachedPass>> {
        self.open().lookup(&self.plan()).await
    }

    pub(super) async fn hits(&self) -> usize {
        self.lookup().await.into_iter().flatten().count()
    }

    /// The file with the entries of the story.
    pub(super) fn entry_file(&self) -> PathBuf {
        let files = fs::read_dir(self.path("cache")).unwrap().flatten();
        let mut stories = files.filter(|f| f.path().extension().is_some_and(|e| e == "json"));
        let only = stories.next().unwrap().path();
        assert!(stories.next().is_none());
        only
    }
}

pub(super) fn config(variables: &[(&str, &str)]) -> Config {
    let variables: Variables = variables.iter().copied().collect();
    Config::from_variables(variables).unwrap()
}

pub(super) fn loads() -> Loads {
    let files = [
        "button.html",
        "/a/b.css",
        "a b.png",
        "a/font.woff2",
        "favicon.ico",
        "a/gone/",
        "a",
    ];
    Loads {
        files: files.map(str::to_owned).to_vec(),
        untracked: Vec::new(),
    }
}
