//! A project with a recorded run, and the review server over it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};

use serde_json::{Value, json};
use tempfile::TempDir;
use tintype::compare::Region;
use tintype::internals::baseline::{self, Baseline, Provenance, sha256};
use tintype::internals::config::Config;
use tintype::internals::model::{
    Environment, ImageHashes, RecordedEvent, RunId, Status, StoryIdentifier, VisualTestResult,
    VisualTestRun,
};
use tintype::internals::record::{RecordConfig, Recorder, Records};

use crate::http::{Answer, request};
use crate::server::Server;

pub(crate) const RUN: &str = "run-1";
/// The snapshot that failed: its button has another colour.
pub(crate) const CARD: &str = "forms/checkout-card::light::560x350";
/// Another that failed in the same way.
pub(crate) const DARK: &str = "forms/checkout-card::dark::560x350";
/// One without a baseline.
pub(crate) const NEW: &str = "gift::light::560x350";

const MANIFEST: &str = r#"
[stories]
dir = "stories"
[themes]
light = {}
dark = {}
[viewports]
card = "560x350"
"#;

/// An image of this repository's stories.
fn picture(name: &str) -> Vec<u8> {
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("../stories/images");
    fs::read(images.join(name)).unwrap()
}

/// An image of one grey.
pub(crate) fn plain_picture(width: u32, height: u32, grey: u8) -> Vec<u8> {
    let pixel = image::Rgba([grey, grey, grey, 255]);
    let image = image::RgbaImage::from_pixel(width, height, pixel);
    tintype::compare::encode_png(&image).unwrap()
}

pub(crate) struct Project {
    folder: TempDir,
    pub(crate) redis: Server,
}

