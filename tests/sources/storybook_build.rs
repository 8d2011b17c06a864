//! Builds the tests' Storybook (`tests/storybook`) with npm, once per state of
//! its sources.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use walkdir::WalkDir;

/// The oldest Node.js that runs Storybook 10.
const NODE: (u32, u32) = (20, 19);

/// The folder of the built Storybook.
pub(crate) fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(build)
}

fn build() -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/storybook");
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("storybook");
    fs::create_dir_all(&home).unwrap();
    // Several test processes may need it at once.
    let lock = File::create(home.join("lock")).unwrap();
    lock.lock().unwrap();
    let (built, work) = (home.join("static"), home.join("work"));
    let state = copy(&source, &work);
    let mark = home.join("built");
    if fs::read_to_string(&mark).is_ok_and(|mark| mark == state) && built.is_dir() {
        return built;
    }
    let path = path_with_node(&home);
    install(&work, &path);
    let _ = fs::remove_file(&mark);
    let mut storybook = npm(&["run", "build", "--", "--output-dir"], &work, &path);
    run(storybook.arg(&built));
    fs::write(&mark, state).unwrap();
    built
}

/// Copies the Storybook's sources and returns their hash.
fn copy(source: &Path, work: &Path) -> String {
    let mut hasher = blake3::Hasher::new();
    let _ = fs::remove_dir_all(work.join("src"));
    let walk = WalkDir::new(source).sort_by_file_name().into_iter();
    for entry in walk.filter_entry(|entry| entry.file_name() != "node_modules") {
        let entry = entry.unwrap();
        let relative = entry.path().strip_prefix(source).unwrap();
        let to = work.join(relative);
        if entry.file_type().is_dir() {
            fs::create_dir_all(&to).unwrap();
            continue;
        }
        let text = fs::read(entry.path()).unwrap();
        hasher.update(relative.to_string_lossy().as_bytes());
        hasher.update(&[0]).update(&text).update(&[0]);
        fs::write(&to, text).unwrap();
    }
    hasher.finalize().to_string()
}

/// Installs the packages of the lockfile, unless they are there.
fn install(work: &Path, path: &OsString) {
    let lock = fs::read(work.join("package-lock.json")).unwrap();
    let mark = work.join("node_modules/.installed");
    if fs::read(&mark).is_ok_and(|mark| mark == lock) {
        return;
    }
    // Not `npm ci`: it insists on a lockfile with the packages of every
    // platform, which npm itself does not write.
    run(&mut npm(&["install", "--ignore-scripts"], work, path));
    fs::write(mark, lock).unwrap();
}

/// The PATH, with a newer Node.js in front where the machine's is too old.
fn path_with_node(home: &Path) -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if node_version() >= Some(NODE) {
        return path;
    }
    let own = home.join("node");
    fs::create_dir_all(&own).unwrap();
    let program = own.join("node_modules/.bin");
    if !program.join("node").exists() {
        run(&mut npm(
            &["install", "--prefix", ".", "node@22"],
            &own,
            &path,
        ));
    }
    let paths = std::iter::once(program).chain(std::env::split_paths(&path));
    std::env::join_paths(paths).unwrap()
}

fn node_version() -> Option<(u32, u32)> {
    let said = Command::new("node").arg("--version").output();
    let said = said.expect("Node.js is there (scripts/setup.sh installs it)");
    let said = String::from_utf8(said.stdout).ok()?;
    let mut numbers = said.trim().trim_start_matches('v').split('.');
    let mut number = || numbers.next()?.parse().ok();
    Some((number()?, number()?))
}

fn npm(arguments: &[&str], folder: &Path, path: &OsString) -> Command {
    let mut command = Command::new("npm");
    command
        .args(arguments)
        .current_dir(folder)
        .env("PATH", path)
        .env("STORYBOOK_DISABLE_TELEMETRY", "1");
    command
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?} failed:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
