//! Keeps memory from one comparison to the next.
//!
//! The first touch of fresh memory costs more than inflating into it: the
//! system clears it page by page. So buffers are reused, large ones request
//! huge pages, and medium ones are cut from slabs that do. Small ones do not,
//! so that a process that compares small images stays small.

use std::ops::{Deref, DerefMut, RangeInclusive};
use std::sync::{Mutex, PoisonError};

use memmap2::MmapMut;

/// The most memory that is kept while no comparison uses it, in bytes, for
/// large pieces and for slabs each.
const MAX_KEPT: usize = 256 << 20;

/// The size of a huge page.
const HUGE_PAGE: usize = 2 << 20;

/// The sizes of pieces that are cut from a slab.
const SLAB_PIECE_SIZES: RangeInclusive<usize> = (HUGE_PAGE / 16) + 1..=HUGE_PAGE / 8;

/// Sizes are rounded up to a multiple of this, so that a buffer fits the next
/// image too.
const SIZE_STEP: usize = 16 << 10;

static POOL: Mutex<BufferPool> = Mutex::new(BufferPool {
    free: Vec::new(),
    slab: &mut [],
    slabs: 0,
});

struct BufferPool {
    free: Vec<Allocation>,
    /// The unused rest of the last slab.
    slab: &'static mut [u8],
    /// Bytes of all slabs, which are never freed.
    slabs: usize,
}

enum Allocation {
    /// Returned to the system when too much is kept.
    Map(MmapMut),
    /// Cut from a slab, and never freed.
    Piece(&'static mut [u8]),
}

/// Borrowed memory. Its initial content is undefined.
pub(super) struct Buffer {
    memory: Option<Allocation>,
    length: usize,
}

impl Buffer {
    /// Borrows `length` bytes.
    ///
    /// # Panics
    /// When the system has no memory, as every allocation does.
    pub(super) fn take(length: usize) -> Self {
        let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
        let memory = match pool.fitting(length).or_else(|| pool.cut(length)) {
            Some(memory) => memory,
            None => {
                drop(pool);
                Allocation::Map(map(length))
            }
        };
        Self {
            memory: Some(memory),
            length,
        }
    }
}

impl BufferPool {
    /// The smallest memory that is free and long enough.
    fn fitting(&mut self, length: usize) -> Option<Allocation> {
        // A small request does not take a very large buffer.
        let fits = length..=length.saturating_mul(8).max(HUGE_PAGE);
        let free = self.free.iter().map(|memory| memory.len()).enumerate();
        let (index, _) = free
            .filter(|(_, length)| fits.contains(length))
            .min_by_key(|(_, length)| *length)?;
        Some(self.free.swap_remove(index))
    }

    /// Cuts a piece off the slab, or off a new one while these are few enough.
    fn cut(&mut self, length: usize) -> Option<Allocation> {
        if !SLAB_PIECE_SIZES.contains(&length) {
            return None;
        }
        let length = length.next_multiple_of(SIZE_STEP);
        if self.slab.len() < length {
            if self.slabs + HUGE_PAGE > MAX_KEPT {
                return None;
            }
            self.slabs += HUGE_PAGE;
            let rest = std::mem::replace(&mut self.slab, slab());
            if !rest.is_empty() {
                self.free.push(Allocation::Piece(rest));
            }
        }
        let (piece, rest) = std::mem::take(&mut self.slab).split_at_mut(length);
        self.slab = rest;
        Some(Allocation::Piece(piece))
    }

    fn give_back(&mut self, memory: Allocation) {
        let maps = self.free.iter().filter_map(|memory| match memory {
            Allocation::Map(map) => Some(map.len()),
            Allocation::Piece(_) => None,
        });
        if matches!(memory, Allocation::Piece(_)) || maps.sum::<usize>() + memory.len() <= MAX_KEPT
        {
            self.free.push(memory);
        }
    }
}

/// Fresh memory on one huge page, if the system has one.
fn slab() -> &'static mut [u8] {
    // Twice as long, to hold one that is aligned.
    let memory: &'static mut MmapMut = Box::leak(Box::new(map(2 * HUGE_PAGE)));
    let start = memory.as_ptr().align_offset(HUGE_PAGE).min(HUGE_PAGE);
    &mut memory[start..start + HUGE_PAGE]
}

/// Fresh memory, all zeros.
fn map(length: usize) -> MmapMut {
    let length = length.max(1).next_multiple_of(SIZE_STEP);
    let memory = MmapMut::map_anon(length).expect("out of memory");
    // Without huge pages the first use is slower.
    #[cfg(all(target_os = "linux", not(miri)))]
    if length >= HUGE_PAGE {
        let _ = memory.advise(memmap2::Advice::HugePage);
    }
    memory
}

impl Deref for Allocation {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Self::Map(map) => map,
            Self::Piece(piece) => piece,
        }
    }
}

impl DerefMut for Allocation {
    fn deref_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Map(map) => map,
            Self::Piece(piece) => piece,
        }
    }
}

impl Deref for Buffer {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        let memory = self.memory.as_ref();
        &memory.expect("a buffer has its memory until it is dropped")[..self.length]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        let memory = self.memory.as_mut();
        &mut memory.expect("a buffer has its memory until it is dropped")[..self.length]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(memory) = self.memory.take() {
            let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
            pool.give_back(memory);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slabs_are_not_made_without_end() {
        let mut pool = BufferPool {
            free: Vec::new(),
            slab: &mut [],
            slabs: MAX_KEPT - HUGE_PAGE,
        };
        let pieces = (0..100).map_while(|_| pool.cut(HUGE_PAGE / 8)).count();
        assert_eq!(pieces, 8, "the last slab's");
        assert_eq!(pool.slabs, MAX_KEPT);
    }
}
