//! Distance in YIQ, many pixels at once.

use super::chunk::{CHUNK, ChunkEstimate, is_translucent, is_unequal, pack};

/// The margin of `f32`, relative to the limit. The true error is about a tenth
/// of that.
const MARGIN: f64 = 2e-5;

/// Compares a chunk by squared YIQ distance.
#[inline(always)]
pub(crate) fn estimate_yiq(a: &[u32; CHUNK], b: &[u32; CHUNK], max_delta: f64) -> ChunkEstimate {
    let low = (max_delta * (1.0 - MARGIN)) as f32;
    let high = (max_delta * (1.0 + MARGIN)) as f32;
    let mut unequal = [0_u8; CHUNK];
    let mut differing = [0_u8; CHUNK];
    let mut unsure = [0_u8; CHUNK];
    for i in 0..CHUNK {
        let (p, q) = (a[i], b[i]);
        let channel = |shift: u32| ((p >> shift & 255) as i32 - (q >> shift & 255) as i32) as f32;
        let (dr, dg, db) = (channel(0), channel(8), channel(16));
        let y = dr * 0.298_895_3 + dg * 0.586_622_5 + db * 0.114_482_23;
        let i_ = dr * 0.595_978 - dg * 0.274_176_1 - db * 0.321_801_9;
        let q_ = dr * 0.211_470_17 - dg * 0.522_617_1 + db * 0.311_146_94;
        let delta = 0.5053 * y * y + 0.299 * i_ * i_ + 0.1957 * q_ * q_;
        let translucent = is_translucent(p, q);
        let beyond = delta > high;
        let near = (delta >= low) & !beyond;
        differing[i] = u8::from(beyond & !translucent);
        unsure[i] = u8::from((near | translucent) & (p != q));
        unequal[i] = u8::from(is_unequal(p, q));
    }
    ChunkEstimate {
        unequal: pack(&unequal),
        differing: pack(&differing),
        unsure: pack(&unsure),
    }
}
