//! Files that are written whole or not at all.
//!
//! Whoever reads one sees what was there before or what is there now, never a
//! part, and so does everybody after the machine has stopped in between.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

/// Writes a file in place of the one that is there, and creates the folders
/// that it needs.
///
/// # Errors
/// When a folder or the file cannot be written; what was there is still there.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put(path, bytes, FOR_ALL, |_| Ok(()))
}

/// As [`replace`], for this user's eyes only.
///
/// # Errors
/// As [`replace`].
pub fn replace_privately(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put(path, bytes, FOR_ONE, |_| Ok(()))
}

/// As [`replace`], and returns only once disk and file system have it: for what
/// nobody could make again.
///
/// # Errors
/// As [`replace`].
pub fn replace_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put(path, bytes, FOR_ALL, |file| file.as_file().sync_all())?;
    // The new name is on disk once its folder is.
    #[cfg(unix)]
    fs::File::open(folder_of(path))?.sync_all()?;
    Ok(())
}

/// As for any new file; the umask takes away what it takes away.
const FOR_ALL: u32 = 0o666;
const FOR_ONE: u32 = 0o600;

#[cfg_attr(
    not(unix),
    expect(unused_variables, reason = "permissions are not kept in a mode there")
)]
fn put(
    path: &Path,
    bytes: &[u8],
    mode: u32,
    finish: impl FnOnce(&NamedTempFile) -> io::Result<()>,
) -> io::Result<()> {
    let folder = folder_of(path);
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    // What a killed process leaves must not pass for a picture.
    builder.prefix(".tintype-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(mode));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    finish(&file)?;
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
    fn a_file_and_its_folders_are_written_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        for write in [replace, replace_durably] {
            let path = folder.path().join("a/b/file.txt");
            write(&path, b"first").unwrap();
            write(&path, b"second").unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"second");
            assert_eq!(names(path.parent().unwrap()), ["file.txt"]);
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_private_is_for_nobody_else() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        replace_privately(&path, b"secret").unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_cannot_be_replaced_stays_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        fs::create_dir_all(path.join("inside")).unwrap();
        assert!(replace(&path, b"text").is_err());
        assert!(path.join("inside").is_dir());
        assert_eq!(names(folder.path()), ["taken"]);
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_what_they_may_read_of_any_new_file() {
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
