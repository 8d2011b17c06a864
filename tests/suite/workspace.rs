//! Two packages of one workspace with the same stories, on one Redis.

use std::fs;
use std::path::PathBuf;

use libtest_mimic::Trial;
use tintype::internals::config::Config;
use tintype::internals::model::{RunFile, Status};
use tintype::internals::record::{RecordConfig, Records};

use super::project::{MANIFEST, Project, Run};
use super::support::server::Server;
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        packages_have_runs_images_and_caches_of_their_own,
        a_run_id_for_all_packages_makes_a_run_of_each,
    ]
}

/// A workspace of the packages `cart` and `search`, which share a target folder
/// and a Redis.
struct Workspace {
    project: Project,
    redis: Server,
}

impl Workspace {
    fn new() -> Self {
        let project = Project::new(MANIFEST, &[]);
        let members = "[workspace]\nmembers = [\"cart\", \"search\"]\nresolver = \"3\"\n";
        project.write("Cargo.toml", members);
        project.write("target/CACHEDIR.TAG", "");
        let workspace = Self {
            project,
            redis: Server::start(&[]),
        };
        for (package, colour) in [("cart", "red"), ("search", "blue")] {
            let text = format!("[package]\nname = \"{package}\"\nversion = \"0.1.0\"\n");
            workspace
                .project
                .write(&format!("{package}/Cargo.toml"), &text);
            workspace
                .project
                .write(&format!("{package}/stories.toml"), MANIFEST);
            workspace.colour(package, colour);
        }
        workspace
    }

    /// Gives the story of a package a background.
    fn colour(&self, package: &str, colour: &str) {
        let page = format!("<!doctype html><body style='margin: 0; background: {colour}'>");
        self.project
            .write(&format!("{package}/stories/a.html"), &page);
    }

    /// Runs the suite of a package, as cargo does.
    fn run(&self, package: &str, environment: &[(&str, &str)]) -> Run {
        let root = self.project.path().join(package);
        let mut command = self.project.suite(&[]);
        command
            .current_dir(&root)
            .env("CARGO_MANIFEST_DIR", &root)
            .env("CARGO_PKG_NAME", package)
            .env("REDIS_URL", self.redis.url())
            .envs(environment.iter().copied());
        command.output().unwrap().into()
    }

    /// The statuses in the newest `run.json` of a package, and whether the
    /// results came from the cache.
    fn newest(&self, package: &str) -> Vec<(Status, bool)> {
        let runs = self.state_dir(package).join("runs");
        let folders = fs::read_dir(runs).unwrap().flatten();
        let files = folders.map(|folder| fs::read(folder.path().join(RunFile::NAME)).unwrap());
        let files = files.map(|file| serde_json::from_slice::<RunFile>(&file).unwrap());
        let newest = files.max_by_key(|file| file.run.timestamp).unwrap();
        let results = newest.results.iter();
        results
            .map(|result| (result.status, result.cached))
            .collect()
    }

    fn state_dir(&self, package: &str) -> PathBuf {
        let packages = self.project.path().join("target/tintype/packages");
        packages.join(package)
    }

    /// The colour of a package's baseline.
    fn baseline(&self, package: &str) -> [u8; 3] {
        let file = self
            .project
            .read(&format!("{package}/baselines/a-light-400x300.png"));
        let image = image::load_from_memory(&file).unwrap().to_rgb8();
        image.get_pixel(5, 5).0
    }

    /// The ids of a package's runs in the record, newest first.
    fn recorded(&self, package: &str) -> Vec<String> {
        let config = Config::from_variables([("REDIS_URL", self.redis.url())]).unwrap();
        let settings = RecordConfig::new(&self.state_dir(package), &config).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let runs = runtime.block_on(async {
            let records = Records::open(&settings).await.unwrap();
            records.of_project(package).runs(usize::MAX).await.unwrap()
        });
        runs.into_iter().map(|run| run.run_id.to_string()).collect()
    }
}

fn packages_have_runs_images_and_caches_of_their_own() {
    let workspace = Workspace::new();
    for package in ["cart", "search"] {
        let run = workspace.run(package, &[("TINTYPE_UPDATE", "new")]);
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    }
    assert_eq!(workspace.baseline("cart"), [255, 0, 0]);
    assert_eq!(workspace.baseline("search"), [0, 0, 255]);
    assert_eq!(workspace.recorded("cart").len(), 1);
    assert_eq!(workspace.recorded("search").len(), 1);
    // Both are captured once more, and then remembered.
    for cached in [false, true] {
        for package in ["cart", "search"] {
            let run = workspace.run(package, &[]);
            assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
            assert_eq!(workspace.newest(package), [(Status::Passed, cached)]);
        }
    }
    // The same page as in the other package is a difference in this one.
    workspace.colour("cart", "blue");
    assert_eq!(workspace.run("cart", &[]).code, Some(101));
    assert_eq!(workspace.newest("cart"), [(Status::Failed, false)]);
    assert_eq!(workspace.run("search", &[]).code, Some(0));
    assert_eq!(workspace.newest("search"), [(Status::Passed, true)]);
    assert!(!workspace.project.path().join("cart/target").exists());
    assert_eq!(workspace.recorded("cart").len(), 4);
}

fn a_run_id_for_all_packages_makes_a_run_of_each() {
    let workspace = Workspace::new();
    for variable in ["TINTYPE_RUN_ID", "NEXTEST_RUN_ID"] {
        let id = format!("{}-7", variable.to_lowercase());
        for package in ["cart", "search"] {
            workspace.run(package, &[(variable, &id)]);
            assert_eq!(workspace.newest(package), [(Status::New, false)]);
            assert_eq!(workspace.recorded(package)[0], format!("{id}-{package}"));
        }
        // The same id continues the same run.
        workspace.run("cart", &[(variable, &id)]);
        assert_eq!(workspace.recorded("cart")[0], format!("{id}-cart"));
    }
    assert_eq!(workspace.recorded("cart").len(), 2);
    assert_eq!(workspace.recorded("search").len(), 2);
    let keys = workspace.redis.cli(&["SMEMBERS", "visualruns:index"]);
    assert_eq!(keys.lines().count(), 4, "{keys}");
}
