//! From a zlib stream to bands of rows.

use std::ops::Deref;

use zlib_rs::{Inflate, InflateFlush, Status};

use super::pool::Buffer;

/// A zlib stream.
pub(super) enum Zlib<'a> {
    /// As it lies in the file.
    Whole(&'a [u8]),
    /// Put together from pieces.
    Joined(Buffer),
}

impl Deref for Zlib<'_> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Self::Whole(bytes) => bytes,
            Self::Joined(buffer) => buffer,
        }
    }
}

/// Inflates band by band. Ends early where the data is damaged, or not exactly
/// as long as it should be.
pub(super) struct Bands<'a> {
    zlib: Zlib<'a>,
    inflater: Inflate,
    /// Bytes of a band; the last one may be shorter.
    band: usize,
    /// Bytes that are still to come.
    left: usize,
    is_damaged: bool,
}

/// Bytes before the compressed data.
const HEADER: usize = 2;

impl<'a> Bands<'a> {
    /// `None` for what is no zlib stream of `length` bytes.
    pub(super) fn new(zlib: Zlib<'a>, length: usize, band: usize) -> Option<Self> {
        // Deflate grows data 1032-fold at most: nothing is set aside for a
        // header that promises more than there can be.
        if length / 1032 > zlib.len() {
            return None;
        }
        // Deflate, a window of 32 KiB at most, no dictionary. The checksum at
        // the end is not looked at, as the chunks' own have been.
        let [method, flags] = *zlib.first_chunk::<HEADER>()?;
        let is_deflate = method & 15 == 8 && method >> 4 <= 7;
        let is_sound = u16::from_be_bytes([method, flags]).is_multiple_of(31);
        (is_deflate && is_sound && flags & 0x20 == 0).then(|| Self {
            zlib,
            inflater: Inflate::new(false, 15),
            band,
            left: length,
            is_damaged: false,
        })
    }
}

impl Bands<'_> {
    /// Bytes of the next band; none at the end.
    pub(super) fn next_length(&self) -> usize {
        self.left.min(self.band)
    }

    /// Whether everything was inflated, and nothing was amiss.
    pub(super) fn is_complete(&self) -> bool {
        self.left == 0 && !self.is_damaged
    }

    /// Inflates the next band, which is as long as `band`. `None` where the
    /// data is damaged.
    pub(super) fn fill(&mut self, band: &mut [u8]) -> Option<()> {
        let is_last = band.len() == self.left;
        // Told that this is all, the inflater keeps no window of its own.
        let flush = if is_last {
            InflateFlush::Finish
        } else {
            InflateFlush::NoFlush
        };
        let read = HEADER + self.inflater.total_in() as usize;
        let written = self.inflater.total_out();
        let status = self.inflater.decompress(&self.zlib[read..], band, flush);
        let is_full = self.inflater.total_out() - written == band.len() as u64;
        let has_ended = status == Ok(Status::StreamEnd);
        self.is_damaged = status.is_err() || !is_full || has_ended != is_last;
        self.left = if self.is_damaged {
            0
        } else {
            self.left - band.len()
        };
        (!self.is_damaged).then_some(())
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
