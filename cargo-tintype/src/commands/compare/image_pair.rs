//! The two files of a comparison.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use tintype::compare::{MAX_PIXELS, Options as Settings, compare_png, inspect_png};

use super::CompareArguments;
use super::outcome::Compared;

/// Bytes that are read at once to find out whether files are equal; they hold
/// an image's header.
const PIECE: usize = 32 << 10;

/// The longest file that is read: the most pixels in 16-bit RGBA without
/// compression, and some text.
const MOST: u64 = MAX_PIXELS * 8 + (64 << 20);

/// Two files in memory.
pub(crate) struct ImagePair<'a> {
    paths: [&'a Path; 2],
    bytes: [Vec<u8>; 2],
}

impl<'a> ImagePair<'a> {
    /// Reads both; of equal files no more than their beginning, which tells all
    /// that is said of them.
    pub(crate) fn read(baseline: &'a Path, current: &'a Path) -> Result<Self> {
        let paths = [baseline, current];
        let context = |path: &Path| format!("failed to read {}", path.display());
        let open = |path| File::open(path).with_context(|| context(path));
        let mut files = [open(baseline)?, open(current)?];
        let bytes = match beginning_of_equal(&mut files) {
            Ok(Some(beginning)) => [beginning.clone(), beginning],
            // An error is met again, and told, by who reads one file alone.
            _ => {
                let [a, b] = &mut files;
                let a = read(a).with_context(|| context(baseline))?;
                [a, read(b).with_context(|| context(current))?]
            }
        };
        Ok(Self { paths, bytes })
    }

    pub(crate) fn compare(&self, options: &CompareArguments) -> Result<Compared<'_>> {
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

/// Reads a file from its beginning, and no further if that is no image's: it
/// may have no end.
fn read(file: &mut File) -> Result<Vec<u8>> {
    let seen = file.metadata()?;
    // What comes through a pipe has not been read before.
    if seen.is_file() {
        file.rewind()?;
    }
    let mut bytes = Vec::new();
    file.take(PIECE as u64).read_to_end(&mut bytes)?;
    if is_image(&bytes) {
        ensure!(seen.len() <= MOST, "it is longer than {MOST} bytes");
        bytes.reserve_exact((seen.len() as usize).saturating_sub(bytes.len()));
        let rest = MOST + 1 - bytes.len() as u64;
        file.take(rest).read_to_end(&mut bytes)?;
        ensure!(bytes.len() as u64 <= MOST, "it is longer than {MOST} bytes");
    }
    Ok(bytes)
}

/// Whether a file begins as an image that is compared.
fn is_image(beginning: &[u8]) -> bool {
    // Of what is equal nothing but the header is looked at.
    compare_png(beginning, beginning, &Settings::default()).is_ok()
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
