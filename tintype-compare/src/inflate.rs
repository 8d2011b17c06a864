//! Inflates a zlib stream into bands of rows.

use std::collections::VecDeque;

use zlib_rs::{Inflate, InflateFlush, Status};

use super::buffer_pool::Buffer;

/// Inflates a zlib stream band by band. Ends early if the data is damaged, or
/// does not have exactly the expected length.
pub(super) struct Bands<'a> {
    /// The unread rest of the stream, in the pieces in which the file holds it.
    pieces: VecDeque<&'a [u8]>,
    inflater: Inflate,
    /// Bytes of a band; the last one may be shorter.
    band: usize,
    /// Bytes that are still to come.
    left: usize,
}

/// Bytes before the compressed data.
const HEADER: usize = 2;

impl<'a> Bands<'a> {
    /// `None` if the data is not a zlib stream of `length` bytes.
    pub(super) fn new(mut pieces: VecDeque<&'a [u8]>, length: usize, band: usize) -> Option<Self> {
        // Deflate expands data at most 1032-fold: no memory is allocated for a
        // header that claims more.
        let compressed: usize = pieces.iter().map(|piece| piece.len()).sum();
        if length / 1032 > compressed {
            return None;
        }
        // Deflate, a window of 32 KiB at most, no dictionary. The checksum at
        // the end is not verified, because those of the chunks have been.
        let first = pieces.front_mut()?;
        let (&[method, flags], rest) = first.split_first_chunk::<HEADER>()?;
        *first = rest;
        let is_deflate = method & 15 == 8 && method >> 4 <= 7;
        let is_sound = u16::from_be_bytes([method, flags]).is_multiple_of(31);
        (is_deflate && is_sound && flags & 0x20 == 0).then(|| Self {
            pieces,
            inflater: Inflate::new(false, 15),
            band,
            left: length,
        })
    }
}

impl Bands<'_> {
    /// The length of the next band in bytes; 0 at the end.
    pub(super) fn next_length(&self) -> usize {
        self.left.min(self.band)
    }

    /// Inflates the next band, which is as long as `band`. `None` if the data
    /// is damaged.
    pub(super) fn fill(&mut self, band: &mut [u8]) -> Option<()> {
        let is_last = band.len() == self.left;
        if self.inflate(band, is_last) != Some(is_last) {
            self.left = 0;
            return None;
        }
        self.left -= band.len();
        Some(())
    }

    /// Fills `band`, and checks for the end of the stream with the last one.
    /// Returns whether it was reached; `None` if the data is damaged.
    fn inflate(&mut self, band: &mut [u8], is_last: bool) -> Option<bool> {
        let mut filled = 0;
        while filled < band.len() || is_last {
            let piece = self.pieces.front_mut()?;
            let (read, written) = (self.inflater.total_in(), self.inflater.total_out());
            let rest = &mut band[filled..];
            let status = self.inflater.decompress(piece, rest, InflateFlush::NoFlush);
            let read = (self.inflater.total_in() - read) as usize;
            let written = (self.inflater.total_out() - written) as usize;
            *piece = &piece[read..];
            filled += written;
            if status.ok()? == Status::StreamEnd {
                return (filled == band.len()).then_some(true);
            }
            if piece.is_empty() {
                self.pieces.pop_front();
            } else if read + written == 0 {
                return None;
            }
        }
        Some(false)
    }
}

impl Iterator for Bands<'_> {
    type Item = Buffer;

    fn next(&mut self) -> Option<Buffer> {
        let length = self.next_length();
        if length == 0 {
            return None;
        }
        let mut band = Buffer::take(length);
        self.fill(&mut band)?;
        Some(band)
    }
}
