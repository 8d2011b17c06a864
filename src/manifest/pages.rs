//! The pages below the folder of the stories.

use std::path::Path;

use globset::GlobBuilder;
use percent_encoding::{AsciiSet, percent_decode_str, utf8_percent_encode};
use walkdir::{DirEntry, WalkDir};

use super::state_dir::is_target_dir;

/// Characters of a file name that mean something else in a URL.
const NOT_IN_A_PATH: &AsciiSet = &AsciiSet::EMPTY.add(b'%').add(b'#').add(b'?').add(b'\\');

/// A page that a story's `path` names.
pub(super) struct PageFile {
    /// The file, relative to the folder.
    pub(super) file: String,
    /// The URL of the story, relative to the folder.
    pub(super) url: String,
}

/// The page that `path` names in `folder`: a file name as it is, or a URL with
/// a query and a fragment, whose path may be percent-encoded.
///
/// # Errors
/// The file that does not exist.
pub(super) fn find_page(folder: &Path, path: &str) -> Result<PageFile, String> {
    let path = path.trim_start_matches('/');
    let (file, rest) = split_url(path);
    let is_file = |file: &str| folder.join(file).is_file();
    let page = |file: &str, url: String| {
        let file = file.to_owned();
        Ok(PageFile { file, url })
    };
    if is_file(path) {
        return page(path, url_of(path));
    }
    if is_file(file) {
        return page(file, url_of(file) + rest);
    }
    match percent_decode_str(file).decode_utf8() {
        Ok(decoded) if decoded != file && is_file(&decoded) => page(&decoded, path.to_owned()),
        _ => Err(file.to_owned()),
    }
}

/// The path of a URL, and its query with its fragment.
pub(super) fn split_url(url: &str) -> (&str, &str) {
    url.split_at(url.find(['?', '#']).unwrap_or(url.len()))
}

/// The URL of a file, relative to the folder.
pub(super) fn url_of(file: &str) -> String {
    utf8_percent_encode(file, NOT_IN_A_PATH).to_string()
}

/// The paths of all pages below `folder`, with `/` between folders, sorted.
/// Hidden files, `node_modules` and caches such as cargo's `target` are left
/// out.
///
/// # Errors
/// When a folder cannot be read.
pub(super) fn pages(folder: &Path) -> Result<Vec<String>, walkdir::Error> {
    let mut pages = Vec::new();
    let walk = WalkDir::new(folder).follow_links(true).into_iter();
    for entry in walk.filter_entry(|entry| entry.depth() == 0 || is_visible(entry)) {
        let entry = entry?;
        if !entry.file_type().is_file() {
            continue;
        }
        let relative = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        let parts: Vec<_> = relative
            .components()
            .map(|part| part.as_os_str().to_string_lossy())
            .collect();
        let path = parts.join("/");
        if id_of(&path).is_some() {
            pages.push(path);
        }
    }
    pages.sort();
    Ok(pages)
}

fn is_visible(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    let is_cache = || is_target_dir(entry.path());
    !name.starts_with('.') && name != "node_modules" && !(entry.file_type().is_dir() && is_cache())
}

/// The story id that follows from the path of a page: `forms/button.html` is
/// `forms/button`. `None` for other files.
pub(super) fn id_of(path: &str) -> Option<&str> {
    let stem = |suffix| path.strip_suffix(suffix);
    stem(".html")
        .or_else(|| stem(".htm"))
        .filter(|stem| !stem.is_empty() && !stem.ends_with('/'))
}

/// A pattern of paths in which `*` does not match slashes and `**` does.
///
/// # Errors
/// When it is not a valid pattern.
pub(super) fn pattern(text: &str) -> Result<globset::GlobMatcher, globset::Error> {
    let glob = GlobBuilder::new(text).literal_separator(true).build()?;
    Ok(glob.compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::find_page;

    #[test]
    fn pages_with_special_characters_have_encoded_urls() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["a#b.html", "c?d.html", "%41.html", "e.html", "f g.html"] {
            std::fs::write(folder.path().join(file), "").unwrap();
        }
        let url = |path: &str| find_page(folder.path(), path).map(|page| page.url);
        assert_eq!(url("a#b.html").unwrap(), "a%23b.html");
        assert_eq!(url("/a%23b.html?x=1").unwrap(), "a%23b.html?x=1");
        assert_eq!(url("c?d.html").unwrap(), "c%3Fd.html");
        assert_eq!(url("%41.html").unwrap(), "%2541.html");
        assert_eq!(url("%2541.html#top").unwrap(), "%2541.html#top");
        assert_eq!(url("e.html?x=1#top").unwrap(), "e.html?x=1#top");
        assert_eq!(url("f g.html").unwrap(), "f g.html");
        assert_eq!(url("other.html?x=1").unwrap_err(), "other.html");
    }
}
