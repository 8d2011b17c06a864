//! Writes files atomically.
//!
//! A reader sees the old or the new content, never a part, even after a crash.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use super::platform;

/// Creates or replaces a file atomically, and creates its folders.
///
/// # Errors
/// When a folder or the file cannot be written; the old file is kept.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_atomic(path, Readers::Default, |file| file.write_all(bytes))
}

/// Like `replace`, with content that `write` writes in parts.
///
/// # Errors
/// When a folder or the file cannot be written, or `write` fails; the old file
/// is kept.
pub(crate) fn replace_with(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&mut File>) -> io::Result<()>,
) -> io::Result<()> {
    let buffered = |file: &mut NamedTempFile| {
        let mut buffer = BufWriter::with_capacity(BUFFER, file.as_file_mut());
        write(&mut buffer)?;
        buffer.flush()
    };
    write_atomic(path, Readers::Default, buffered)
}

/// The bytes of content that are written at once.
const BUFFER: usize = 64 << 10;

/// Like `replace`, readable only by this user.
///
/// # Errors
/// When a folder or the file cannot be written; the old file is kept.
pub fn replace_privately(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_atomic(path, Readers::Owner, |file| file.write_all(bytes))
}

/// Like `replace`, and returns once the file is on disk: for data that cannot
/// be reproduced.
///
/// # Errors
/// When the file cannot be written.
pub fn replace_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_atomic(path, Readers::Default, |file| {
        file.write_all(bytes)?;
        file.as_file().sync_all()
    })?;
    // The rename is on disk once the folder is.
    platform::sync_folder(folder_of(path))
}

/// Who may read a file.
#[derive(Clone, Copy)]
enum Readers {
    /// As the system decides for new files.
    Default,
    /// Only this user.
    Owner,
}

fn write_atomic(
    path: &Path,
    readers: Readers,
    write: impl FnOnce(&mut NamedTempFile) -> io::Result<()>,
) -> io::Result<()> {
    let folder = folder_of(path);
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    // A killed process must not leave a file with the extension of an image.
    builder.prefix(".tintype-").suffix(".part");
    platform::set_permissions(&mut builder, matches!(readers, Readers::Owner));
    let mut file = builder.tempfile_in(folder)?;
    write(&mut file)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn files_and_their_folders_are_created_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let in_parts = |path: &Path, bytes: &[u8]| {
            replace_with(path, |file| {
                let mut parts = bytes.chunks(2);
                parts.try_for_each(|part| file.write_all(part))
            })
        };
        for write in [replace, replace_durably, in_parts] {
            let path = folder.path().join("a/b/file.txt");
            write(&path, b"first").unwrap();
            write(&path, b"second").unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"second");
            assert_eq!(names(path.parent().unwrap()), ["file.txt"]);
        }
    }

    #[cfg(unix)]
    #[test]
    fn private_files_are_readable_only_by_the_user() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        replace_privately(&path, b"secret").unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_failed_replacement_keeps_the_old_file_and_leaves_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        fs::create_dir_all(path.join("inside")).unwrap();
        assert!(replace(&path, b"text").is_err());
        let failed = replace_with(&path, |_| Err(io::Error::other("no content")));
        assert_eq!(failed.unwrap_err().to_string(), "no content");
        assert!(path.join("inside").is_dir());
        assert_eq!(names(folder.path()), ["taken"]);
    }

    #[cfg(unix)]
    #[test]
    fn files_have_the_default_permissions() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let mode = |name: &str| {
            let meta = fs::metadata(folder.path().join(name)).unwrap();
            meta.permissions().mode() & 0o777
        };
        fs::write(folder.path().join("plain"), "").unwrap();
        replace(&folder.path().join("ours"), b"").unwrap();
        replace_durably(&folder.path().join("lasting"), b"").unwrap();
        assert_eq!(mode("ours"), mode("plain"));
        assert_eq!(mode("lasting"), mode("plain"));
    }
}