impl Project {
    /// Two cards that failed, one that is new, one that passed; recorded.
    pub(crate) async fn recorded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let project = Self {
            folder,
            redis: Server::start(&[]),
        };
        project.write("stories.toml", MANIFEST.as_bytes());
        for story in ["forms/checkout-card", "gift", "plain"] {
            project.write(&format!("stories/{story}.html"), b"");
        }
        for (name, status) in [
            (CARD, Status::Failed),
            (DARK, Status::Failed),
            (NEW, Status::New),
            ("plain::light::560x350", Status::Passed),
        ] {
            project.shoot(name, status);
        }
        let recorder = project.record(RUN).await;
        for name in [CARD, DARK, NEW, "plain::light::560x350"] {
            recorder.record(&RecordedEvent::TestFinished(Box::new(project.result(name))));
        }
        let report = recorder.finish(None).await;
        assert_eq!(report.pending, 0, "{report:?}");
        project
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, path: &str, bytes: &[u8]) -> PathBuf {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn settings(&self) -> RecordConfig {
        let url = self.redis.url();
        let config = Config::from_variables([("REDIS_URL", url)]).unwrap();
        RecordConfig::new(&self.root().join("target/tintype"), &config).unwrap()
    }

    /// Begins to record a run.
    pub(crate) async fn record(&self, run: &str) -> Recorder {
        let run = VisualTestRun::start(RunId(run.to_owned()), Environment::default());
        Recorder::open(self.settings(), run, 4, false).unwrap()
    }

    pub(crate) async fn records(&self) -> Records {
        Records::open(&self.settings()).await.unwrap()
    }

    /// The file of a snapshot's baseline.
    pub(crate) fn baseline(&self, name: &str) -> PathBuf {
        let stem = name.parse::<StoryIdentifier>().unwrap().file_stem();
        self.root().join(format!("baselines/{stem}.png"))
    }

    /// The content of a snapshot's baseline file.
    pub(crate) fn baseline_bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.baseline(name)).unwrap()
    }

    /// The screenshot of a snapshot that did not pass.
    pub(crate) fn current(&self, name: &str) -> Vec<u8> {
        fs::read(self.root().join(self.result(name).current.unwrap())).unwrap()
    }

    /// The accepted baseline.
    pub(crate) fn accepted(&self, name: &str) -> Option<Baseline> {
        baseline::read(self.root(), &self.baseline(name)).unwrap()
    }

    /// Writes the images of a snapshot as a run does.
    fn shoot(&self, name: &str, status: Status) {
        let story: StoryIdentifier = name.parse().unwrap();
        if status != Status::New {
            let provenance = Provenance {
                environment: Environment::default(),
                run_id: RunId("run-0".to_owned()),
                story_identifier: story.clone(),
            };
            let image = picture("card-baseline.png");
            baseline::accept(self.root(), &self.baseline(name), &image, &provenance).unwrap();
        }
        if status != Status::Passed {
            let stem = format!("target/tintype/runs/{RUN}/{}", story.file_stem());
            self.write(&format!("{stem}-current.png"), &picture("card-current.png"));
            self.write(&format!("{stem}-diff.png"), &picture("card-diff.png"));
        }
    }

    /// The entries of the log of decisions.
    pub(crate) fn decision_log(&self) -> Vec<Value> {
        let path = "target/tintype/review/decisions.ndjson";
        let log = fs::read_to_string(self.root().join(path)).unwrap();
        let entries = log.lines().map(serde_json::from_str);
        entries.collect::<Result<_, _>>().unwrap()
    }

    /// Leaves the file of the run in its folder, as runs do.
    pub(crate) async fn keep_run(&self) {
        let run = self.records().await.run(&RunId(RUN.to_owned())).await;
        let results = [CARD, DARK, NEW].map(|name| self.result(name));
        let file = json!({ "run": run.unwrap(), "results": results });
        let path = format!("target/tintype/runs/{RUN}/run.json");
        self.write(&path, file.to_string().as_bytes());
    }

    /// Loses the record on the server and in the journal.
    pub(crate) fn lose_record(&self) {
        fs::remove_dir_all(self.root().join("target/tintype/journal")).unwrap();
        self.redis.cli(&["FLUSHALL"]);
    }

    /// The result of a snapshot in another run, which took the same images.
    pub(crate) fn result_in(&self, run: &str, name: &str) -> VisualTestResult {
        let mut result = self.result(name);
        result.run_id = RunId(run.to_owned());
        let folder = |path: &mut String| {
            let image = fs::read(self.root().join(&*path)).unwrap();
            *path = path.replace(&format!("/{RUN}/"), &format!("/{run}/"));
            self.write(path, &image);
        };
        result
            .current
            .iter_mut()
            .chain(&mut result.diff)
            .for_each(folder);
        result
    }

    /// Adds results to a recorded run.
    pub(crate) async fn add_results(&self, run: &str, results: &[VisualTestResult]) {
        let recorder = self.record(run).await;
        for result in results {
            recorder.record(&RecordedEvent::TestFinished(Box::new(result.clone())));
        }
        let report = recorder.finish(None).await;
        assert_eq!(report.pending, 0, "{report:?}");
    }

    /// A snapshot that failed with these images, which are written; it has no
    /// story in the manifest's folder before.
    pub(crate) fn failed(
        &self,
        run: &str,
        name: &str,
        baseline: &[u8],
        current: &[u8],
    ) -> VisualTestResult {
        let story: StoryIdentifier = name.parse().unwrap();
        self.write(&format!("stories/{}.html", story.story_id), b"");
        let stem = format!("target/tintype/runs/{run}/{}", story.file_stem());
        let path = format!("baselines/{}.png", story.file_stem());
        let mut result = VisualTestResult::new(RunId(run.to_owned()), story, Status::Failed);
        self.write(&path, baseline);
        result.baseline = Some(path);
        for (slot, kind) in [(&mut result.current, "current"), (&mut result.diff, "diff")] {
            let path = format!("{stem}-{kind}.png");
            self.write(&path, current);
            *slot = Some(path);
        }
        result.diff_ratio = Some(0.5);
        result.sha256 = Some(ImageHashes {
            baseline: Some(sha256(baseline)),
            current: Some(sha256(current)),
            diff: Some(sha256(current)),
        });
        result
    }

    /// The result of a snapshot.
    pub(crate) fn result(&self, name: &str) -> VisualTestResult {
        let story: StoryIdentifier = name.parse().unwrap();
        let status = match name {
            CARD | DARK => Status::Failed,
            NEW => Status::New,
            _ => Status::Passed,
        };
        let mut result = VisualTestResult::new(RunId(RUN.to_owned()), story, status);
        let stem = result.story_identifier.file_stem();
        let file = fs::read(self.baseline(name)).ok();
        let mut hashes = ImageHashes {
            baseline: file.as_deref().map(sha256),
            ..ImageHashes::default()
        };
        if status != Status::New {
            result.baseline = Some(format!("baselines/{stem}.png"));
        }
        if status != Status::Passed {
            let stem = format!("target/tintype/runs/{RUN}/{stem}");
            result.current = Some(format!("{stem}-current.png"));
            hashes.current = Some(sha256(&picture("card-current.png")));
        }
        if status == Status::Failed {
            let stem = format!("target/tintype/runs/{RUN}/{stem}");
            result.diff = Some(format!("{stem}-diff.png"));
            hashes.diff = Some(sha256(&picture("card-diff.png")));
            result.diff_ratio = Some(5_403.0 / 196_000.0);
            result.message = Some("2.76 % of pixels differ <script>alert(1)</script>".to_owned());
            result.regions = vec![Region {
                x: 389,
                y: 239,
                width: 141,
                height: 43,
            }];
        }
        result.sha256 = Some(hashes);
        result
    }
}

