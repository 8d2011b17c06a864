//! Which build a browser is, without a session.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::files;

/// A browser that does not tell its version in this time does not know it.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a program has said.
#[derive(Serialize, Deserialize)]
struct Said {
    program: Program,
    build: String,
}

/// A program's file as it was when it was asked.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Program {
    path: String,
    size: u64,
    modified_ns: u128,
}

/// Name and version of a browser, as `binary --version` says:
/// `Chromium 156.0.8078.79`. It is asked once, and its answer kept in
/// `state_dir/cache` until the program's file changes. What only starts the
/// browser is asked every time: it does not change when the browser does. A
/// program that does not tell is named by path, size and time.
pub fn build(binary: &Path, state_dir: &Path) -> String {
    let Ok(program) = Program::of(binary) else {
        return format!("unknown ({})", binary.display());
    };
    let name = blake3::hash(program.path.as_bytes()).to_hex();
    let kept = state_dir
        .join("cache")
        .join(format!("{}.build", &name[..32]));
    let said = fs::read(&kept).ok();
    let said = said.and_then(|bytes| serde_json::from_slice::<Said>(&bytes).ok());
    if let Some(said) = said.filter(|said| said.program == program && !is_launcher(binary)) {
        return said.build;
    }
    let Some(build) = ask(binary) else {
        let Program {
            path,
            size,
            modified_ns,
        } = program;
        return format!("unknown ({path}, {size} bytes, {modified_ns})");
    };
    let said = Said { program, build };
    // What cannot be kept is asked again.
    let _ = serde_json::to_vec(&said).map(|said| files::replace(&kept, &said));
    said.build
}

impl Program {
    fn of(binary: &Path) -> io::Result<Self> {
        let path = binary.canonicalize()?;
        let meta = path.metadata()?;
        let modified = meta.modified()?.duration_since(UNIX_EPOCH);
        Ok(Self {
            path: path.to_string_lossy().into_owned(),
            size: meta.len(),
            modified_ns: modified.map_or(0, |since| since.as_nanos()),
        })
    }
}

/// A script, or a program under another name: `/snap/bin/chromium` is a link to
/// `snap`, which starts whatever it is called by.
fn is_launcher(binary: &Path) -> bool {
    let target = binary.canonicalize();
    let is_other = |target: &Path| target.file_name() != binary.file_name();
    target.map_or(true, |target| is_other(&target)) || is_script(binary)
}

fn is_script(binary: &Path) -> bool {
    let mut opening = [0; 2];
    let read = File::open(binary).and_then(|mut file| file.read_exact(&mut opening));
    read.is_err() || opening == *b"#!"
}

/// The first line that the program prints; none if it fails or hangs.
fn ask(binary: &Path) -> Option<String> {
    let mut child = Command::new(binary)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut stdout = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut text = String::new();
        let read = stdout.read_to_string(&mut text);
        // Nobody waits any longer: then nobody needs it.
        let _ = sender.send(read.map(|_| text));
    });
    let text = receiver.recv_timeout(PATIENCE);
    if text.is_err() {
        let _ = child.kill();
    }
    let ended = child.wait().ok()?;
    let text = text.ok()?.ok()?;
    let line = text.lines().next().unwrap_or_default().trim();
    (ended.success() && !line.is_empty()).then(|| line.to_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::build;

    fn program(path: &Path, bytes: &[u8]) {
        use std::os::unix::fs::PermissionsExt;
        fs::write(path, bytes).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn a_script_is_asked_for_its_build_every_time() {
        let folder = tempfile::tempdir().unwrap();
        let (browser, version) = (folder.path().join("browser"), folder.path().join("version"));
        let script = format!("#!/bin/sh\ncat {}\n", version.display());
        program(&browser, script.as_bytes());
        for said in ["Chromium 1.2.3", "Chromium 1.2.4"] {
            fs::write(&version, format!("{said} built on Debian\nmore\n")).unwrap();
            assert_eq!(
                build(&browser, folder.path()),
                format!("{said} built on Debian")
            );
        }
        fs::remove_file(&version).unwrap();
        assert!(build(&browser, folder.path()).starts_with("unknown ("));
        let absent = build(&folder.path().join("absent"), folder.path());
        assert!(absent.starts_with("unknown ("), "{absent}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_link_to_a_launcher_is_asked_every_time() {
        let folder = tempfile::tempdir().unwrap();
        let snap = folder.path().join("snap");
        program(&snap, &fs::read("/bin/true").unwrap());
        fs::create_dir(folder.path().join("bin")).unwrap();
        let link = |name: &str| {
            let link = folder.path().join("bin").join(name);
            std::os::unix::fs::symlink(&snap, &link).unwrap();
            link
        };
        let (browser, same) = (link("chromium"), link("snap"));
        let said = build(&browser, folder.path());
        for entry in fs::read_dir(folder.path().join("cache")).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            fs::write(&path, text.replace(&said, "kept")).unwrap();
        }
        assert_eq!(build(&same, folder.path()), "kept");
        assert_eq!(build(&browser, folder.path()), said);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_programs_build_is_kept_until_its_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let browser = folder.path().join("browser");
        program(&browser, &fs::read("/bin/true").unwrap());
        let first = build(&browser, folder.path());
        let kept = fs::read_dir(folder.path().join("cache")).unwrap().flatten();
        let kept: Vec<PathBuf> = kept.map(|entry| entry.path()).collect();
        // What is kept is believed as long as the file is the same, and no longer.
        for path in &kept {
            let text = fs::read_to_string(path).unwrap();
            fs::write(path, text.replace(&first, "kept")).unwrap();
            assert_eq!(build(&browser, folder.path()), "kept");
        }
        let mut bytes = fs::read("/bin/true").unwrap();
        bytes.push(0);
        program(&browser, &bytes);
        assert_eq!(build(&browser, folder.path()), first);
        for path in &kept {
            fs::write(path, "{").unwrap();
        }
        assert_eq!(build(&browser, folder.path()), first);
    }
}
