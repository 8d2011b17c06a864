//! Builds the book with the program `mdbook`.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::Command;

/// Builds a book into `target`, unless `mdbook` is not installed, and says whether it
/// has. Files that stay the same are not touched, so that several processes can call it
/// at once and the pages of a run in progress stay.
///
/// # Errors
/// When `mdbook` fails, or a file cannot be written.
pub fn build(book: &Path, target: &Path) -> io::Result<bool> {
    let built = tempfile::tempdir()?;
    let mut mdbook = Command::new("mdbook");
    mdbook.arg("build").arg("--dest-dir").arg(built.path());
    let output = match mdbook.arg(book).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        output => output?,
    };
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!("mdbook failed:\n{text}")));
    }
    replace(built.path(), target)?;
    Ok(true)
}

/// Makes a folder equal to another one.
fn replace(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(to)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        // Of another process that does the same.
        let is_temporary = name.as_encoded_bytes().starts_with(b".");
        if !is_temporary && !from.join(name).exists() && path.is_file() {
            fs::remove_file(path)?;
        }
    }
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            replace(&path, &target)?;
            continue;
        }
        let bytes = fs::read(&path)?;
        if !fs::read(&target).is_ok_and(|before| before == bytes) {
            // In one step, for a process that reads it meanwhile.
            let file = tempfile::Builder::new().tempfile_in(to)?;
            fs::write(file.path(), &bytes)?;
            file.persist(&target).map_err(|error| error.error)?;
        }
    }
    Ok(())
}
