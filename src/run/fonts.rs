//! The fonts of the system, which decide the pixels of stories that do not
//! bundle their own.

use std::path::{Path, PathBuf};

use tokio::process::Command;
use walkdir::WalkDir;

use crate::process::restrict;

/// The extensions of font files.
const EXTENSIONS: [&str; 7] = ["ttf", "ttc", "otf", "otc", "dfont", "fon", "fnt"];

/// A fingerprint of the fonts: of what fontconfig lists, otherwise of the files
/// in `folders`.
pub(super) async fn fingerprint(folders: &[PathBuf]) -> Option<String> {
    let list = if folders.is_empty() {
        listed_fonts().await?
    } else {
        let folders = folders.to_vec();
        let files = tokio::task::spawn_blocking(move || font_files(&folders)).await;
        files.ok()?.join("\n").into_bytes()
    };
    let mut lines: Vec<&[u8]> = list.split(|&byte| byte == b'\n').collect();
    lines.sort_unstable();
    lines.dedup();
    let hash = blake3::hash(&lines.join(&b'\n'));
    let count = lines.iter().filter(|line| !line.is_empty()).count();
    Some(format!("{count} fonts, {}", &hash.to_hex()[..12]))
}

async fn listed_fonts() -> Option<Vec<u8>> {
    let mut list = Command::new("fc-list");
    restrict(list.as_std_mut());
    let output = list
        .args([":", "family", "style", "fontversion"])
        .output()
        .await;
    Some(output.ok()?.stdout)
}

/// The font files in these folders and those below, each with its size in bytes:
/// `Supplemental/Arial.ttf 773236`. Folders that do not exist have none.
pub fn font_files(folders: &[PathBuf]) -> Vec<String> {
    let files = folders.iter().flat_map(|folder| {
        let walk = WalkDir::new(folder).follow_links(true).into_iter();
        walk.flatten().filter_map(move |entry| {
            let found = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
            let name = entry.path().strip_prefix(folder).ok()?;
            is_font(name).then(|| {
                let name = name.to_string_lossy().replace('\\', "/");
                format!("{name} {}", found.len())
            })
        })
    });
    files.collect()
}

fn is_font(file: &Path) -> bool {
    let extension = file.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|found| {
        EXTENSIONS
            .iter()
            .any(|font| font.eq_ignore_ascii_case(found))
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{fingerprint, font_files};

    #[tokio::test]
    async fn another_font_file_changes_the_fingerprint() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("Supplemental")).unwrap();
        fs::write(folder.path().join("Supplemental/Arial.TTF"), "12345").unwrap();
        fs::write(folder.path().join("desktop.ini"), "").unwrap();
        let folders = [folder.path().join("absent"), folder.path().to_owned()];
        assert_eq!(font_files(&folders), ["Supplemental/Arial.TTF 5"]);
        let before = fingerprint(&folders).await.unwrap();
        assert!(before.starts_with("1 fonts, "), "{before}");
        fs::write(folder.path().join("Other.otf"), "").unwrap();
        assert_ne!(fingerprint(&folders).await.unwrap(), before);
    }
}
