//! The version of a program.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::environment::restrict;

/// How long `--version` may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Browsers that open a window on Windows instead of printing a version.
const WINDOWED: [&str; 3] = ["chrome.exe", "chromium.exe", "msedge.exe"];

/// The first line that `program --version` prints; `None` if it fails or hangs.
/// A browser that would not print it is looked up in its folder instead.
pub fn version(program: &Path) -> Option<String> {
    let name = program.file_name()?.to_string_lossy().to_ascii_lowercase();
    if cfg!(windows) && WINDOWED.contains(&name.as_str()) {
        return installed_version(program);
    }
    let mut command = Command::new(program);
    restrict(&mut command);
    let mut child = command
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut stdout = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut text = String::new();
        let read = stdout.read_to_string(&mut text);
        // The receiver is gone after the timeout.
        let _ = sender.send(read.map(|_| text));
    });
    let text = receiver.recv_timeout(TIMEOUT);
    if text.is_err() {
        let _ = child.kill();
    }
    let ended = child.wait().ok()?;
    let text = text.ok()?.ok()?;
    let line = text.lines().next().unwrap_or_default().trim();
    (ended.success() && !line.is_empty()).then(|| line.to_owned())
}

/// The latest version of which there is a folder or a manifest in the folder of
/// the program, as `chrome 156.0.8078.79`.
fn installed_version(program: &Path) -> Option<String> {
    let entries = fs::read_dir(program.parent()?).ok()?;
    let versions = entries.filter_map(|entry| {
        let name = entry.ok()?.file_name().into_string().ok()?;
        let name = name.strip_suffix(".manifest").unwrap_or(&name);
        let parts = name.split('.').map(|part| part.parse::<u32>().ok());
        let parts = parts.collect::<Option<Vec<_>>>()?;
        (parts.len() == 4).then(|| (parts, name.to_owned()))
    });
    let (_, version) = versions.max()?;
    let stem = program.file_stem()?.to_string_lossy().into_owned();
    Some(format!("{stem} {version}"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::installed_version;

    #[test]
    fn the_latest_version_in_the_folder_of_a_browser_counts() {
        let folder = tempfile::tempdir().unwrap();
        let browser = folder.path().join("chrome.exe");
        assert_eq!(installed_version(&browser), None);
        fs::write(folder.path().join("99.0.1.2.manifest"), "").unwrap();
        fs::create_dir(folder.path().join("156.0.8078.9")).unwrap();
        fs::create_dir(folder.path().join("156.0.8078.79")).unwrap();
        fs::create_dir(folder.path().join("200.0.1")).unwrap();
        let found = installed_version(&browser);
        assert_eq!(found.as_deref(), Some("chrome 156.0.8078.79"));
    }
}
