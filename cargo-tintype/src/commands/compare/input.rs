//! The two files of a comparison.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, Result};
use tintype::compare::{compare_png, inspect_png};

use super::Options;
use super::outcome::Compared;

/// Bytes that are read at once to find out whether files are equal; they hold
/// an image's header.
const PIECE: usize = 32 << 10;

/// Two files in memory.
pub(crate) struct Files<'a> {
    paths: [&'a Path; 2],
    bytes: [Vec<u8>; 2],
}

impl<'a> Files<'a> {
    /// Reads both; of equal files no more than their beginning, which tells all
    /// that is said of them.
    pub(crate) fn read(baseline: &'a Path, current: &'a Path) -> Result<Self> {
        let paths = [baseline, current];
        let open = |path: &Path| {
            File::open(path).with_context(|| format!("failed to read {}", path.display()))
        };
        let mut files = [open(baseline)?, open(current)?];
        let bytes = match beginning_of_equal(&mut files) {
            Ok(Some(beginning)) => [beginning.clone(), beginning],
            // An error is met again, and told, by who reads one file alone.
            _ => [read(baseline)?, read(current)?],
        };
        Ok(Self { paths, bytes })
    }

    pub(crate) fn compare(&self, options: &Options) -> Result<Compared<'_>> {
        let ([a, b], settings) = (&self.bytes, options.settings());
        let inspection = if options.diff.is_some() || options.explain {
            inspect_png(a, b, &settings)
        } else {
            compare_png(a, b, &settings).map(|comparison| comparison.inspect(a, b))
        };
        inspection.map(Compared::new).with_context(|| {
            let [baseline, current] = self.paths.map(Path::display);
            format!("failed to compare {baseline} with {current}")
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("failed to read {}", path.display()))
}

/// Reads two files in step, and gives their first piece if they are equal.
fn beginning_of_equal(files: &mut [File; 2]) -> io::Result<Option<Vec<u8>>> {
    let [a, b] = files;
    let [seen_a, seen_b] = [a.metadata()?, b.metadata()?];
    // What comes through a pipe can be read only once.
    if !seen_a.is_file() || !seen_b.is_file() || seen_a.len() != seen_b.len() {
        return Ok(None);
    }
    let mut beginning = None;
    let mut pieces = [vec![0; PIECE], vec![0; PIECE]];
    loop {
        let [ours, theirs] = &mut pieces;
        let (ours, theirs) = (read_piece(a, ours)?, read_piece(b, theirs)?);
        if ours != theirs {
            return Ok(None);
        }
        let is_last = ours.len() < PIECE;
        beginning.get_or_insert_with(|| ours.to_vec());
        if is_last {
            return Ok(beginning);
        }
    }
}

/// Fills `piece` as far as the file reaches.
fn read_piece<'p>(file: &mut File, piece: &'p mut [u8]) -> io::Result<&'p [u8]> {
    let mut filled = 0;
    while filled < piece.len() {
        match file.read(&mut piece[filled..])? {
            0 => break,
            more => filled += more,
        }
    }
    Ok(&piece[..filled])
}
