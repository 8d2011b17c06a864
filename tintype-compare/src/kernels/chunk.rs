//! Chunks of pixels, which are compared at once.

/// Pixels that are compared together: one word of a row's bits.
pub(crate) const CHUNK: usize = 64;

/// The result of the fast path for a chunk of pixels, one bit each.
#[derive(Clone, Copy, Default)]
pub(crate) struct ChunkEstimate {
    /// Pixels that are not equal. Fully transparent pixels are equal.
    pub(crate) unequal: u64,
    /// Pixels that differ by more than the threshold.
    pub(crate) differing: u64,
    /// Pixels that are translucent, or too close to the threshold for `f32`:
    /// the exact measure must decide.
    pub(crate) unsure: u64,
}

/// Whether two pixels are not equal. Fully transparent pixels are equal.
#[inline(always)]
pub(super) fn is_unequal(p: u32, q: u32) -> bool {
    (p != q) & ((p | q) >> 24 != 0)
}

/// Whether one of two pixels is not opaque.
#[inline(always)]
pub(super) fn is_translucent(p: u32, q: u32) -> bool {
    (p & q) >> 24 != 255
}

/// Compares a chunk at threshold 0: opaque pixels that are not the same differ.
#[inline(always)]
pub(crate) fn unequal(a: &[u32; CHUNK], b: &[u32; CHUNK]) -> ChunkEstimate {
    let mut unequal = [0_u8; CHUNK];
    let mut translucent = [0_u8; CHUNK];
    for i in 0..CHUNK {
        unequal[i] = u8::from(is_unequal(a[i], b[i]));
        translucent[i] = u8::from(is_translucent(a[i], b[i]));
    }
    let (unequal, translucent) = (pack(&unequal), pack(&translucent));
    ChunkEstimate {
        unequal,
        differing: unequal & !translucent,
        unsure: unequal & translucent,
    }
}

/// Bytes of 0 or 1 to bits, the first one lowest.
#[inline(always)]
pub(super) fn pack(flags: &[u8; CHUNK]) -> u64 {
    let (eights, _) = flags.as_chunks::<8>();
    let mut bits = 0;
    for (index, eight) in eights.iter().enumerate() {
        // Multiplying gathers the eight lowest bits in the highest byte.
        let byte = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits |= byte << (index * 8);
    }
    bits
}