/// A decision as the page sends it.
pub(crate) fn decision(run: &str, decision: &str, names: &[&str]) -> Value {
    let snapshots: Vec<_> = names.iter().map(|name| json!({ "name": name })).collect();
    json!({ "run": run, "decision": decision, "snapshots": snapshots })
}

/// `cargo tintype review`, until it is dropped.
pub(crate) struct Review {
    pub(crate) port: u16,
    /// The session of this process's requests: empty, if the server has a token.
    cookie: String,
    /// The links that the server prints.
    links: Receiver<String>,
    child: Child,
}

impl Review {
    pub(crate) fn start(project: &Project) -> Self {
        Self::start_with(project, &[], "")
    }

    /// With arguments, and a token if it is not empty.
    pub(crate) fn start_with(project: &Project, arguments: &[&str], token: &str) -> Self {
        Self::start_at(&project.redis, project, arguments, token)
    }

    /// With the record in a server that may belong to another project.
    pub(crate) fn start_at(
        redis: &Server,
        project: &Project,
        arguments: &[&str],
        token: &str,
    ) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cargo-tintype"))
            .args(["tintype", "review"])
            .args(arguments)
            .current_dir(project.root())
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("TINTYPE_MANIFEST")
            .env("REDIS_URL", redis.url())
            .env("TINTYPE_REVIEW_TOKEN", token)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, links) = mpsc::channel();
        // A full pipe would block the server.
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some(start) = line.find("http://") {
                    let _ = sender.send(line[start..].to_owned());
                }
            }
        });
        let link = links.recv().expect("the server prints its address");
        let (_, rest) = link.rsplit_once(':').unwrap();
        let (port, path) = rest.split_once('/').unwrap();
        let mut review = Self {
            port: port.parse().unwrap(),
            cookie: String::new(),
            links,
            child,
        };
        if let Some(secret) = path.strip_prefix("open/") {
            review.cookie = review.open(secret).cookie();
        }
        review
    }

    /// Opens a link.
    pub(crate) fn open(&self, secret: &str) -> Answer {
        request(self.port, "GET", &format!("/open/{secret}"), &[], "")
    }

    /// The header with the session.
    pub(crate) fn session(&self) -> (&str, &str) {
        ("cookie", &self.cookie)
    }

    /// The link for another browser.
    pub(crate) fn link(&self) -> String {
        self.links.recv().expect("the server prints a new link")
    }

    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        request(self.port, "GET", path, &[self.session()], "")
    }

    /// Sends a decision as the page does.
    pub(crate) fn decide(&self, body: &Value) -> Answer {
        let origin = self.address();
        let headers = [
            ("origin", origin.as_str()),
            ("content-type", "application/json"),
            self.session(),
        ];
        request(
            self.port,
            "POST",
            "/api/decisions",
            &headers,
            &body.to_string(),
        )
    }
}

impl Drop for Review {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A name as one segment of an address.
pub(crate) fn encoded(name: &str) -> String {
    name.replace('/', "%2F")
        .replace(':', "%3A")
        .replace('@', "%40")
}
