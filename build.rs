//! Tells the crate which compiler builds it, and from which source.

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc)
        .arg("--version")
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .and_then(|text| text.split(' ').nth(1).map(str::to_owned))
        .unwrap_or_default();
    println!("cargo::rustc-env=TINTYPE_RUSTC_VERSION={version}");
    // The published crate wants one version of `tintype-compare`, whose source
    // never changes; in a checkout it lies beside.
    let folders = ["src", "tintype-compare/src"].map(Path::new);
    let folders: Vec<&Path> = folders.into_iter().filter(|path| path.exists()).collect();
    for folder in &folders {
        println!("cargo::rerun-if-changed={}", folder.display());
    }
    let source = fingerprint(&folders).expect("src can be read");
    println!("cargo::rustc-env=TINTYPE_SOURCE_FINGERPRINT={source:016x}");
}

/// A hash over every file of some folders: cached passes are good for the very
/// source that has judged them.
fn fingerprint(folders: &[&Path]) -> io::Result<u64> {
    let mut hasher = DefaultHasher::new();
    let mut files = Vec::new();
    for folder in folders {
        collect(folder, &mut files)?;
    }
    files.sort();
    for file in files {
        // With `/` on every system.
        for part in file.components() {
            hasher.write(part.as_os_str().as_encoded_bytes());
            hasher.write_u8(b'/');
        }
        let bytes = fs::read(&file)?;
        hasher.write_usize(bytes.len());
        hasher.write(&bytes);
    }
    Ok(hasher.finish())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
