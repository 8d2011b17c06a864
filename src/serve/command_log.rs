//! The log of the command that starts the story server.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::process::LineSink;
use crate::redact::redact;

/// The largest size of the log, in bytes.
const MAX_SIZE: usize = 16 * 1024 * 1024;

/// Where the output of the command is written.
struct CommandLog {
    file: File,
    written: usize,
}

/// Creates the log at `path`. Secrets are replaced, and what exceeds its largest
/// size is dropped.
///
/// # Errors
/// When the file cannot be created.
pub(super) fn create(path: &Path) -> io::Result<LineSink> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // A new file, so that a link in its place is not followed.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let log = Mutex::new(CommandLog {
        file: OpenOptions::new().write(true).create_new(true).open(path)?,
        written: 0,
    });
    Ok(Arc::new(move |line| {
        log.lock().unwrap_or_else(PoisonError::into_inner).add(line);
    }))
}

impl CommandLog {
    fn add(&mut self, line: &str) {
        if self.written >= MAX_SIZE {
            return;
        }
        let mut text = redact(line).into_owned() + "\n";
        self.written += text.len();
        if self.written >= MAX_SIZE {
            text += "the log is full: further output is dropped\n";
        }
        // The command runs as well without its log.
        let _ = self.file.write_all(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_SIZE, create};

    #[test]
    fn a_full_log_drops_further_output() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs/command.log");
        let sink = create(&path).unwrap();
        for _ in 0..20 {
            sink(&"x".repeat(1 << 20));
        }
        let log = std::fs::read_to_string(&path).unwrap();
        assert!(log.len() < MAX_SIZE + (2 << 20), "{}", log.len());
        assert!(log.ends_with("the log is full: further output is dropped\n"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_place_of_the_log_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (outside, path) = (folder.path().join("notes"), folder.path().join("log"));
        std::fs::write(&outside, "precious").unwrap();
        std::os::unix::fs::symlink(&outside, &path).unwrap();
        create(&path).unwrap()("line");
        assert_eq!(std::fs::read(&outside).unwrap(), b"precious");
        assert_eq!(std::fs::read(&path).unwrap(), b"line\n");
    }
}
