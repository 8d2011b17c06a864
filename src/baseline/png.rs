//! A PNG file's chunks, as far as provenance needs them.
//!
//! See the PNG specification, third edition: 5.3 (chunk layout: length, type,
//! data, CRC over type and data) and 11.3.3.4 (`iTXt`).

use std::ops::Range;

use super::error::Problem;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
const KEYWORD: &[u8] = b"tintype\0";
/// Not compressed, of no language, without a translated keyword.
const FLAGS: &[u8] = b"\0\0\0\0";

/// A PNG taken apart at its provenance.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    /// The file without provenance.
    pub(super) plain: Vec<u8>,
    /// The provenance's text.
    pub(super) provenance: Option<&'a str>,
}

/// Takes a PNG apart. Pixels are not looked at.
pub(super) fn split(png: &[u8]) -> Result<Parts<'_>, Problem> {
    let (chunks, end) = chunks(png)?;
    let ours = chunks.into_iter().find(|chunk| text(png, chunk).is_some());
    Ok(match ours {
        None => Parts {
            plain: png[..end].to_vec(),
            provenance: None,
        },
        Some(chunk) => Parts {
            plain: [&png[..chunk.start], &png[chunk.end..end]].concat(),
            provenance: text(png, &chunk),
        },
    })
}

/// Puts provenance into a PNG, in place of what it has.
pub(super) fn join(png: &[u8], provenance: &str) -> Result<Vec<u8>, Problem> {
    let mut plain = split(png)?.plain;
    // The last chunk is IEND, which has no data: 4 + 4 + 4 bytes.
    let end = plain.split_off(plain.len() - 12);
    let data = [KEYWORD, FLAGS, provenance.as_bytes()].concat();
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    plain.extend(length.to_be_bytes());
    let start = plain.len();
    plain.extend(b"iTXt");
    plain.extend(data);
    let crc = crc32fast::hash(&plain[start..]);
    plain.extend(crc.to_be_bytes());
    plain.extend(end);
    Ok(plain)
}

/// The provenance's text, if the chunk is one of ours.
fn text<'a>(png: &'a [u8], chunk: &Range<usize>) -> Option<&'a str> {
    let chunk = &png[chunk.clone()];
    let data = chunk[4..chunk.len() - 4].strip_prefix(b"iTXt")?;
    let text = data.strip_prefix(KEYWORD)?.strip_prefix(FLAGS)?;
    str::from_utf8(text).ok()
}

/// The places of all chunks but IEND, and where the file ends: whatever
/// stands after IEND belongs to no picture.
fn chunks(png: &[u8]) -> Result<(Vec<Range<usize>>, usize), Problem> {
    if !png.starts_with(SIGNATURE) {
        return Err(foreign(png));
    }
    let truncated = Problem::Truncated { length: png.len() };
    let mut chunks = Vec::new();
    let mut at = SIGNATURE.len();
    loop {
        let Some((length, kind)) = header(&png[at..]) else {
            return Err(truncated);
        };
        let end = at.saturating_add(length).saturating_add(12);
        if end > png.len() {
            return Err(truncated);
        }
        if kind == b"IEND" {
            return Ok((chunks, end));
        }
        chunks.push(at..end);
        at = end;
    }
}

fn header(rest: &[u8]) -> Option<(usize, &[u8])> {
    let length = u32::from_be_bytes(rest.get(..4)?.try_into().ok()?);
    Some((usize::try_from(length).ok()?, rest.get(4..8)?))
}

fn foreign(bytes: &[u8]) -> Problem {
    if bytes.starts_with(b"version https://git-lfs") {
        Problem::LfsPointer
    } else if SIGNATURE.starts_with(bytes) {
        Problem::Truncated {
            length: bytes.len(),
        }
    } else {
        let head = &bytes[..bytes.len().min(12)];
        Problem::NotPng {
            opening: head.escape_ascii().to_string(),
        }
    }
}
