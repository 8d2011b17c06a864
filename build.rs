//! Tells the crate which compiler builds it, and how optimised.

use std::env;
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
    let level = env::var("OPT_LEVEL").unwrap_or_default();
    println!("cargo::rustc-env=TINTYPE_OPT_LEVEL={level}");
}
