//! Browsers that outlive a process: under nextest each test is a process of
//! its own, and starting a browser takes longer than most tests.
//!
//! nextest numbers the places in which its tests run, and never runs two tests
//! in one place at once. So a place keeps a browser: whoever comes first starts
//! it and leaves a note of how to reach it, the others go on with it, and when
//! the runner ends its guard ends the browser, too.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `$1` is the slot's folder, `$2` the file for the program's output, `$3` the
/// runner's process id, the rest the command. Whoever wants the program gone
/// removes the folder. A browser's last helpers may still write when it is
/// removed, hence the second time.
const GUARD: &str = r#"
home=$1; log=$2; runner=$3; shift 3
"$@" </dev/null >"$log" 2>&1 & program=$!
exec 2>/dev/null
while kill -0 "$runner" && kill -0 "$program" && [ -d "$home" ]; do sleep 0.2; done
kill -KILL "$program"
wait "$program"
rm -rf "$home" || { sleep 0.2; rm -rf "$home"; }
kill -KILL 0
"#;

/// A place in which a runner runs one test after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Where notes are left.
    folder: PathBuf,
    /// The place's number.
    name: String,
    /// The runner's process id.
    runner: u32,
}

/// What is left for the next process in a place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    /// The driver's address.
    pub(super) address: String,
    /// The WebDriver session's id.
    pub(super) session: String,
    /// Whether frames are driven.
    pub(super) frames: bool,
    /// What the session said when it began.
    pub(super) capabilities: Value,
    /// The library that is installed in the page, and the browser's name for
    /// it.
    pub(super) prelude: Option<(String, String)>,
}

impl Slot {
    /// The place `name` of the runner that is this process's parent. Notes are
    /// left in `folder`.
    #[cfg(unix)]
    pub fn of_parent(folder: &Path, name: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            name: name.to_owned(),
            runner: std::os::unix::process::parent_id(),
        }
    }

    /// The folder of all that the slot keeps. Without it nothing is kept.
    pub(super) fn home(&self) -> PathBuf {
        self.folder
            .join(format!("slot-{}-{}", self.runner, self.name))
    }

    fn note(&self) -> PathBuf {
        self.home().join("session.json")
    }

    /// What the process before has left.
    pub(super) fn read(&self) -> Option<Kept> {
        serde_json::from_slice(&fs::read(self.note()).ok()?).ok()
    }

    /// Leaves it for the next process. What cannot be left is ended.
    pub(super) fn leave(&self, kept: &Kept) {
        let text = serde_json::to_vec(kept).unwrap_or_default();
        if fs::write(self.note(), text).is_err() {
            self.discard();
        }
    }

    /// Ends what is kept.
    pub(super) fn discard(&self) {
        let _ = fs::remove_file(self.note());
        let _ = fs::remove_dir_all(self.home());
    }

    /// Starts a program that lives as long as the runner and writes to `log`.
    pub(super) fn spawn(&self, program: &Path, arguments: &[String], log: &Path) -> io::Result<()> {
        fs::create_dir_all(self.home())?;
        let mut command = Command::new("sh");
        command
            .args(["-c", GUARD, "tintype-guard"])
            .arg(self.home())
            .arg(log)
            .arg(self.runner.to_string())
            .arg(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn().map(drop)
    }
}

/// The rest of the first line behind `mark` that a program of
/// [`Slot::spawn`] has written. The caller bounds the time.
pub(super) async fn announced(log: &Path, mark: &str) -> String {
    loop {
        let text = fs::read_to_string(log).unwrap_or_default();
        let found = text.lines().find_map(|line| line.split_once(mark));
        if let Some((_, rest)) = found {
            return rest.to_owned();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
