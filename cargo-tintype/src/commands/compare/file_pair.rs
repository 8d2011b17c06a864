//! Reads the two files of a comparison.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use tintype::compare::{MAX_FILE_BYTES, Options, compare_png, inspect_png, png_size};
use tintype::internals::files;

use super::arguments::CompareArguments;
use super::outcome::Compared;

/// Bytes that are read at once to compare files; enough for an image's header.
const CHUNK_BYTES: usize = 32 << 10;

/// Two files in memory.
pub(crate) struct FilePair<'a> {
    paths: [&'a Path; 2],
    bytes: [Vec<u8>; 2],
}

impl<'a> FilePair<'a> {
    /// Reads both files. Of files with equal bytes only the beginning is kept: the
    /// result depends on nothing else.
    pub(crate) fn read(baseline: &'a Path, current: &'a Path) -> Result<Self> {
        let paths = [baseline, current];
        let context = |path: &Path| format!("failed to read {}", path.display());
        let open = |path| files::open_argument(path).with_context(|| context(path));
        let mut files = [open(baseline)?, open(current)?];
        let bytes = match beginning_of_equal(&mut files) {
            Ok(Some(beginning)) => [beginning.clone(), beginning],
            // Reading each file on its own reports an error with its path.
            _ => {
                let [a, b] = &mut files;
                let a = read(a).with_context(|| context(baseline))?;
                [a, read(b).with_context(|| context(current))?]
            }
        };
        Ok(Self { paths, bytes })
    }

    /// The memory that the pixels of both take.
    pub(crate) fn decoded_bytes(&self) -> u64 {
        let sizes = self.bytes.iter().filter_map(|bytes| png_size(bytes).ok());
        sizes
            .map(|(width, height)| u64::from(width) * u64::from(height) * 4)
            .sum()
    }

    pub(crate) fn compare(&self, arguments: &CompareArguments) -> Result<Compared<'_>> {
        let ([a, b], options) = (&self.bytes, arguments.options());
        let inspection = if arguments.diff.is_some() || arguments.explain {
            inspect_png(a, b, &options)
        } else {
            compare_png(a, b, &options).map(|comparison| comparison.inspect(a, b))
        };
        inspection.map(Compared::new).with_context(|| {
            let [baseline, current] = self.paths.map(Path::display);
            format!("failed to compare {baseline} with {current}")
        })
    }
}

/// Reads a file, but only its beginning if that is not an image's.
fn read(file: &mut File) -> Result<Vec<u8>> {
    let metadata = file.metadata()?;
    // A pipe has not been read before.
    if metadata.is_file() {
        file.rewind()?;
    }
    let mut bytes = Vec::new();
    file.take(CHUNK_BYTES as u64).read_to_end(&mut bytes)?;
    if is_image(&bytes) {
        ensure!(
            metadata.len() <= MAX_FILE_BYTES,
            "it is longer than {MAX_FILE_BYTES} bytes"
        );
        bytes.reserve_exact((metadata.len() as usize).saturating_sub(bytes.len()));
        let rest = MAX_FILE_BYTES + 1 - bytes.len() as u64;
        file.take(rest).read_to_end(&mut bytes)?;
        ensure!(
            bytes.len() as u64 <= MAX_FILE_BYTES,
            "it is longer than {MAX_FILE_BYTES} bytes"
        );
    }
    Ok(bytes)
}

/// Whether a file begins like a supported image.
fn is_image(beginning: &[u8]) -> bool {
    // Of equal bytes only the header is checked.
    compare_png(beginning, beginning, &Options::default()).is_ok()
}

/// Reads two files in parallel and returns their first chunk if they are equal.
fn beginning_of_equal(files: &mut [File; 2]) -> io::Result<Option<Vec<u8>>> {
    let [a, b] = files;
    let [seen_a, seen_b] = [a.metadata()?, b.metadata()?];
    // A pipe can be read only once.
    if !seen_a.is_file() || !seen_b.is_file() || seen_a.len() != seen_b.len() {
        return Ok(None);
    }
    let mut beginning = None;
    let mut chunks = [vec![0; CHUNK_BYTES], vec![0; CHUNK_BYTES]];
    loop {
        let [ours, theirs] = &mut chunks;
        let (ours, theirs) = (read_chunk(a, ours)?, read_chunk(b, theirs)?);
        if ours != theirs {
            return Ok(None);
        }
        let is_last = ours.len() < CHUNK_BYTES;
        beginning.get_or_insert_with(|| ours.to_vec());
        if is_last {
            return Ok(beginning);
        }
    }
}

/// Fills `chunk` up to the end of the file.
fn read_chunk<'p>(file: &mut File, chunk: &'p mut [u8]) -> io::Result<&'p [u8]> {
    let mut filled = 0;
    while filled < chunk.len() {
        match file.read(&mut chunk[filled..])? {
            0 => break,
            more => filled += more,
        }
    }
    Ok(&chunk[..filled])
}
