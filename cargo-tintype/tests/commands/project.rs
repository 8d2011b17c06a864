//! A project in a temporary folder, and `cargo tintype` in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use image::{Rgba, RgbaImage};
use tempfile::TempDir;
use tintype::internals::baseline::sha256;
use tintype::internals::model::{
    Environment, ImageHashes, RunFile, RunId, Status, StoryIdentifier, VisualTestResult,
    VisualTestRun,
};

pub(crate) const MANIFEST: &str = r#"
[stories]
dir = "stories"
[themes]
light = {}
dark = {}
[viewports]
phone = "375x667"
"#;

pub(crate) struct Project(TempDir);

/// The output of a command, without the name of the temporary folder.
pub(crate) struct Said {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) ok: bool,
    pub(crate) code: Option<i32>,
}

impl Said {
    /// Both streams and the exit code, for snapshots.
    pub(crate) fn all(&self) -> String {
        let code = self.code.map_or("none".to_owned(), |code| code.to_string());
        format!(
            "exit code {code}\n--- stdout\n{}--- stderr\n{}",
            self.out, self.err
        )
    }
}

impl Project {
    /// A project with only two stories in two themes.
    pub(crate) fn new() -> Self {
        let project = Self(TempDir::new().unwrap());
        project.write("stories.toml", MANIFEST.as_bytes());
        project.write("stories/button.html", b"");
        project.write("stories/forms/field.html", b"");
        project
    }

    pub(crate) fn empty() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn root(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, path: &str, bytes: &[u8]) -> PathBuf {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap()
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.root().join(path).exists()
    }

    /// Runs `cargo tintype …` in the project's folder.
    pub(crate) fn tintype(&self, arguments: &[&str]) -> Said {
        self.tintype_in("", arguments)
    }

    /// Runs `cargo tintype …` in a folder below the project's.
    pub(crate) fn tintype_in(&self, folder: &str, arguments: &[&str]) -> Said {
        let output = self
            .command(env!("CARGO_BIN_EXE_cargo-tintype"))
            .arg("tintype")
            .args(arguments)
            .current_dir(self.root().join(folder))
            .output()
            .unwrap();
        self.said(&output)
    }

    /// Runs `cargo tintype …` where no redis-server is found.
    pub(crate) fn alone(&self, arguments: &[&str]) -> Said {
        let mut command = self.command(env!("CARGO_BIN_EXE_cargo-tintype"));
        command.env_remove("PATH").arg("tintype").args(arguments);
        self.said(&command.output().unwrap())
    }

    /// A program with only those variables of the environment that cargo needs.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.root());
        for name in [
            "PATH",
            "HOME",
            "CARGO",
            "CARGO_HOME",
            "RUSTUP_HOME",
            "RUSTUP_TOOLCHAIN",
            "RUSTUP_AUTO_INSTALL",
        ] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
    }

    pub(crate) fn said(&self, output: &Output) -> Said {
        let root = self.root().display().to_string();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&root, "[project]");
        Said {
            out: text(&output.stdout),
            err: text(&output.stderr),
            ok: output.status.success(),
            code: output.status.code(),
        }
    }

    /// Writes a run as the harness leaves it.
    pub(crate) fn run(&self, id: &str, timestamp: i64, results: Vec<VisualTestResult>) {
        let environment = Environment {
            platform: "linux".to_owned(),
            ..Environment::default()
        };
        let mut run = VisualTestRun::start(RunId(id.to_owned()), environment);
        run.timestamp = timestamp;
        let file = serde_json::to_vec(&RunFile { run, results }).unwrap();
        self.write(&format!("target/tintype/runs/{id}/run.json"), &file);
    }

    /// A result with a current image of this grey.
    pub(crate) fn result(
        &self,
        run: &str,
        name: &str,
        status: Status,
        grey: u8,
    ) -> VisualTestResult {
        let identifier: StoryIdentifier = name.parse().unwrap();
        let current = format!(
            "target/tintype/runs/{run}/{}-current.png",
            identifier.file_stem()
        );
        self.write(&current, &picture(grey));
        let mut result = VisualTestResult::new(RunId(run.to_owned()), identifier, status);
        result.current = Some(current);
        let engine = if name.contains("@firefox") {
            "firefox"
        } else {
            "chromium"
        };
        result.browser = Some(format!("{engine} 156"));
        let baseline = self.root().join(baseline_of(name));
        result.sha256 = Some(ImageHashes {
            baseline: fs::read(baseline).ok().map(|bytes| sha256(&bytes)),
            current: Some(sha256(&picture(grey))),
            diff: None,
        });
        result
    }
}

pub(crate) fn baseline_of(name: &str) -> String {
    let identifier: StoryIdentifier = name.parse().unwrap();
    format!("baselines/{}.png", identifier.file_stem())
}

pub(crate) fn picture(grey: u8) -> Vec<u8> {
    let image = RgbaImage::from_pixel(2, 2, Rgba([grey, grey, grey, 255]));
    tintype::compare::encode_png(&image).unwrap()
}
