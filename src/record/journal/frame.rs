//! The frames of a journal: `length u32 · number u64 · checksum 8 bytes · text`,
//! little-endian. The checksum is the first bytes of BLAKE3 over number and
//! text. A frame is appended by one `write(2)`.

use std::fs::File;

const HEADER_LENGTH: usize = 20;
/// A longer frame is damaged.
const MAX_FRAME: usize = 64 << 20;

/// A frame with this number and text.
pub(super) fn encode(number: u64, text: &str) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEADER_LENGTH + text.len());
    frame.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    frame.extend(number.to_le_bytes());
    frame.extend(checksum(number, text.as_bytes()));
    frame.extend(text.as_bytes());
    frame
}

fn checksum(number: u64, text: &[u8]) -> [u8; 8] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&number.to_le_bytes()).update(text);
    let mut sum = [0; 8];
    sum.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    sum
}

/// The text of the frame at `offset` and the offset of the next one; `None` if
/// it is incomplete, damaged, or has another number.
pub(super) fn frame_at(file: &File, offset: u64, number: u64) -> Option<(String, u64)> {
    let mut header = [0; HEADER_LENGTH];
    read_at(file, &mut header, offset)?;
    let length = u32::from_le_bytes(header[..4].try_into().ok()?) as usize;
    let stored = u64::from_le_bytes(header[4..12].try_into().ok()?);
    if stored != number || length > MAX_FRAME {
        return None;
    }
    let mut text = vec![0; length];
    read_at(file, &mut text, offset + HEADER_LENGTH as u64)?;
    (checksum(number, &text) == header[12..]).then_some(())?;
    let next = offset + (HEADER_LENGTH + length) as u64;
    Some((String::from_utf8(text).ok()?, next))
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> Option<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset).ok()
}

#[cfg(windows)]
fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> Option<()> {
    let mut done = 0;
    while done < bytes.len() {
        let at = offset + done as u64;
        match std::os::windows::fs::FileExt::seek_read(file, &mut bytes[done..], at) {
            Ok(0) | Err(_) => return None,
            Ok(n) => done += n,
        }
    }
    Some(())
}
