//! Opens regular files only.
//!
//! A named pipe would block, and a device may have no end. Through a symbolic
//! link planted at the path of a lock or a journal, another file would be
//! changed.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;

use super::platform;

/// Opens a regular file for reading. Symbolic links are followed.
///
/// # Errors
/// When the file cannot be read, or is not a regular file.
pub fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    platform::do_not_wait(&mut options);
    check(options.read(true).open(path)?)
}

/// Opens a file that the user has named, for reading: as [`open`], and a pipe
/// that the shell has opened for this command, as in `<(…)`. Other pipes may
/// never have a writer.
///
/// # Errors
/// As [`open`].
pub fn open_argument(path: &Path) -> io::Result<File> {
    match platform::names_open_file(path) {
        true => File::open(path),
        false => open(path),
    }
}

/// Reads a regular file of at most `limit` bytes. Symbolic links are followed.
///
/// # Errors
/// When the file cannot be read, is not a regular file, or is longer.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let length = file.metadata()?.len();
    let mut bytes = Vec::new();
    if length <= limit {
        bytes.reserve_exact(usize::try_from(length).unwrap_or(0));
        // The file may grow in the meantime.
        file.take(limit + 1).read_to_end(&mut bytes)?;
    }
    if length > limit || bytes.len() as u64 > limit {
        let text = format!("it is longer than the maximum of {limit} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(bytes)
}

/// Opens a file that only this program writes, such as a lock, a journal or a
/// log, with `options`. A symbolic link at this path is not followed. The
/// options must not truncate, because the file is checked once it is open:
/// use [`File::set_len`] afterwards.
///
/// # Errors
/// When the file cannot be opened, or is not a regular file.
pub fn open_own(path: &Path, options: &OpenOptions) -> io::Result<File> {
    let mut options = options.clone();
    platform::refuse_links(&mut options);
    match options.open(path) {
        Ok(file) if !is_link(&file) => check(file),
        Ok(_) => Err(invalid("it is a symbolic link")),
        Err(_) if path.is_symlink() => Err(invalid("it is a symbolic link")),
        Err(_) if path.metadata().is_ok_and(|found| !is_usual(&found)) => Err(irregular()),
        Err(error) => Err(error),
    }
}

/// Opens or creates a file that only this program writes, for appending or as
/// a lock: [`open_own`] with the usual options.
///
/// # Errors
/// As [`open_own`].
pub fn append(path: &Path) -> io::Result<File> {
    open_own(path, OpenOptions::new().create(true).append(true))
}

/// Like [`append`], and empties the file.
///
/// # Errors
/// As [`open_own`].
pub(crate) fn create(path: &Path) -> io::Result<File> {
    let file = append(path)?;
    file.set_len(0)?;
    Ok(file)
}

fn is_link(file: &File) -> bool {
    file.metadata().is_ok_and(|found| found.is_symlink())
}

/// Only regular files; opening a folder reports its own error later.
fn check(file: File) -> io::Result<File> {
    if is_usual(&file.metadata()?) {
        Ok(file)
    } else {
        Err(irregular())
    }
}

fn is_usual(found: &std::fs::Metadata) -> bool {
    found.is_file() || found.is_dir()
}

fn irregular() -> io::Error {
    invalid("it is not a regular file but a pipe, a socket or a device")
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    #[test]
    fn pipes_and_devices_are_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.png");
        let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        for path in [pipe.as_path(), "/dev/zero".as_ref(), "/dev/tty".as_ref()] {
            for error in [read(path, 100).unwrap_err(), append(path).unwrap_err()] {
                let text = error.to_string();
                // There may be no terminal.
                let expected = text.contains("not a regular file") || path.ends_with("tty");
                assert!(expected, "{}: {text}", path.display());
            }
        }
    }

    #[test]
    fn a_planted_link_is_neither_followed_nor_truncated() {
        let folder = tempfile::tempdir().unwrap();
        let (target, lock) = (folder.path().join("notes"), folder.path().join("lock"));
        fs::write(&target, "precious").unwrap();
        symlink(&target, &lock).unwrap();
        for open in [append, create] {
            let error = open(&lock).unwrap_err();
            assert_eq!(error.to_string(), "it is a symbolic link");
        }
        assert_eq!(fs::read(&target).unwrap(), b"precious");
        // A link to a file that does not exist creates none.
        fs::remove_file(&target).unwrap();
        assert!(create(&lock).is_err());
        assert!(!target.exists());
    }

    #[test]
    fn long_files_are_refused_before_they_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sparse");
        let file = File::create(&path).unwrap();
        file.set_len(1 << 40).unwrap();
        let error = read(&path, 1 << 20).unwrap_err();
        assert!(error.to_string().contains("1048576 bytes"), "{error}");
        file.set_len(5).unwrap();
        assert_eq!(read(&path, 5).unwrap(), [0; 5]);
        assert!(read(&path, 4).is_err());
    }

    #[test]
    fn own_files_are_created_and_appended_to() {
        use std::io::Write as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        for _ in 0..2 {
            let mut file = append(&path).unwrap();
            file.write_all(b"a").unwrap();
        }
        assert_eq!(fs::read(&path).unwrap(), b"aa");
        create(&path).unwrap().write_all(b"b").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"b");
    }
}
