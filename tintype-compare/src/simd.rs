//! The kernels, compiled for several instruction sets and chosen at run time.
//!
//! The only module with `unsafe`: calling a function that was compiled for an
//! instruction set is safe only if the processor has it, which is checked
//! right before every call. The code itself is the scalar twin's, inlined.
#![cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "calls functions that were compiled for an instruction set, after asking for it"
    )
)]

#[cfg(target_arch = "x86_64")]
use std::ops::Range;

use super::kernels::{self, CHUNK, ChunkEstimate};

macro_rules! for_each_instruction_set {
    ($(fn $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?;)*) => { $(
        #[doc = concat!("[`kernels::", stringify!($name), "`] with what the processor has.")]
        pub(super) fn $name($($argument: $type),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2")]
                fn with_avx512($($argument: $type),*) $(-> $result)? {
                    kernels::$name($($argument),*)
                }
                #[target_feature(enable = "avx2")]
                fn with_avx2($($argument: $type),*) $(-> $result)? {
                    kernels::$name($($argument),*)
                }
                match level() {
                    // SAFETY: the processor has the features it was compiled for.
                    InstructionSet::Avx512 => return unsafe { with_avx512($($argument),*) },
                    // SAFETY: as above.
                    InstructionSet::Avx2 => return unsafe { with_avx2($($argument),*) },
                    InstructionSet::Plain => {}
                }
            }
            kernels::$name($($argument),*)
        }
    )* };
}

/// The instruction sets of the kernels, in ascending order.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum InstructionSet {
    /// Available on every x86-64 processor.
    Plain,
    Avx2,
    Avx512,
}

/// The best instruction set of this processor, detected once.
#[cfg(target_arch = "x86_64")]
fn level() -> InstructionSet {
    static LEVEL: std::sync::OnceLock<InstructionSet> = std::sync::OnceLock::new();
    let found = *LEVEL.get_or_init(|| {
        let avx512 = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl");
        let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        match avx2 {
            true if avx512 => InstructionSet::Avx512,
            true => InstructionSet::Avx2,
            false => InstructionSet::Plain,
        }
    });
    #[cfg(test)]
    return found.min(tests::LIMIT.get());
    #[cfg(not(test))]
    found
}

for_each_instruction_set! {
    fn widen(rgb: &[u8], rgba: &mut [u32]);
    fn unequal(a: &[u32; CHUNK], b: &[u32; CHUNK]) -> ChunkEstimate;
    fn estimate_yiq(a: &[u32; CHUNK], b: &[u32; CHUNK], max_delta: f64) -> ChunkEstimate;
    fn siblings(above: &[u32], row: &[u32], below: &[u32], many: &mut [u32]);
    fn keys(row: &[u32], many: &[u32], many_other: &[u32], keys: &mut [f64]);
    fn antialiased(
        above: &[f64; CHUNK + 2],
        row: &[f64; CHUNK + 2],
        below: &[f64; CHUNK + 2],
        many: &[u32; CHUNK]
    ) -> u64;
}

/// [`kernels::estimate_oklab`] with the best instruction set of the processor.
pub(super) fn estimate_oklab(a: &[u32; CHUNK], b: &[u32; CHUNK], threshold: f32) -> ChunkEstimate {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
        fn with_avx512(a: &[u32; CHUNK], b: &[u32; CHUNK], threshold: f32) -> ChunkEstimate {
            kernels::estimate_oklab::<true>(a, b, threshold)
        }
        #[target_feature(enable = "avx2,fma")]
        fn with_avx2(a: &[u32; CHUNK], b: &[u32; CHUNK], threshold: f32) -> ChunkEstimate {
            kernels::estimate_oklab::<true>(a, b, threshold)
        }
        match level() {
            // SAFETY: the processor has the features it was compiled for.
            InstructionSet::Avx512 => return unsafe { with_avx512(a, b, threshold) },
            // SAFETY: as above.
            InstructionSet::Avx2 => return unsafe { with_avx2(a, b, threshold) },
            InstructionSet::Plain => {}
        }
    }
    kernels::estimate_oklab::<{ cfg!(target_arch = "aarch64") }>(a, b, threshold)
}

/// [`kernels::paeth`] with AVX2, all channels of a pixel at once.
#[cfg(target_arch = "x86_64")]
pub(super) fn paeth<const BPP: usize>(above: &[u8], row: &mut [u8], pixels: Range<usize>) {
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx2")]
    fn load<const BPP: usize>(bytes: &[u8], at: usize) -> __m128i {
        // The fourth byte belongs to the next pixel and is ignored.
        let four = bytes[at..].first_chunk().copied().unwrap_or_else(|| {
            let mut last = [0; 4];
            last[..BPP].copy_from_slice(&bytes[at..]);
            last
        });
        _mm_cvtepu8_epi16(_mm_cvtsi32_si128(i32::from_le_bytes(four)))
    }

    /// Every pixel waits for the one before: the fewer steps, the faster.
    #[target_feature(enable = "avx2")]
    fn with_avx2<const BPP: usize>(above: &[u8], row: &mut [u8], pixels: Range<usize>) {
        let (mut left, mut corner) = (_mm_setzero_si128(), _mm_setzero_si128());
        if let Some(before) = pixels.start.checked_sub(1) {
            left = load::<BPP>(row, before * BPP);
            corner = load::<BPP>(above, before * BPP);
        }
        for at in pixels.map(|x| x * BPP) {
            let above = load::<BPP>(above, at);
            let rise = _mm_sub_epi16(above, corner);
            let to_left = _mm_abs_epi16(rise);
            let step = _mm_sub_epi16(left, corner);
            let to_above = _mm_abs_epi16(step);
            let to_corner = _mm_abs_epi16(_mm_add_epi16(step, rise));
            let nearer = _mm_blendv_epi8(left, above, _mm_cmpgt_epi16(to_left, to_above));
            let beyond = _mm_cmpgt_epi16(_mm_min_epi16(to_left, to_above), to_corner);
            let nearest = _mm_blendv_epi8(nearer, corner, beyond);
            // The upper halves are zero, so bytes wrap without a carry.
            left = _mm_add_epi8(load::<BPP>(row, at), nearest);
            corner = above;
            let bytes = _mm_cvtsi128_si32(_mm_packus_epi16(left, left)).to_le_bytes();
            row[at..at + BPP].copy_from_slice(&bytes[..BPP]);
        }
    }

    if level() == InstructionSet::Plain {
        return kernels::paeth::<BPP>(above, row, pixels);
    }
    // SAFETY: the processor has AVX2.
    unsafe { with_avx2::<BPP>(above, row, pixels) }
}

#[cfg(not(target_arch = "x86_64"))]
pub(super) use super::kernels::paeth;

#[cfg(all(test, target_arch = "x86_64"))]
pub(super) mod tests {
    use std::cell::Cell;

    use super::InstructionSet;

    thread_local! {
        /// The most that this thread may use.
        pub(crate) static LIMIT: Cell<InstructionSet> = const { Cell::new(InstructionSet::Avx512) };
    }
}
