//! The rows of two PNGs, restored only where it matters.
//!
//! A row is stored as its difference from the one above. While two images
//! agree in their stored rows they agree in their pixels, and nobody needs to
//! know which these are: only the rows around a difference are restored.

use super::chunks::Plain;
use super::pool::Buffer;
use super::unfilter;
use super::view::View;

/// Inflated rows, each filtered until it is restored in its place.
pub(super) struct Rows {
    buffer: Buffer,
    stride: usize,
    width: usize,
    height: usize,
    bytes_per_pixel: usize,
    restored: Vec<bool>,
}

impl Rows {
    /// `None` where the data is damaged.
    pub(super) fn inflate(png: &Plain<'_>) -> Option<Self> {
        let rows = Self {
            buffer: png.inflate()?,
            stride: png.stride(),
            width: png.width,
            height: png.height,
            bytes_per_pixel: png.bytes_per_pixel,
            restored: vec![false; png.height],
        };
        (0..rows.height)
            .all(|y| rows.filter(y) <= 4)
            .then_some(rows)
    }

    /// Whether both have rows of the same shape.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        (self.width, self.height, self.bytes_per_pixel)
            == (other.width, other.height, other.bytes_per_pixel)
    }

    /// The pixels. Rows that were not restored are meaningless.
    pub(super) fn view(&self) -> View<'_> {
        let size = (self.width, self.height);
        View::new(&self.buffer[1..], self.stride, self.bytes_per_pixel, size)
    }

    /// The row as it is now, with its filter's byte.
    fn stored(&self, y: usize) -> &[u8] {
        &self.buffer[y * self.stride..][..self.stride]
    }

    fn filter(&self, y: usize) -> u8 {
        self.buffer[y * self.stride]
    }

    /// Whether a row says nothing of the one above (no filter, or Sub).
    fn stands_alone(&self, y: usize) -> bool {
        self.filter(y) <= 1
    }

    /// Restores every row.
    pub(super) fn restore_all(&mut self) {
        for y in 0..self.height {
            self.unfilter(y);
        }
    }

    /// Restores a row, and those above that it depends on.
    fn restore(&mut self, y: usize) {
        let mut start = y;
        while start > 0
            && !self.restored[start]
            && !self.stands_alone(start)
            && !self.restored[start - 1]
        {
            start -= 1;
        }
        for row in start..=y {
            self.unfilter(row);
        }
    }

    /// Restores a row whose upper neighbour is restored, or not needed.
    fn unfilter(&mut self, y: usize) {
        if std::mem::replace(&mut self.restored[y], true) {
            return;
        }
        let (above, row) = self.buffer[..(y + 1) * self.stride].split_at_mut(y * self.stride);
        let (filter, row) = row.split_first_mut().expect("a row has a filter");
        let zeros;
        let above = if y > 0 {
            &above[(y - 1) * self.stride + 1..]
        } else {
            zeros = vec![0; row.len()];
            &zeros
        };
        match self.bytes_per_pixel {
            3 => unfilter::row::<3>(*filter, above, row),
            _ => unfilter::row::<4>(*filter, above, row),
        }
    }

    /// Takes a restored row over from an image that is equal there.
    fn copy(&mut self, y: usize, from: &Self) {
        if !std::mem::replace(&mut self.restored[y], true) {
            let at = y * self.stride + 1..(y + 1) * self.stride;
            self.buffer[at.clone()].copy_from_slice(&from.buffer[at]);
        }
    }
}

/// Rows above and below a difference that are needed to judge it.
const CONTEXT: usize = 2;

/// Finds out which rows of two images are equal, and restores those that are
/// not with their neighbours. `None` when so many differ that everything was
/// restored; nothing is known then.
pub(super) fn align(a: &mut Rows, b: &mut Rows) -> Option<Vec<bool>> {
    let same: Vec<bool> = (0..a.height).map(|y| a.stored(y) == b.stored(y)).collect();
    let others = same.iter().filter(|same| !**same).count();
    if others > a.height / 4 {
        let large = a.buffer.len() > 1 << 20;
        super::workers::both(large, || a.restore_all(), || b.restore_all());
        return None;
    }
    let equal = restore_differing(a, b, &same);
    for y in (0..a.height).filter(|y| !equal[*y]) {
        let first = y.saturating_sub(CONTEXT);
        for (near, is_equal) in equal
            .iter()
            .enumerate()
            .skip(first)
            .take(y + CONTEXT + 1 - first)
        {
            a.restore(near);
            if *is_equal {
                b.copy(near, a);
            }
        }
    }
    Some(equal)
}

/// Goes down the rows; `same` tells which are stored in the same way.
fn restore_differing(a: &mut Rows, b: &mut Rows, same: &[bool]) -> Vec<bool> {
    let mut equal = vec![true; a.height];
    let mut above_is_equal = true;
    for y in 0..a.height {
        if !(same[y] && (above_is_equal || a.stands_alone(y))) {
            if above_is_equal && y > 0 {
                a.restore(y - 1);
                b.copy(y - 1, a);
            }
            a.restore(y);
            b.unfilter(y);
            equal[y] = a.view().row(y) == b.view().row(y);
        }
        above_is_equal = equal[y];
    }
    equal
}
