//! Files of Unix: flags for opening, permissions, time stamps.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{
    DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::Path;

use rustix::fs::OFlags;

use super::ChangeTime;

/// Opening a pipe does not wait for its other end.
pub(super) fn do_not_wait(options: &mut OpenOptions) {
    set_flags(options, OFlags::NONBLOCK);
}

/// As [`do_not_wait`], and opening a symbolic link fails.
pub(super) fn refuse_links(options: &mut OpenOptions) {
    set_flags(options, OFlags::NONBLOCK | OFlags::NOFOLLOW);
}

fn set_flags(options: &mut OpenOptions, flags: OFlags) {
    options.custom_flags(flags.bits().cast_signed());
}

/// Whether a path names a file that this process has open already, as in
/// `<(…)` of a shell.
pub(super) fn names_open_file(path: &Path) -> bool {
    path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd")
}

/// The permissions of a new file.
pub(super) fn set_permissions(builder: &mut tempfile::Builder<'_, '_>, is_private: bool) {
    // The others are subject to the umask.
    let mode = if is_private { 0o600 } else { 0o666 };
    builder.permissions(Permissions::from_mode(mode));
}

/// Returns once the names in a folder are on disk.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Creates a folder that only this user can enter, and those above it.
pub(crate) fn create_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(folder)
}

/// Makes a folder of this user one that only this user can enter.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(folder)?;
    if found.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// The time of the last change of a file or folder: written, renamed, replaced.
/// Programs cannot set this time.
pub(crate) fn change_time(found: &Metadata) -> ChangeTime {
    ChangeTime {
        ns: i128::from(found.ctime()) * 1_000_000_000 + i128::from(found.ctime_nsec()),
        device: found.dev(),
    }
}

/// Reads as many bytes as `bytes` has, at `offset`.
pub(crate) fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    file.read_exact_at(bytes, offset)
}
