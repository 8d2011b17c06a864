//! Maps the paths of requests to files in the stories' folder.

use std::path::{Component, Path, PathBuf};

use super::loads::Loads;

/// The file that the story server serves for a path: a path that ends in `/`
/// stands for `index.html`. `None` if the path leaves the folder.
pub(super) fn resolve(stories: &Path, file: &str) -> Option<PathBuf> {
    let mut path = PathBuf::from(file.trim_start_matches('/'));
    if file.is_empty() || file.ends_with('/') {
        path.push("index.html");
    }
    let is_plain = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    (is_plain && !file.contains('\0')).then(|| stories.join(path))
}

/// The files of a page without leading `/`, sorted and without duplicates.
pub(super) fn normalize(stories: &Path, loads: &Loads) -> Result<Vec<String>, String> {
    let trimmed = |file: &String| file.trim_start_matches('/').to_owned();
    let mut files: Vec<String> = loads.files.iter().map(trimmed).collect();
    files.sort_unstable();
    files.dedup();
    match files.iter().find(|file| resolve(stories, file).is_none()) {
        Some(path) => Err(format!("it requests `{path}`, outside the stories folder")),
        None => Ok(files),
    }
}

/// Checks that the story's page is among the files: without it the list belongs
/// to another page.
pub(super) fn check_page(files: &[String], page: &str) -> Result<(), String> {
    let page = page.split(['?', '#']).next().unwrap_or_default();
    let page = percent_decode(page.trim_start_matches('/'));
    if files.contains(&page) {
        Ok(())
    } else {
        Err(format!("its page `{page}` is not among the loaded files"))
    }
}

/// Decodes `%20` and the like; invalid sequences are kept.
fn percent_decode(path: &str) -> String {
    percent_encoding::percent_decode_str(path)
        .decode_utf8_lossy()
        .into_owned()
}
