//! Files of Windows: flags for opening, permissions, time stamps.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::UNIX_EPOCH;

use super::ChangeTime;

/// Opens a link itself, not the file to which it leads.
const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;

/// Pipes are not in the file system here.
pub(super) fn do_not_wait(_: &mut OpenOptions) {}

/// Opening a symbolic link gives the link, which is not a regular file.
pub(super) fn refuse_links(options: &mut OpenOptions) {
    options.custom_flags(FILE_FLAG_OPEN_REPARSE_POINT);
}

/// Shells pass no open files by name.
pub(super) fn names_open_file(_: &Path) -> bool {
    false
}

/// New files have the permissions of their folder: a private file is private in
/// the folders of the user's profile only.
pub(super) fn set_permissions(_: &mut tempfile::Builder<'_, '_>, _is_private: bool) {}

/// The file system keeps the names in a folder in its own journal.
pub(super) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The later of modification and creation, as there is no change time.
pub(crate) fn change_time(found: &Metadata) -> ChangeTime {
    let times = [found.modified(), found.created()].into_iter().flatten();
    let since = times.filter_map(|time| time.duration_since(UNIX_EPOCH).ok());
    let ns = since.filter_map(|since| i128::try_from(since.as_nanos()).ok());
    ChangeTime {
        ns: ns.max().unwrap_or(i128::MAX / 2),
        device: 0,
    }
}

/// Reads as many bytes as `bytes` has, at `offset`.
pub(crate) fn read_exact_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.seek_read(bytes, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                bytes = &mut bytes[read..];
                offset += read as u64;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::read_exact_at;

    #[test]
    fn bytes_are_read_at_an_offset() {
        let path = tempfile::NamedTempFile::new().unwrap().into_temp_path();
        std::fs::write(&path, "0123456789").unwrap();
        let file = std::fs::File::open(&path).unwrap();
        let mut bytes = [0; 4];
        read_exact_at(&file, &mut bytes, 3).unwrap();
        assert_eq!(&bytes, b"3456");
        assert!(read_exact_at(&file, &mut bytes, 8).is_err());
    }
}
