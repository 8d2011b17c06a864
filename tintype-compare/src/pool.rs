//! Memory that is kept from one comparison to the next.
//!
//! The first touch of fresh memory costs more than inflating into it: the
//! system clears it page by page. So buffers are reused, large ones ask for huge
//! pages, and small ones for all of theirs at once.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

use memmap2::MmapMut;

/// Memory kept at most while no comparison uses it, in bytes.
const KEPT: usize = 256 << 20;

/// The size of a huge page; they are asked for from there on.
const HUGE: usize = 2 << 20;

/// What sizes are rounded up to, so that a buffer fits the next image too.
const UNIT: usize = 64 << 10;

static FREE: Mutex<Vec<MmapMut>> = Mutex::new(Vec::new());

/// Borrowed memory. What it contains at first is whatever was left there.
pub(super) struct Buffer {
    memory: Option<MmapMut>,
    length: usize,
}

impl Buffer {
    /// Borrows `length` bytes.
    pub(super) fn take(length: usize) -> Self {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = free
            .iter()
            .enumerate()
            // A giant is not spent on a thumbnail.
            .filter(|(_, memory)| {
                (length..=length.saturating_mul(8).max(HUGE)).contains(&memory.len())
            })
            .min_by_key(|(_, memory)| memory.len())
            .map(|(index, _)| index);
        let memory = fitting.map(|index| free.swap_remove(index));
        drop(free);
        Self {
            memory: Some(memory.unwrap_or_else(|| map(length))),
            length,
        }
    }

    fn memory(&self) -> &MmapMut {
        self.memory
            .as_ref()
            .expect("a buffer has its memory until it is dropped")
    }
}

/// Fresh memory, all zeros.
///
/// # Panics
/// When the system has none, as every allocation does.
fn map(length: usize) -> MmapMut {
    let memory = MmapMut::map_anon(length.max(1).next_multiple_of(UNIT)).expect("out of memory");
    #[cfg(all(target_os = "linux", not(miri)))]
    {
        use memmap2::Advice;
        let wish = if length >= HUGE {
            Advice::HugePage
        } else {
            Advice::PopulateWrite
        };
        // Where it is not granted everything works, slower at first.
        let _ = memory.advise(wish);
    }
    memory
}

impl Deref for Buffer {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.memory()[..self.length]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        let memory = self
            .memory
            .as_mut()
            .expect("a buffer has its memory until it is dropped");
        &mut memory[..self.length]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let Some(memory) = self.memory.take() else {
            return;
        };
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let kept: usize = free.iter().map(|memory| memory.len()).sum();
        if kept + memory.len() <= KEPT {
            free.push(memory);
        }
    }
}
