//! Visual tests of the components. Their pages are rendered to a folder, which
//! is then served like any other. (An app that `dx build` has built for the
//! browser is tested the same way: name its folder.)

use std::path::Path;
use std::process::ExitCode;
use std::{fs, io};

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist");
    if let Err(error) = write_pages(&folder) {
        eprintln!(
            "error: failed to write the pages to {}: {error}",
            folder.display()
        );
        return ExitCode::FAILURE;
    }
    tintype::run()
}

/// Writes the font and a page for each story. Unchanged files are not touched.
fn write_pages(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let font = folder.join("font.woff2");
    if !fs::read(&font).is_ok_and(|before| before == components::FONT) {
        fs::write(&font, components::FONT)?;
    }
    for (name, content) in components::stories() {
        let path = folder.join(format!("{name}.html"));
        let page = components::page(content);
        if fs::read_to_string(&path).is_ok_and(|before| before == page) {
            continue;
        }
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(&path, page)?;
    }
    Ok(())
}
