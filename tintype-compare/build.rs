//! Tells the crate how optimised it is built.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let level = std::env::var("OPT_LEVEL").unwrap_or_default();
    println!("cargo::rustc-env=TINTYPE_COMPARE_OPT_LEVEL={level}");
}
