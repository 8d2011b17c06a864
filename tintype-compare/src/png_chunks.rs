//! The layout of a PNG as browsers write it.

use super::inflate::Bands;

/// The first bytes of every PNG.
pub(super) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A PNG of 8-bit RGB or RGBA, not interlaced, without a colour key, as every
/// browser writes screenshots.
#[derive(PartialEq)]
pub(super) struct PlainPng<'a> {
    pub(super) width: usize,
    pub(super) height: usize,
    /// 3 or 4.
    pub(super) bytes_per_pixel: usize,
    data: Vec<Chunk<'a>>,
}

/// A chunk with its checksum.
#[derive(Clone, Copy, PartialEq)]
struct Chunk<'a> {
    kind: [u8; 4],
    content: &'a [u8],
    checksum: u32,
}

impl<'a> PlainPng<'a> {
    /// Reads the chunks. `None` for every other kind of PNG, and for invalid
    /// files: the general decoder then reads the file and reports the error if
    /// there is one.
    pub(super) fn read(png: &'a [u8]) -> Option<Self> {
        let mut rest = png.strip_prefix(SIGNATURE)?;
        let header = next_chunk(&mut rest).filter(Chunk::is_sound)?;
        let [w0, w1, w2, w3, h0, h1, h2, h3, 8, colour, 0, 0, 0] = *header.content else {
            return None;
        };
        let bytes_per_pixel = match (&header.kind, colour) {
            (b"IHDR", 2) => 3,
            (b"IHDR", 6) => 4,
            _ => return None,
        };
        let mut data = Vec::new();
        let mut data_ended = false;
        loop {
            let chunk = next_chunk(&mut rest)?;
            match &chunk.kind {
                b"IDAT" if !data_ended => data.push(chunk),
                b"IEND" => break,
                // The general decoder handles transparency by colour, and
                // animation.
                b"tRNS" | b"acTL" | b"fcTL" | b"fdAT" => return None,
                // Ancillary chunks, such as text and times.
                [b'a'..=b'z', ..] => data_ended = !data.is_empty(),
                // A critical chunk that is not known here, or data in two places.
                _ => return None,
            }
        }
        Some(Self {
            width: u32::from_be_bytes([w0, w1, w2, w3]) as usize,
            height: u32::from_be_bytes([h0, h1, h2, h3]) as usize,
            bytes_per_pixel,
            data,
        })
    }

    /// The length of a row in bytes, including its filter byte.
    pub(super) fn stride(&self) -> usize {
        1 + self.width * self.bytes_per_pixel
    }

    /// Whether both have rows of the same shape.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        (self.width, self.height, self.bytes_per_pixel)
            == (other.width, other.height, other.bytes_per_pixel)
    }

    /// Inflates `rows` rows at a time, still filtered. `None` if the data does
    /// not match its checksums, or the size in the header.
    pub(super) fn bands(&self, rows: usize) -> Option<Bands<'a>> {
        if !self.data.iter().all(Chunk::is_sound) {
            return None;
        }
        let length = self.stride().checked_mul(self.height)?;
        let band = self.stride().checked_mul(rows).unwrap_or(length);
        let pieces = self.data.iter().map(|chunk| chunk.content).collect();
        Bands::new(pieces, length, band)
    }
}

impl Chunk<'_> {
    fn is_sound(&self) -> bool {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&self.kind);
        hasher.update(self.content);
        hasher.finalize() == self.checksum
    }
}

/// The length in bytes of a palette whose last colour is not complete, on
/// which the general decoder (`png` 0.18.1) panics.
pub(super) fn broken_palette(png: &[u8]) -> Option<usize> {
    let mut rest = png.get(8..)?;
    let palette =
        std::iter::from_fn(|| next_chunk(&mut rest)).find(|chunk| &chunk.kind == b"PLTE")?;
    let length = palette.content.len();
    (!length.is_multiple_of(3)).then_some(length)
}

/// The chunks of a [`PlainPng`] besides header, pixels and end, if they are valid
/// for the same picture in another form. `None` if any is not, or is not known
/// to be.
pub(super) fn kept_chunks(png: &[u8]) -> Option<Vec<u8>> {
    let mut rest = png.strip_prefix(SIGNATURE)?;
    let mut kept = Vec::new();
    while let Some(found) = next_chunk(&mut rest) {
        match &found.kind {
            b"IHDR" | b"IDAT" => {}
            b"IEND" => return Some(kept),
            b"gAMA" | b"cHRM" | b"sRGB" | b"cICP" | [b'a'..=b'z', _, _, b'a'..=b'z'] => {
                kept.extend(chunk(found.kind, found.content));
            }
            _ => return None,
        }
    }
    None
}

/// A whole chunk: length, type, content, checksum.
pub(super) fn chunk(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&kind);
    hasher.update(content);
    let length = (content.len() as u32).to_be_bytes();
    let checksum = hasher.finalize().to_be_bytes();
    [&length[..], &kind, content, &checksum].concat()
}

/// Takes the next chunk off `rest`.
fn next_chunk<'a>(rest: &mut &'a [u8]) -> Option<Chunk<'a>> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let (kind, after) = after.split_first_chunk::<4>()?;
    let (content, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    let (checksum, after) = after.split_first_chunk::<4>()?;
    *rest = after;
    Some(Chunk {
        kind: *kind,
        content,
        checksum: u32::from_be_bytes(*checksum),
    })
}
