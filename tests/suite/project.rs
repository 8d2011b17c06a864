//! A user's project in a temporary folder.

use std::fs;
use std::io::Read as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tintype::internals::model::{RunFile, Status, VisualTestResult};

use super::PLAY_SUITE;

/// A project; its folder is removed when it is dropped.
pub(crate) struct Project {
    folder: TempDir,
}

/// A page that never settles: it never signals that it is ready.
const ENDLESS: &str = "<!doctype html><p>waiting<script>document.documentElement.dataset.tintypeReady = 'false'</script>";

/// Reports when a browser shows an endless story: a browser killed earlier would
/// only be started again.
pub(crate) struct Bell(TcpListener);

impl Bell {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    /// The page that reports.
    pub(crate) fn story(&self) -> String {
        let address = self.0.local_addr().unwrap();
        format!("{ENDLESS}<script>fetch('http://{address}')</script>")
    }

    /// The setting with which the page reaches it.
    pub(crate) fn allowed(&self) -> String {
        allow(self.0.local_addr().unwrap())
    }

    /// Waits for the next report.
    pub(crate) fn wait(&self) {
        eventually("a browser shows the endless story", || {
            // A browser may also connect without sending a request.
            self.0.accept().is_ok_and(|(mut caller, _)| {
                let _ = caller.set_read_timeout(Some(Duration::from_secs(1)));
                caller.read(&mut [0; 16]).is_ok_and(|read| read > 0)
            })
        });
    }
}

/// The setting, for the end of a manifest, with which stories reach a server on
/// this machine.
pub(crate) fn allow(server: SocketAddr) -> String {
    format!("\n[capture]\nallow-hosts = [\"{server}\"]\n")
}

/// Exit status and output of a run of the suite.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// One theme, one screen, a page of two boxes.
pub(crate) const MANIFEST: &str = r#"
[stories]
dir = "stories"

[themes]
light = { color-scheme = "light" }

[viewports]
desktop = "400x300"
"#;

impl Project {
    /// A project with this manifest and these story files.
    pub(crate) fn new(manifest: &str, stories: &[(&str, &str)]) -> Self {
        let folder = TempDir::with_prefix("tintype-suite-").unwrap();
        let project = Self { folder };
        project.write("stories.toml", manifest);
        for (path, text) in stories {
            project.write(&format!("stories/{path}"), text);
        }
        project
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        let path = self.path().join(path);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The suite's command, with an environment independent of the outer test run.
    /// Its record is in memory unless a test configures another: no redis-server
    /// is on the PATH.
    pub(crate) fn suite(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut path = std::env::var_os("PATH").unwrap_or_default();
        // Where ./test installs tools that no system package provides.
        path.push(concat!(
            ":",
            env!("CARGO_MANIFEST_DIR"),
            "/target/tools/bin"
        ));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.path())
            .env("CARGO_MANIFEST_DIR", self.path())
            .env(PLAY_SUITE, "1")
            .env("REDIS_URL", "redis://127.0.0.1:1/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The suite's command as the last argument of another program.
    pub(crate) fn suite_under(&self, program: &str, arguments: &[&str]) -> Command {
        let suite = self.suite(&[]);
        let variables = suite.get_envs();
        let mut command = Command::new(program);
        command
            .args(arguments)
            .arg(suite.get_program())
            .current_dir(self.path())
            .env_clear()
            .envs(variables.filter_map(|(name, value)| Some((name, value?))));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
        let mut command = self.suite(arguments);
        for (name, value) in environment {
            command.env(name, value);
        }
        command.output().unwrap().into()
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.suite(arguments).spawn().unwrap()
    }

    /// Accepts the current images of all stories.
    pub(crate) fn accept_all(&self) {
        let run = self.run(&[], &[("TINTYPE_UPDATE", "new")]);
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    }

    /// The folders of all runs, oldest first.
    pub(crate) fn runs(&self) -> Vec<PathBuf> {
        let runs = self.path().join("target/tintype/runs");
        let mut folders: Vec<_> = fs::read_dir(runs)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        // By age and not by name, because run ids are arbitrary.
        folders.sort_by_key(|folder| {
            let file = fs::metadata(folder.join(RunFile::NAME));
            file.and_then(|file| file.modified()).ok()
        });
        folders
    }

    /// The `run.json` of the newest run.
    pub(crate) fn last(&self) -> RunFile {
        let folder = self.runs().pop().unwrap();
        let text = fs::read(folder.join(RunFile::NAME)).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// One result of the newest run.
    pub(crate) fn result(&self, name: &str) -> VisualTestResult {
        let results = self.last().results;
        let found = results
            .into_iter()
            .find(|result| result.story_identifier.test_name() == name);
        found.unwrap_or_else(|| panic!("no result of {name}"))
    }

    /// The statuses of the newest run.
    pub(crate) fn statuses(&self) -> Vec<Status> {
        self.last()
            .results
            .iter()
            .map(|result| result.status)
            .collect()
    }

    /// The ids of the processes of this project that run one of these programs.
    pub(crate) fn programs(&self, names: &[&str]) -> Vec<String> {
        let mark = self.path().to_string_lossy().into_owned();
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let read = |file| fs::read(entry.path().join(file)).unwrap_or_default();
            let environment = String::from_utf8_lossy(&read("environ")).into_owned();
            let line = String::from_utf8_lossy(&read("cmdline")).into_owned();
            let program = line.split('\0').next().unwrap_or_default();
            let name = program.rsplit('/').next().unwrap_or_default();
            let own = line.contains(&mark) || environment.contains(&mark);
            if own && names.contains(&name) {
                found.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        found
    }

    /// The number of processes whose command line names this project.
    pub(crate) fn processes(&self) -> usize {
        let mark = self.path().to_string_lossy().into_owned();
        let mut count = 0;
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            count += usize::from(String::from_utf8_lossy(&line).contains(&mark));
        }
        count
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Polls until the condition holds; the time limit only bounds a hang.
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..2400 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("it never came true that {what}");
}
