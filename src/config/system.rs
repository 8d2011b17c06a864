//! The variables that describe the machine and the user.

use std::env;
use std::env::consts::EXE_SUFFIX;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::folders;
use super::variables::Variables;
use crate::process;

/// Where Docker and Podman find their daemon and configuration.
const CONTAINER_VARIABLES: [&str; 8] = [
    "CONTAINERS_CONF",
    "CONTAINER_CONNECTION",
    "CONTAINER_HOST",
    "DOCKER_CERT_PATH",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "DOCKER_TLS_VERIFY",
];

/// The machine and the user, as far as they are not fixed at build time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// The name of the machine: letters, digits, `.`, `_` and `-`.
    pub host: String,
    /// The kind of machine: platform, architecture, cores and processor. Times are
    /// compared only between machines of one kind.
    pub machine: String,
    /// Where programs are searched for.
    pub programs: ProgramSearch,
    /// The folders of fonts; none where fontconfig lists the fonts.
    pub font_folders: Vec<PathBuf>,
    /// Whether the process runs as root.
    pub is_root: bool,
    /// `CARGO_TARGET_DIR`.
    pub target_dir: Option<PathBuf>,
    /// `CARGO_PKG_NAME`: the package under test.
    pub package: Option<String>,
    /// `CARGO`, otherwise `cargo`.
    pub cargo: OsString,
    /// The variables that programs for containers need to find their daemon, as
    /// `NAME=value`.
    pub container_variables: Vec<String>,
    /// Whether `NO_COLOR` is set.
    pub no_color: bool,
}

/// Where programs are searched for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgramSearch {
    /// The folders of `PATH`.
    pub folders: Vec<PathBuf>,
    /// `HOME`, on Windows `USERPROFILE`: the folder that replaces `~`.
    pub home: Option<PathBuf>,
    /// The folders of installed programs that are not on the `PATH`.
    pub applications: Vec<PathBuf>,
}

impl ProgramSearch {
    /// A program by its path, or by its bare name in the folders of `PATH`. On
    /// Windows names may lack `.exe`.
    pub fn find(&self, name: &Path) -> Option<PathBuf> {
        if name.components().count() > 1 {
            return existing(name);
        }
        let mut folders = self.folders.iter();
        folders.find_map(|folder| existing(&folder.join(name)))
    }
}

/// The file of a program. What lacks the ending of programs is a script for
/// another shell.
fn existing(file: &Path) -> Option<PathBuf> {
    let mut file = file.to_owned();
    if !EXE_SUFFIX.is_empty() && file.extension().is_none() {
        file.as_mut_os_string().push(EXE_SUFFIX);
    }
    file.is_file().then_some(file)
}

impl Default for System {
    fn default() -> Self {
        Self::read(&Variables::default())
    }
}

impl System {
    pub(super) fn read(variables: &Variables) -> Self {
        let path = |name| variables.get(name).map(PathBuf::from);
        let paths = variables.get("PATH").map(env::split_paths);
        let profile = if cfg!(windows) {
            path("USERPROFILE")
        } else {
            None
        };
        let home = path("HOME").or(profile);
        Self {
            font_folders: folders::fonts(variables, home.as_ref()),
            host: host(variables),
            machine: machine(variables),
            programs: ProgramSearch {
                folders: paths.into_iter().flatten().collect(),
                applications: folders::applications(variables, home.as_ref()),
                home,
            },
            is_root: process::is_root(),
            target_dir: path("CARGO_TARGET_DIR"),
            package: variables.text("CARGO_PKG_NAME").map(str::to_owned),
            cargo: variables
                .get("CARGO")
                .unwrap_or("cargo".as_ref())
                .to_owned(),
            container_variables: CONTAINER_VARIABLES
                .iter()
                .filter_map(|name| Some(format!("{name}={}", variables.text(name)?)))
                .collect(),
            no_color: variables.get("NO_COLOR").is_some(),
        }
    }
}

fn host(variables: &Variables) -> String {
    let variable = |name| variables.text(name).map(str::to_owned);
    let name = process::host_name()
        .or_else(|| variable("COMPUTERNAME"))
        .or_else(|| variable("HOSTNAME"))
        .unwrap_or_default();
    let is_safe = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_';
    let safe = |c| if is_safe(c) { c } else { '-' };
    match name.trim() {
        "" => "localhost".to_owned(),
        name => name.chars().map(safe).collect(),
    }
}

fn machine(variables: &Variables) -> String {
    let model = process::processor();
    let model = model.or_else(|| variables.text("PROCESSOR_IDENTIFIER").map(str::to_owned));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (platform, arch) = (env::consts::OS, env::consts::ARCH);
    format!("{platform} {arch}, {cores} × {}", model.unwrap_or_default())
}
