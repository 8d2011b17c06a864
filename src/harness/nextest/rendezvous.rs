//! Lets the processes of a suite find the coordinator: by a file with its port
//! in the project's target folder.

use std::env;
use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::Child;

use serde::{Deserialize, Serialize};

use crate::config::{COORDINATOR, Config};
use crate::files;
use crate::manifest::Manifest;
use crate::process::{PROGRAMS_OUTLIVE_TESTS, parent_id, spawn_while_parent_runs};

/// The number of log lines in a message about the coordinator's end.
const LOG_TAIL_LINES: usize = 12;

/// Where the processes of one suite in one run meet.
#[derive(Clone, Debug)]
pub(in crate::harness) struct Rendezvous {
    folder: PathBuf,
    name: String,
}

/// The address of the coordinator.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CoordinatorAddress {
    pub(super) port: u16,
    pub(super) token: String,
}

impl Rendezvous {
    /// Whether a coordinator can outlive the tests. Where it cannot, each test
    /// has its own browser.
    pub(in crate::harness) const IS_SUPPORTED: bool = PROGRAMS_OUTLIVE_TESTS;

    /// The rendezvous for all processes of this program that this process's
    /// parent starts with this configuration.
    pub(in crate::harness) fn of_parent(manifest: &Manifest, config: &Config) -> io::Result<Self> {
        let program = env::current_exe()?;
        let suite = format!("{program:?} {:?} {config:?}", manifest.path);
        let suite = blake3::hash(suite.as_bytes()).to_hex();
        let runner = parent_id()?;
        Ok(Self::named(manifest, &format!("{runner}-{}", &suite[..16])))
    }

    /// The rendezvous of this name.
    pub(in crate::harness) fn named(manifest: &Manifest, name: &str) -> Self {
        Self {
            folder: manifest.state_dir().join("nextest"),
            name: name.to_owned(),
        }
    }

    /// The file with the coordinator's standard error.
    pub(super) fn log(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.name))
    }

    fn address_file(&self) -> PathBuf {
        self.folder.join(format!("{}.json", self.name))
    }

    /// Locks out the other processes of the suite.
    pub(super) fn lock(&self) -> io::Result<File> {
        fs::create_dir_all(&self.folder)?;
        let lock = files::append(&self.folder.join("lock"))?;
        lock.lock()?;
        Ok(lock)
    }

    /// Connects to the coordinator, if it is running.
    pub(super) fn connect(&self) -> Option<(TcpStream, CoordinatorAddress)> {
        let address: CoordinatorAddress =
            serde_json::from_slice(&fs::read(self.address_file()).ok()?).ok()?;
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, address.port)).ok()?;
        Some((stream, address))
    }

    /// Publishes the coordinator's address to this user's processes only.
    pub(super) fn publish(&self, address: &CoordinatorAddress) -> io::Result<()> {
        files::replace_privately(&self.address_file(), &serde_json::to_vec(address)?)
    }

    /// Removes the coordinator's files, but keeps a log that is not empty.
    pub(super) fn remove(&self) {
        let _ = fs::remove_file(self.address_file());
        let log = self.log();
        if fs::metadata(&log).is_ok_and(|log| log.len() == 0) {
            let _ = fs::remove_file(log);
        }
    }

    /// Starts the coordinator, whose input ends when the runner exits or the
    /// folder of address files is removed.
    pub(super) fn start_coordinator(&self) -> io::Result<Child> {
        let (program, log) = (env::current_exe()?, files::create(&self.log())?);
        spawn_while_parent_runs(&self.folder, &program, (COORDINATOR, &self.name), log)
    }

    /// The last lines of the coordinator's log.
    pub(super) fn log_tail(&self) -> String {
        let text = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
    }
}
