//! Visual tests of a book: its pages are built to a folder, which is then served like
//! any other.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    match book::build(&root.join("book"), &root.join("dist")) {
        Ok(true) => tintype::run(),
        Ok(false) if std::env::var_os("CI").is_none() => {
            eprintln!("note: mdbook is not installed, so the book is not tested");
            ExitCode::SUCCESS
        }
        Ok(false) => {
            eprintln!("error: mdbook is not installed (help: cargo install mdbook)");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: failed to build the book: {error}");
            ExitCode::FAILURE
        }
    }
}
