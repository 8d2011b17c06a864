//! What the components look like. Their pages are rendered to a folder first,
//! which is then served like any other. (An app that `dx build` has built for
//! the browser is shown the same way: name its folder.)

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

/// Writes a page for each story. Those that are as they were are left alone,
/// so that Tintype knows that nothing has changed.
fn write_pages(folder: &Path) -> io::Result<()> {
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
