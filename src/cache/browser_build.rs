//! Determines the build of a browser without starting a session.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::files;
use crate::process::version;

/// The cached version of a program.
#[derive(Serialize, Deserialize)]
struct CachedBuild {
    program: ProgramFile,
    build: String,
}

/// The identity of a program's file.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct ProgramFile {
    path: String,
    size: u64,
    modified_ns: u128,
}

/// Name and version of a browser as printed by `binary --version`, such as
/// `Chromium 156.0.8078.79`. The result is cached in `state_dir/cache` until the
/// program's file changes, except for launchers, which do not change when the
/// browser does. A program that prints no version is identified by path, size
/// and time.
pub(crate) fn browser_build(binary: &Path, state_dir: &Path) -> String {
    let Ok(program) = ProgramFile::of(binary) else {
        return format!("unknown ({})", binary.display());
    };
    let name = blake3::hash(program.path.as_bytes()).to_hex();
    let cache_file = state_dir
        .join("cache")
        .join(format!("{}.build", &name[..32]));
    let cached = fs::read(&cache_file).ok();
    let cached = cached.and_then(|bytes| serde_json::from_slice::<CachedBuild>(&bytes).ok());
    let cached = cached.filter(|cached| cached.program == program && !is_launcher(binary));
    if let Some(cached) = cached {
        return cached.build;
    }
    let Some(build) = version(binary) else {
        let ProgramFile {
            path,
            size,
            modified_ns,
        } = program;
        return format!("unknown ({path}, {size} bytes, {modified_ns})");
    };
    let cached = CachedBuild { program, build };
    // A failure to write costs only another `--version`.
    let _ = serde_json::to_vec(&cached).map(|bytes| files::replace(&cache_file, &bytes));
    cached.build
}

impl ProgramFile {
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

/// Whether a program starts another one: a script, or a link with another name,
/// such as `/snap/bin/chromium`, which links to `snap`.
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

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::browser_build as build;

    fn program(path: &Path, bytes: &[u8]) {
        use std::os::unix::fs::PermissionsExt;
        fs::write(path, bytes).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn the_build_of_a_script_is_not_cached() {
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
    fn the_build_of_a_link_to_a_launcher_is_not_cached() {
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
            fs::write(&path, text.replace(&said, "cached")).unwrap();
        }
        assert_eq!(build(&same, folder.path()), "cached");
        assert_eq!(build(&browser, folder.path()), said);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_build_is_cached_until_the_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let browser = folder.path().join("browser");
        program(&browser, &fs::read("/bin/true").unwrap());
        let first = build(&browser, folder.path());
        let kept = fs::read_dir(folder.path().join("cache")).unwrap().flatten();
        let kept: Vec<PathBuf> = kept.map(|entry| entry.path()).collect();
        // The cached build is used as long as the file is the same.
        for path in &kept {
            let text = fs::read_to_string(path).unwrap();
            fs::write(path, text.replace(&first, "cached")).unwrap();
            assert_eq!(build(&browser, folder.path()), "cached");
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
