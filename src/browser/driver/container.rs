//! Runs browsers and drivers in an image that is pinned by its digest, so that
//! every machine captures the same pixels.
//!
//! Each program has a container of its own, in the network of this machine: ports
//! are the same inside and outside.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::Command;
use uuid::Uuid;

use super::find::{Names, Programs, names_of};
use crate::browser::error::BrowserError;
use crate::escape::print_error;
use crate::files;
use crate::manifest::{BrowserSettings, Container, ImageContents, ImageSettings};
use crate::model::BrowserName;
use crate::process::{ON_EXIT, restrict};

/// The engines that run in containers. WebKit also needs a display.
const ENGINES: [BrowserName; 2] = [BrowserName::Chromium, BrowserName::Firefox];

/// The programs that can run images, in the order in which they are tried.
const RUNTIMES: [&str; 2] = ["docker", "podman"];

/// How long it may take to look into an image.
const LOOK_TIMEOUT: Duration = Duration::from_secs(60);

/// How long it may take to pull an image.
const PULL_TIMEOUT: Duration = Duration::from_secs(1800);

/// The folder of a profile in a container.
const PROFILE: &str = "/tmp/tintype";

/// The arguments of every container. A page that takes over the browser gets no
/// further privileges. Chromium needs more shared memory than containers have.
const ARGUMENTS: [&str; 10] = [
    "run",
    "--rm",
    "--init",
    "--pull=never",
    "--network=host",
    "--shm-size=1g",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--env=HOME=/tmp",
    "--env=LANG=C.UTF-8",
];

/// How a program is started in a container.
pub(super) struct ContainerCommand {
    pub(super) environment: Vec<String>,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
}

impl Container {
    /// Pulls the image of the manifest unless it is there, and finds the browsers in
    /// it. What was found is kept in `state_dir`. `None` without an image.
    ///
    /// # Errors
    /// When no program can run images, or it fails.
    pub async fn open(
        settings: &BrowserSettings,
        state_dir: &Path,
    ) -> Result<Option<Self>, BrowserError> {
        let image = settings.image.as_ref();
        let Some(image) = image.filter(|_| settings.webdriver.is_none()) else {
            return Ok(None);
        };
        let runtime = runtime(image, settings)?;
        let script = script(settings);
        let key = blake3::hash(image.reference.as_bytes()).to_hex();
        let cached = state_dir.join(format!("cache/{}.image", &key[..32]));
        let kept = std::fs::read(&cached).ok();
        let kept = kept.and_then(|bytes| serde_json::from_slice::<ImageContents>(&bytes).ok());
        let container = |contents| Self {
            runtime: runtime.clone(),
            image: image.reference.clone(),
            contents,
        };
        if let Some(contents) = kept.filter(|contents| contents.script == script) {
            return Ok(Some(container(contents)));
        }
        let contents = look(&runtime, image, settings, script).await?;
        // A failure to write costs only another look.
        let _ = serde_json::to_vec(&contents).map(|bytes| files::replace(&cached, &bytes));
        Ok(Some(container(contents)))
    }

    /// The programs of an engine, as paths in the image.
    pub(super) fn programs(&self, engine: BrowserName) -> Result<Programs, BrowserError> {
        let names = names_of(engine);
        let find = |part: &str, what: &'static str| {
            let found = self.program(engine, part).map(PathBuf::from);
            found.ok_or_else(|| BrowserError::NotInImage {
                what,
                image: self.image.clone(),
                help: "install it in the image, or set `binary` and `driver` to its paths there",
            })
        };
        Ok(Programs {
            browser: find("browser", names.browser.0)?,
            driver: find("driver", names.driver.0)?,
        })
    }

    fn program(&self, engine: BrowserName, part: &str) -> Option<&str> {
        let key = format!("{}.{part}", engine.as_str());
        self.contents.programs.get(&key).map(String::as_str)
    }

    /// The version of an engine's browser or driver, as `--version` prints it.
    pub fn version(&self, engine: BrowserName, is_driver: bool) -> Option<&str> {
        let part = if is_driver { "driver" } else { "browser" };
        self.program(engine, &format!("{part}.version"))
    }

    /// The image's reference, with its digest.
    pub fn image(&self) -> &str {
        &self.image
    }

    /// The image's digest, shortened: `sha256:0123456789ab`.
    pub fn short_digest(&self) -> &str {
        let start = self.image.rfind("sha256:").unwrap_or(0);
        self.image.get(start..start + 19).unwrap_or(&self.image)
    }

    /// The processor's architecture of the image: `x86_64`, `aarch64`.
    pub fn arch(&self) -> &str {
        &self.contents.arch
    }

    /// The command that starts a program of the image, with further variables as
    /// `NAME=value`. Its container is removed with the process.
    pub(super) fn command(
        &self,
        settings: &BrowserSettings,
        environment: &[String],
        program: &Path,
        arguments: &[String],
    ) -> ContainerCommand {
        let name = format!("tintype-{}", Uuid::now_v7().simple());
        let mut all: Vec<String> = ARGUMENTS.map(str::to_owned).into();
        all.push(format!("--name={name}"));
        all.extend(environment.iter().map(|set| format!("--env={set}")));
        all.push(format!("--entrypoint={}", program.display()));
        all.push(self.image.clone());
        all.extend_from_slice(arguments);
        // Its name needs no quotes.
        let remove = format!("{} rm --force {name}", quoted(&self.runtime));
        let mut environment = settings.system.container_variables.clone();
        environment.push(format!("{ON_EXIT}={remove}"));
        ContainerCommand {
            environment,
            program: self.runtime.clone(),
            arguments: all,
        }
    }
}

