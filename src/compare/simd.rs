//! The kernels, compiled for several instruction sets and chosen at run time.
//!
//! The only module with `unsafe`: calling a function that was compiled for an
//! instruction set is safe only where the processor has it, and that is asked
//! right before every call. The code itself is the scalar twin's, inlined.
#![expect(
    unsafe_code,
    reason = "calls functions that were compiled for an instruction set, after asking for it"
)]

use super::kernels::{self, CHUNK, Guess};
use super::unfilter;

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
                if has_avx512() {
                    // SAFETY: the processor has the features it was compiled for.
                    return unsafe { with_avx512($($argument),*) };
                }
                if is_x86_feature_detected!("avx2") {
                    // SAFETY: as above.
                    return unsafe { with_avx2($($argument),*) };
                }
            }
            kernels::$name($($argument),*)
        }
    )* };
}

#[cfg(target_arch = "x86_64")]
fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx2")
}

for_each_instruction_set! {
    fn guess(a: &[u32; CHUNK], b: &[u32; CHUNK], max_delta: f64) -> Guess;
    fn siblings(above: &[u32], row: &[u32], below: &[u32], many: &mut [u32]);
    fn keys(row: &[u32], many: &[u32], many_other: &[u32], keys: &mut [f64]);
    fn antialiased(
        above: &[f64; CHUNK + 2],
        row: &[f64; CHUNK + 2],
        below: &[f64; CHUNK + 2],
        many: &[u32; CHUNK]
    ) -> u64;
}

/// [`unfilter::row`](super::unfilter::row) with what the processor has.
pub(super) fn unfilter(bytes_per_pixel: usize, filter: u8, above: &[u8], row: &mut [u8]) {
    match bytes_per_pixel {
        3 => unfilter::row::<3>(filter, above, row),
        _ => unfilter::row::<4>(filter, above, row),
    }
}
