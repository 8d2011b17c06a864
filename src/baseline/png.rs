//! Reads and writes the chunks of a baseline's PNG file: provenance, and the
//! layout digest.
//!
//! See the PNG specification, third edition: 5.3 (chunk layout: length, type,
//! data, CRC over type and data), 5.4 (chunk names) and 11.3.3.4 (`iTXt`).

use std::ops::Range;

use super::error::BaselineProblem;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
const KEYWORD: &[u8] = b"tintype\0";
/// Not compressed, no language, no translated keyword.
const FLAGS: &[u8] = b"\0\0\0\0";
/// The chunk of the layout digest: ancillary, private, safe to copy.
const DIGEST: &[u8; 4] = b"ttSn";

/// A PNG split into image, provenance and layout digest.
#[derive(Debug)]
pub(super) struct SplitPng<'a> {
    /// The file without provenance and digest.
    pub(super) plain: Vec<u8>,
    /// The text of the provenance.
    pub(super) provenance: Option<&'a str>,
    /// The compressed layout digest.
    pub(super) digest: Option<&'a [u8]>,
}

/// Splits a PNG and checks its header and checksums. Does not decode pixels.
pub(super) fn split(png: &[u8]) -> Result<SplitPng<'_>, BaselineProblem> {
    let (chunks, end) = chunks(png)?;
    tintype_compare::png_size(png).map_err(BaselineProblem::Image)?;
    let mut split = SplitPng {
        plain: Vec::with_capacity(end),
        provenance: None,
        digest: None,
    };
    let mut copied = 0;
    for chunk in chunks {
        let text = provenance_text(png, &chunk).filter(|_| split.provenance.is_none());
        let digest = digest_data(png, &chunk).filter(|_| split.digest.is_none());
        if text.is_none() && digest.is_none() {
            continue;
        }
        split.plain.extend(&png[copied..chunk.start]);
        copied = chunk.end;
        split.provenance = split.provenance.or(text);
        split.digest = split.digest.or(digest);
    }
    split.plain.extend(&png[copied..end]);
    Ok(split)
}

/// Adds provenance and layout digest to a PNG, replacing existing ones.
pub(super) fn join(
    png: &[u8],
    provenance: Option<&str>,
    digest: Option<&[u8]>,
) -> Result<Vec<u8>, BaselineProblem> {
    let mut plain = split(png)?.plain;
    // The last chunk is IEND, which has 4 + 4 + 4 bytes and no data.
    let end = plain.split_off(plain.len() - 12);
    if let Some(digest) = digest {
        push_chunk(&mut plain, DIGEST, digest);
    }
    if let Some(provenance) = provenance {
        let data = [KEYWORD, FLAGS, provenance.as_bytes()].concat();
        push_chunk(&mut plain, b"iTXt", &data);
    }
    plain.extend(end);
    Ok(plain)
}

fn push_chunk(png: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    png.extend(length.to_be_bytes());
    let start = png.len();
    png.extend(kind);
    png.extend(data);
    let crc = crc32fast::hash(&png[start..]);
    png.extend(crc.to_be_bytes());
}

/// The data of a digest chunk; `None` for other chunks.
fn digest_data<'a>(png: &'a [u8], chunk: &Range<usize>) -> Option<&'a [u8]> {
    let chunk = &png[chunk.clone()];
    chunk[4..chunk.len() - 4].strip_prefix(DIGEST)
}

/// Whether a file may have a digest chunk, without reading its checksums.
pub(super) fn may_have_digest(png: &[u8]) -> bool {
    let mut at = SIGNATURE.len();
    while let Some((length, kind)) = png.get(at..).and_then(header) {
        if kind == DIGEST {
            return true;
        }
        at = at.saturating_add(length).saturating_add(12);
    }
    false
}

/// The text of a provenance chunk; `None` for other chunks.
fn provenance_text<'a>(png: &'a [u8], chunk: &Range<usize>) -> Option<&'a str> {
    let chunk = &png[chunk.clone()];
    let data = chunk[4..chunk.len() - 4].strip_prefix(b"iTXt")?;
    let text = data.strip_prefix(KEYWORD)?.strip_prefix(FLAGS)?;
    str::from_utf8(text).ok()
}

/// The ranges of all chunks except IEND, and the end of IEND; bytes after it are
/// ignored.
fn chunks(png: &[u8]) -> Result<(Vec<Range<usize>>, usize), BaselineProblem> {
    if !png.starts_with(SIGNATURE) {
        return Err(not_png(png));
    }
    let truncated = BaselineProblem::Truncated { length: png.len() };
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
        if !crc_matches(&png[at..end]) {
            return Err(BaselineProblem::Checksum {
                chunk: kind.escape_ascii().to_string(),
                offset: at,
            });
        }
        if kind == b"IEND" {
            return Ok((chunks, end));
        }
        chunks.push(at..end);
        at = end;
    }
}

/// Whether the checksum of a chunk, which covers type and data, matches.
fn crc_matches(chunk: &[u8]) -> bool {
    let (body, crc) = chunk.split_at(chunk.len() - 4);
    crc32fast::hash(&body[4..]).to_be_bytes() == *crc
}

fn header(rest: &[u8]) -> Option<(usize, &[u8])> {
    let length = u32::from_be_bytes(rest.get(..4)?.try_into().ok()?);
    Some((usize::try_from(length).ok()?, rest.get(4..8)?))
}

fn not_png(bytes: &[u8]) -> BaselineProblem {
    if bytes.starts_with(b"version https://git-lfs") {
        BaselineProblem::LfsPointer
    } else if bytes.is_empty() {
        BaselineProblem::Empty
    } else if SIGNATURE.starts_with(bytes) {
        BaselineProblem::Truncated {
            length: bytes.len(),
        }
    } else {
        let head = &bytes[..bytes.len().min(12)];
        BaselineProblem::NotPng {
            start: head.escape_ascii().to_string(),
        }
    }
}