/// The folder for a profile that a program is told: `scratch`, or a folder in its
/// container.
pub(in crate::browser) fn profile_folder(settings: &BrowserSettings, scratch: &Path) -> PathBuf {
    match settings.container {
        Some(_) => PathBuf::from(PROFILE),
        None => scratch.to_owned(),
    }
}

/// A path as one word for the shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

fn runtime(image: &ImageSettings, settings: &BrowserSettings) -> Result<PathBuf, BrowserError> {
    let search = &settings.system.programs;
    let found = match &image.runtime {
        Some(name) => search.find(name),
        None => RUNTIMES
            .iter()
            .find_map(|name| search.find(Path::new(name))),
    };
    found.ok_or_else(|| {
        let looked_for = image
            .runtime
            .as_ref()
            .map(|name| name.display().to_string());
        let looked_for = looked_for.unwrap_or_else(|| RUNTIMES.join(", "));
        BrowserError::NotFound {
            what: "a program that runs container images",
            looked_for,
            advice: "install `docker` or `podman`, name it with `container` in [browser], or \
                     remove `image`",
        }
    })
}

/// The shell script that finds the browsers in an image.
fn script(settings: &BrowserSettings) -> String {
    let mut script = String::from(
        "find() { key=$1; shift; for name; do\n\
         path=$(command -v \"$name\") || continue\n\
         echo \"$key=$path\"\n\
         echo \"$key.version=$(\"$path\" --version 2>/dev/null | head -n 1)\"\n\
         return; done; }\n\
         echo \"arch=$(uname -m)\"\n",
    );
    for engine in ENGINES {
        let Names {
            browser, driver, ..
        } = names_of(engine);
        let (own_browser, own_driver) = settings.configured(engine);
        for (part, names, own) in [
            ("browser", browser.1, own_browser),
            ("driver", driver.1, own_driver),
        ] {
            let _ = write!(script, "find {}.{part}", engine.as_str());
            match own {
                Some(path) => _ = write!(script, " {}", quoted(path)),
                None => names
                    .iter()
                    .for_each(|name| _ = write!(script, " '{name}'")),
            }
            script.push('\n');
        }
    }
    script
}

/// Looks into an image.
async fn look(
    runtime: &Path,
    image: &ImageSettings,
    settings: &BrowserSettings,
    script: String,
) -> Result<ImageContents, BrowserError> {
    let call = async |arguments: &[&str], limit: Duration| {
        let failed = |reason: String| BrowserError::Image {
            image: image.reference.clone(),
            command: format!("{} {}", runtime.display(), arguments[0]),
            reason,
        };
        let output = tokio::time::timeout(limit, run(runtime, settings, arguments)).await;
        let output =
            output.map_err(|_| failed(format!("timed out after {} s", limit.as_secs())))?;
        output.map_err(|error| failed(error.to_string()))
    };
    let reference = image.reference.as_str();
    let inspected = call(&["image", "inspect", reference], LOOK_TIMEOUT).await?;
    if !inspected.status.success() {
        print_error(&format!("pulling {reference}, once; this may take minutes"));
        let pulled = call(&["pull", "--quiet", reference], PULL_TIMEOUT).await?;
        check(&pulled, runtime, image, "pull")?;
    }
    let looking = [
        "run",
        "--rm",
        "--pull=never",
        "--network=none",
        "--env=HOME=/tmp",
        "--entrypoint=sh",
        reference,
        "-c",
        &script,
    ];
    let output = call(&looking, LOOK_TIMEOUT).await?;
    check(&output, runtime, image, "run")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().filter_map(|line| line.split_once('='));
    let mut programs: BTreeMap<_, _> = lines
        .map(|(key, value)| (key.to_owned(), value.trim().to_owned()))
        .collect();
    let arch = programs.remove("arch").unwrap_or_default();
    Ok(ImageContents {
        script,
        arch,
        programs,
    })
}

async fn run(
    runtime: &Path,
    settings: &BrowserSettings,
    arguments: &[&str],
) -> std::io::Result<Output> {
    let mut command = Command::new(runtime);
    restrict(command.as_std_mut());
    let variables = settings.system.container_variables.iter();
    command
        .envs(variables.filter_map(|set| set.split_once('=')))
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
}

fn check(
    output: &Output,
    runtime: &Path,
    image: &ImageSettings,
    command: &str,
) -> Result<(), BrowserError> {
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.trim().lines().rev().take(5).collect();
    let lines: Vec<&str> = lines.into_iter().rev().collect();
    Err(BrowserError::Image {
        image: image.reference.clone(),
        command: format!("{} {command}", runtime.display()),
        reason: format!("{}: {}", output.status, lines.join("\n")),
    })
}
