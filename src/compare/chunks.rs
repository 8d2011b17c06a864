//! The layout of a PNG as browsers write it.

use super::pool::Buffer;

/// A PNG of 8-bit RGB or RGBA, not interlaced, without a colour key: what
/// every browser's screenshot is.
pub(super) struct Plain<'a> {
    pub(super) width: usize,
    pub(super) height: usize,
    /// 3 or 4.
    pub(super) bytes_per_pixel: usize,
    data: Vec<&'a [u8]>,
}

impl<'a> Plain<'a> {
    /// Reads the chunks and checks their checksums. `None` for every other
    /// kind of PNG, and where anything is amiss: the general decoder then
    /// reads the file, and words the error if there is one.
    pub(super) fn read(png: &'a [u8]) -> Option<Self> {
        let mut rest = png.strip_prefix(b"\x89PNG\r\n\x1a\n")?;
        let (kind, header) = next_chunk(&mut rest, true)?;
        let [w0, w1, w2, w3, h0, h1, h2, h3, 8, colour, 0, 0, 0] = *header else {
            return None;
        };
        let bytes_per_pixel = match (kind, colour) {
            (b"IHDR", 2) => 3,
            (b"IHDR", 6) => 4,
            _ => return None,
        };
        let mut data = Vec::new();
        loop {
            // What is not needed is not checked either.
            let needed = matches!(rest.get(4..8)?, b"IDAT" | b"IEND");
            match next_chunk(&mut rest, needed)? {
                (b"IDAT", part) => data.push(part),
                (b"IEND", _) => break,
                // Transparency by colour and animation are the general decoder's.
                (b"tRNS" | b"acTL" | b"fcTL" | b"fdAT", _) => return None,
                // A critical chunk that is not known here (a palette may be).
                (kind, _) if kind[0].is_ascii_uppercase() && kind != b"PLTE" => return None,
                _ => {}
            }
        }
        Some(Self {
            width: u32::from_be_bytes([w0, w1, w2, w3]) as usize,
            height: u32::from_be_bytes([h0, h1, h2, h3]) as usize,
            bytes_per_pixel,
            data,
        })
    }

    /// Bytes of a row, with the filter's before it.
    pub(super) fn stride(&self) -> usize {
        1 + self.width * self.bytes_per_pixel
    }

    /// Inflates the rows, still filtered. `None` where the data is damaged,
    /// or not exactly as long as the rows are.
    pub(super) fn inflate(&self) -> Option<Buffer> {
        match self.data[..] {
            [] => None,
            [whole] => self.inflate_from(whole),
            // One call on joined data is faster than many: the inflater keeps
            // no window of its own then.
            _ => {
                let length = self.data.iter().map(|part| part.len()).sum();
                let mut joined = Buffer::take(length);
                let mut end = 0;
                for part in &self.data {
                    joined[end..end + part.len()].copy_from_slice(part);
                    end += part.len();
                }
                self.inflate_from(&joined)
            }
        }
    }

    fn inflate_from(&self, zlib: &[u8]) -> Option<Buffer> {
        // Deflate grows data 1032-fold at most: nothing is set aside for a
        // header that promises more than there can be.
        let length = self.stride().checked_mul(self.height)?;
        if length / 1032 > zlib.len() {
            return None;
        }
        // The zlib header: deflate, no dictionary. Its checksum at the end is
        // not looked at, as the chunks' own have been.
        let [method, flags, deflated @ ..] = zlib else {
            return None;
        };
        let header = u16::from_be_bytes([*method, *flags]);
        if method & 15 != 8 || flags & 0x20 != 0 || !header.is_multiple_of(31) {
            return None;
        }
        let mut rows = Buffer::take(length);
        let mut inflater = zlib_rs::Inflate::new(false, 15);
        let status = inflater.decompress(deflated, &mut rows, zlib_rs::InflateFlush::Finish);
        let complete = matches!(status, Ok(zlib_rs::Status::StreamEnd));
        (complete && inflater.total_out() == length as u64).then_some(rows)
    }
}

/// Takes the next chunk's kind and content off `rest`.
fn next_chunk<'a>(rest: &mut &'a [u8], check: bool) -> Option<(&'a [u8; 4], &'a [u8])> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let length = u32::from_be_bytes(*length) as usize;
    let (covered, after) = after.split_at_checked(length.checked_add(4)?)?;
    let (checksum, after) = after.split_first_chunk::<4>()?;
    if check && crc32fast::hash(covered) != u32::from_be_bytes(*checksum) {
        return None;
    }
    *rest = after;
    covered.split_first_chunk::<4>()
}
