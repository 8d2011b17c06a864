//! A project with pages of one colour each, in a temporary folder.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;
use tintype::internals::model::RunFile;
use walkdir::WalkDir;

use super::PLAY_SUITE;
use super::s3::{S3Server, SECRET_KEY};

const MANIFEST: &str = "[stories]\ndir = \"stories\"\n[themes]\nlight = {}\n\
                        [viewports]\nsmall = \"200x100\"\n";

/// A checkout of a project.
pub(crate) struct Project {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

/// Exit status and output of a command.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    fn new(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let said = Self {
            code: output.status.code(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        };
        assert!(!said.all().contains(SECRET_KEY), "{said:?}");
        said
    }

    /// Both streams.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.out, self.err)
    }

    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.all());
        self
    }

    /// The standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }

    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.all().contains(text), "no `{text}` in: {}", self.all());
        self
    }
}

impl Project {
    /// A project whose artifact store is a folder.
    pub(crate) fn in_folder(store: &Path) -> Self {
        let address = format!("file://{}", store.display());
        Self::new(vec![("TINTYPE_ARTIFACTS".to_owned(), address)])
    }

    /// A project whose artifact store is a bucket.
    pub(crate) fn in_bucket(server: &S3Server) -> Self {
        Self::new(server.variables())
    }

    /// A project without an artifact store, with a record and a cache in Redis.
    pub(crate) fn with_redis(url: String) -> Self {
        Self::new(vec![("REDIS_URL".to_owned(), url)])
    }

    fn new(variables: Vec<(String, String)>) -> Self {
        let project = Self {
            folder: TempDir::with_prefix("tintype-artifacts-").unwrap(),
            variables,
        };
        // Checkouts have different names, but are the same project.
        project.write(
            "stories.toml",
            &format!("{MANIFEST}[project]\nname = \"shop\"\n"),
        );
        project
    }

    /// The same stories and baselines in another folder, without any run.
    pub(crate) fn checkout(&self) -> Self {
        let other = Self::new(self.variables.clone());
        let files = WalkDir::new(self.path())
            .into_iter()
            .filter_entry(|entry| entry.file_name() != "target");
        for entry in files.flatten().filter(|entry| entry.file_type().is_file()) {
            let path = entry.path().strip_prefix(self.path()).unwrap();
            let copy = other.path().join(path);
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::copy(entry.path(), copy).unwrap();
        }
        other
    }

    /// Adds a story that is a box of this colour.
    pub(crate) fn story(&self, id: &str, colour: &str) {
        let page = format!("<!doctype html><body style='margin: 0; background: {colour}'>");
        self.write(&format!("stories/{id}.html"), &page);
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap()
    }

    /// Keeps the baselines in the artifact store.
    pub(crate) fn keep_in_store(&self) {
        let manifest = self.read("stories.toml");
        self.write(
            "stories.toml",
            &format!("{manifest}[baselines]\nkeep = \"store\"\n"),
        );
    }

    /// Runs git, with a configuration of its own.
    pub(crate) fn git(&self, arguments: &[&str]) -> Said {
        let mut command = self.command(Path::new("git"));
        command
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .args([
                "-c",
                "user.name=tester",
                "-c",
                "user.email=tester@example.org",
            ])
            .args(arguments);
        Said::new(&command.output().unwrap())
    }

    /// Runs the suite.
    pub(crate) fn suite(&self, environment: &[(&str, &str)]) -> Said {
        let mut command = self.suite_command();
        command.envs(environment.iter().copied());
        Said::new(&command.output().unwrap())
    }

    pub(crate) fn suite_command(&self) -> Command {
        let mut command = self.command(&std::env::current_exe().unwrap());
        command.env(PLAY_SUITE, "1").env("TINTYPE_CACHE", "off");
        command
    }

    /// Runs `cargo tintype …`.
    pub(crate) fn tintype(&self, arguments: &[&str]) -> Said {
        let mut command = self.command(Path::new(env!("CARGO_BIN_EXE_cargo-tintype")));
        command.arg("tintype").args(arguments);
        Said::new(&command.output().unwrap())
    }

    /// Runs `cargo tintype …` with the record in a server.
    pub(crate) fn tintype_at(&self, redis: &str, arguments: &[&str]) -> Said {
        let mut command = self.command(Path::new(env!("CARGO_BIN_EXE_cargo-tintype")));
        command
            .env("REDIS_URL", redis)
            .arg("tintype")
            .args(arguments);
        Said::new(&command.output().unwrap())
    }

    /// Runs `cargo tintype …` with a record in memory.
    pub(crate) fn alone(&self, arguments: &[&str]) -> Said {
        let mut command = self.command(Path::new(env!("CARGO_BIN_EXE_cargo-tintype")));
        command.env_remove("REDIS_URL").env_remove("PATH");
        command.arg("tintype").args(arguments);
        Said::new(&command.output().unwrap())
    }

    /// Types answers for `cargo tintype …` into a pseudo-terminal of util-linux's
    /// `script`.
    pub(crate) fn answer(&self, arguments: &[&str], answers: &str) -> Said {
        let binary = env!("CARGO_BIN_EXE_cargo-tintype");
        let line = format!("{binary} tintype {}", arguments.join(" "));
        let mut command = self.command(Path::new("script"));
        command
            .args(["--quiet", "--return", "--echo", "never"])
            .args(["--command", &line, "/dev/null"])
            .env("TERM", "xterm")
            .stdin(Stdio::piped());
        let mut child = command.spawn().expect("util-linux's script is installed");
        let mut input = child.stdin.take().unwrap();
        input.write_all(answers.as_bytes()).unwrap();
        drop(input);
        Said::new(&child.wait_with_output().unwrap())
    }

    /// A program with an environment of its own, and with a record in memory.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .env("CARGO_MANIFEST_DIR", self.path())
            .env("REDIS_URL", "redis://127.0.0.1:1/")
            .envs(self.variables.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The newest run of this checkout.
    pub(crate) fn last(&self) -> RunFile {
        let runs = fs::read_dir(self.path().join("target/tintype/runs")).unwrap();
        let newest = runs.map(|entry| entry.unwrap().path()).max().unwrap();
        serde_json::from_slice(&fs::read(newest.join(RunFile::NAME)).unwrap()).unwrap()
    }

    /// The files below `target/tintype/artifacts/outbox`.
    pub(crate) fn outbox(&self) -> Vec<PathBuf> {
        files(&self.path().join("target/tintype/artifacts/outbox"))
    }
}

/// All files below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .flatten();
    let files = entries.filter(|entry| entry.file_type().is_file());
    files
        .map(|entry| entry.path().strip_prefix(folder).unwrap().to_owned())
        .collect()
}
