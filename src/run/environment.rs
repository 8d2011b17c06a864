//! The environment of a run: machine, commit and command.

use std::env;
use std::path::Path;

use tokio::process::Command;

use super::fonts;
use crate::config::Config;
use crate::manifest::{Container, Manifest};
use crate::model::{Environment, Git, Lineage, VisualTestRun, bounded};
use crate::process::remove_secrets;

/// The maximum length of the subject of a commit, in bytes.
const MAX_SUBJECT: usize = 200;

/// The environment of a run in the project of `manifest`, without the browser.
pub async fn environment(manifest: &Manifest, config: &Config) -> Environment {
    let root = &manifest.root;
    let fonts = fonts::fingerprint(&config.system.font_folders);
    let (git, default_branch, fonts) = tokio::join!(git(root), default_branch(root), fonts);
    let environment = Environment {
        platform: env::consts::OS.to_owned(),
        ci: config.run.ci,
        arch: env::consts::ARCH.to_owned(),
        rust_version: env!("TINTYPE_RUSTC_VERSION").to_owned(),
        tintype_version: env!("CARGO_PKG_VERSION").to_owned(),
        browser: None,
        driver: None,
        fonts,
        image: None,
        git,
        default_branch,
        command: Some(command()),
    };
    match &manifest.browser.container {
        None => environment,
        Some(container) => in_container(environment, container),
    }
}

/// The environment of browsers in this image, whose fonts are those of the image.
fn in_container(environment: Environment, container: &Container) -> Environment {
    Environment {
        platform: "linux".to_owned(),
        arch: container.arch().to_owned(),
        fonts: Some(format!("image {}", container.short_digest())),
        image: Some(container.image().to_owned()),
        ..environment
    }
}

/// The command line as a person would type it, since the path of a test binary
/// is long and meaningless.
fn command() -> String {
    let mut words = env::args();
    let program = words.next().unwrap_or_default();
    let stem = Path::new(&program).file_stem().unwrap_or_default();
    let stem = stem.to_string_lossy();
    // Cargo appends a hash: `visual-1a2b3c4d5e6f7a8b`.
    let target = match stem.rsplit_once('-') {
        Some((name, hash)) if hash.len() == 16 => name.to_owned(),
        _ => stem.into_owned(),
    };
    let rest: Vec<String> = words.collect();
    if rest.is_empty() {
        format!("cargo test --test {target}")
    } else {
        format!("cargo test --test {target} -- {}", rest.join(" "))
    }
}

/// The lineage of a run that would start now.
pub async fn current_lineage(manifest: &Manifest, config: &Config) -> Lineage {
    let (git, default_branch) = tokio::join!(git(&manifest.root), default_branch(&manifest.root));
    let environment = Environment {
        git,
        default_branch,
        ..Environment::default()
    };
    let environment = with_branch(environment, manifest, config);
    let mut run = VisualTestRun::start(config.run.id.clone(), environment);
    run.project = Some(manifest.project.clone());
    run.lineage()
        .unwrap_or_else(|| Lineage::of_default_branch(&manifest.project))
}

/// Adds the branch that the CI system builds, and the default branch.
pub(super) fn with_branch(
    mut environment: Environment,
    manifest: &Manifest,
    config: &Config,
) -> Environment {
    let ci = &config.run.ci_branch;
    if let Some(git) = &mut environment.git {
        git.branch = git.branch.take().or_else(|| ci.branch.clone());
    }
    let named = manifest.default_branch.clone();
    let found = named.or(environment.default_branch);
    environment.default_branch = found.or_else(|| ci.default_branch.clone());
    environment
}

/// The default branch of `origin`, if it was fetched.
async fn default_branch(root: &Path) -> Option<String> {
    let head = "refs/remotes/origin/HEAD";
    let remote = git_output(root, &["symbolic-ref", "--short", "-q", head]).await?;
    Some(remote.strip_prefix("origin/")?.to_owned())
}

/// The commit; `None` outside a checkout or without git.
async fn git(root: &Path) -> Option<Git> {
    let (commit, branch, subject, changes) = tokio::join!(
        git_output(root, &["rev-parse", "HEAD"]),
        git_output(root, &["symbolic-ref", "--short", "-q", "HEAD"]),
        git_output(root, &["show", "-s", "--format=%s", "HEAD"]),
        git_output(root, &["status", "--porcelain", "--untracked-files=no"]),
    );
    Some(Git {
        commit: commit?,
        branch: branch.filter(|branch| !branch.is_empty()),
        subject: subject
            .filter(|subject| !subject.is_empty())
            .map(|subject| bounded(subject, MAX_SUBJECT)),
        dirty: changes.is_some_and(|changes| !changes.is_empty()),
    })
}

async fn git_output(root: &Path, arguments: &[&str]) -> Option<String> {
    let mut git = Command::new("git");
    remove_secrets(git.as_std_mut());
    let output = git
        .arg("-C")
        .arg(root)
        .args(arguments)
        .output()
        .await
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
