//! The frames of a journal: `length u32 · number u64 · checksum 8 bytes · text`,
//! little-endian. The checksum is the first bytes of BLAKE3 over number and
//! text. A frame is appended by one `write(2)`.
//!
//! After damage a reader continues at the next valid frame. It is found by its
//! number, which always contains zero bytes, and by its checksum. Texts are JSON,
//! which never contains a zero byte, so a text cannot look like a frame.

use std::fs::File;

use crate::files::read_exact_at;

const HEADER_LENGTH: usize = 20;
/// The maximum length of a text, in bytes, for writers and readers.
pub(super) const MAX_TEXT: usize = 64 << 20;
/// The maximum number of successive frames that can be damaged.
const MAX_GAP: u64 = 1 << 20;
/// How much is read at a time in search of the next frame.
const CHUNK: usize = 64 << 10;

/// A frame of a journal.
#[derive(Debug)]
pub(super) struct JournalFrame {
    pub(super) number: u64,
    pub(super) text: String,
    pub(super) start: u64,
    /// The offset of the next frame.
    pub(super) end: u64,
}

/// A frame with this number and text; `None` if readers would refuse it.
pub(super) fn encode(number: u64, text: &str) -> Option<Vec<u8>> {
    let length = u32::try_from(text.len()).ok()?;
    if text.len() > MAX_TEXT || text.contains('\0') {
        return None;
    }
    let mut frame = Vec::with_capacity(HEADER_LENGTH + text.len());
    frame.extend(length.to_le_bytes());
    frame.extend(number.to_le_bytes());
    frame.extend(checksum(number, text.as_bytes()));
    frame.extend(text.as_bytes());
    Some(frame)
}

fn checksum(number: u64, text: &[u8]) -> [u8; 8] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&number.to_le_bytes()).update(text);
    let mut sum = [0; 8];
    sum.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    sum
}

/// The first valid frame from `offset` on whose number is at least `least`, and
/// the number of damaged bytes before it; `None` at the end of the file.
pub(super) fn next_frame(file: &File, mut offset: u64, least: u64) -> Option<(JournalFrame, u64)> {
    // A valid frame with a smaller number is a repetition.
    while let Some(frame) = frame_at(file, offset) {
        if is_next(frame.number, least) {
            return Some((frame, 0));
        }
        if frame.number > least {
            break;
        }
        offset = frame.end;
    }
    let frame = search(file, offset, least)?;
    let damaged = frame.start - offset;
    Some((frame, damaged))
}

fn is_next(number: u64, least: u64) -> bool {
    (least..=least.saturating_add(MAX_GAP)).contains(&number)
}

/// The offset behind valid frames with smaller numbers than `least`.
pub(super) fn skip_repetitions(file: &File, mut offset: u64, least: u64) -> u64 {
    while let Some(frame) = frame_at(file, offset).filter(|frame| frame.number < least) {
        offset = frame.end;
    }
    offset
}

/// The frame at `offset`; `None` if it is incomplete or damaged.
fn frame_at(file: &File, offset: u64) -> Option<JournalFrame> {
    let mut header = [0; HEADER_LENGTH];
    read_exact_at(file, &mut header, offset).ok()?;
    let (length, number) = (length_in(&header), number_in(&header));
    let end = offset + (HEADER_LENGTH + length) as u64;
    if length > MAX_TEXT || end > file.metadata().ok()?.len() {
        return None;
    }
    let mut text = vec![0; length];
    read_exact_at(file, &mut text, offset + HEADER_LENGTH as u64).ok()?;
    (checksum(number, &text) == header[12..]).then_some(())?;
    Some(JournalFrame {
        number,
        text: String::from_utf8(text).ok()?,
        start: offset,
        end,
    })
}

/// Searches for a frame at every offset.
fn search(file: &File, mut offset: u64, least: u64) -> Option<JournalFrame> {
    let end = file.metadata().ok()?.len();
    let mut chunk = vec![0; CHUNK];
    while offset + HEADER_LENGTH as u64 <= end {
        let length = usize::try_from(end - offset).map_or(CHUNK, |left| left.min(CHUNK));
        read_exact_at(file, &mut chunk[..length], offset).ok()?;
        let headers = chunk[..length].windows(HEADER_LENGTH).enumerate();
        for (at, header) in headers {
            if is_next(number_in(header), least)
                && let Some(frame) = frame_at(file, offset + at as u64)
            {
                return Some(frame);
            }
        }
        offset += (length - HEADER_LENGTH + 1) as u64;
    }
    None
}

fn length_in(header: &[u8]) -> usize {
    let bytes = [header[0], header[1], header[2], header[3]];
    u32::from_le_bytes(bytes) as usize
}

fn number_in(header: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&header[4..12]);
    u64::from_le_bytes(bytes)
}
