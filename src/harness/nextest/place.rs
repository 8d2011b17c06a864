//! Where the processes of a suite find each other: a note with the studio's
//! port, in a folder of the project's target.

use std::env;
use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::files;
use crate::manifest::Manifest;

/// Makes this program the studio at the place of this name.
pub(in crate::harness) const STUDIO: &str = "TINTYPE_INTERNAL_STUDIO";

/// `$1` is the runner's process id, `$2` the folder of notes, the rest the
/// studio's command. Its input ends when the runner does, or when the project
/// is removed under it; the lines only tell the waiting shell of its end.
const WATCH: &str = r#"
runner=$1; folder=$2; shift 2
{ while kill -0 "$runner" 2>/dev/null && [ -d "$folder" ]; do echo; sleep 0.2; done; } | exec "$@"
"#;

/// How many of the studio's last lines are shown in a message about its end.
const LAST_WORDS: usize = 12;

/// The meeting place of one suite in one run.
#[derive(Clone, Debug)]
pub(in crate::harness) struct Place {
    folder: PathBuf,
    name: String,
}

/// How to reach the studio.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Note {
    pub(super) port: u16,
    pub(super) token: String,
}

impl Place {
    /// The place for all processes of this program under this process's
    /// parent, with this config.
    #[cfg(unix)]
    pub(in crate::harness) fn of_parent(manifest: &Manifest, config: &Config) -> io::Result<Self> {
        let program = env::current_exe()?;
        let suite = format!("{program:?} {:?} {config:?}", manifest.path);
        let suite = blake3::hash(suite.as_bytes()).to_hex();
        let runner = std::os::unix::process::parent_id();
        Ok(Self::named(manifest, &format!("{runner}-{}", &suite[..16])))
    }

    /// The place of this name.
    pub(in crate::harness) fn named(manifest: &Manifest, name: &str) -> Self {
        Self {
            folder: manifest.state_dir().join("nextest"),
            name: name.to_owned(),
        }
    }

    /// What the studio has to say beyond its answers.
    pub(super) fn log(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.name))
    }

    fn note(&self) -> PathBuf {
        self.folder.join(format!("{}.json", self.name))
    }

    /// Only one process at a time comes in.
    pub(super) fn lock(&self) -> io::Result<File> {
        fs::create_dir_all(&self.folder)?;
        let lock = File::create(self.folder.join("lock"))?;
        lock.lock()?;
        Ok(lock)
    }

    /// A connection to the studio that left a note, if it still listens.
    pub(super) fn connect(&self) -> Option<(TcpStream, Note)> {
        let note: Note = serde_json::from_slice(&fs::read(self.note()).ok()?).ok()?;
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, note.port)).ok()?;
        Some((stream, note))
    }

    /// Says where the studio listens, to this user's processes only.
    pub(super) fn leave(&self, note: &Note) -> io::Result<()> {
        files::replace_privately(&self.note(), &serde_json::to_vec(note)?)
    }

    /// Takes everything away but what somebody may want to read.
    pub(super) fn remove(&self) {
        let _ = fs::remove_file(self.note());
        let log = self.log();
        if fs::metadata(&log).is_ok_and(|log| log.len() == 0) {
            let _ = fs::remove_file(log);
        }
    }

    /// Starts the studio. It hears nothing of the signals that the tests get,
    /// and holds none of their pipes.
    #[cfg(unix)]
    pub(super) fn start_studio(&self) -> io::Result<Child> {
        let runner = std::os::unix::process::parent_id().to_string();
        let mut command = Command::new("sh");
        command
            .args(["-c", WATCH, "tintype-studio", &runner])
            .arg(&self.folder)
            .arg(env::current_exe()?)
            .env(STUDIO, &self.name)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(self.log())?);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn()
    }

    /// What the studio has said last.
    pub(super) fn last_words(&self) -> String {
        let text = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(LAST_WORDS)..].join("\n")
    }
}
