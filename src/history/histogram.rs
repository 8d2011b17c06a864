//! A histogram of durations that can be merged with others.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Each power of two has this many buckets, so that a quantile is at most 1/32
/// (3.2 %) away from the exact one. `history.lua` has the same buckets.
const PER_OCTAVE: u64 = 16;

/// Durations in milliseconds, counted in buckets of at most 1/16 of their value;
/// below 32 ms each value has its own. Its text is `{bucket}:{count}` for each
/// bucket that is not empty, separated by spaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    buckets: BTreeMap<u64, u64>,
}

impl Histogram {
    /// Counts a duration in milliseconds.
    pub fn add(&mut self, milliseconds: u64) {
        *self.buckets.entry(bucket(milliseconds)).or_default() += 1;
    }

    /// Adds the counts of another histogram.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
    }

    /// The number of durations.
    pub fn count(&self) -> u64 {
        self.buckets.values().sum()
    }

    /// The smallest duration that `percent` of all durations do not exceed, in
    /// milliseconds; `None` without durations.
    pub fn percentile(&self, percent: u64) -> Option<u64> {
        let rank = (self.count() * percent).div_ceil(100).max(1);
        let mut seen = 0;
        for (bucket, count) in &self.buckets {
            seen += count;
            if seen >= rank {
                return Some(middle(*bucket));
            }
        }
        None
    }
}

fn bucket(milliseconds: u64) -> u64 {
    if milliseconds < PER_OCTAVE {
        return milliseconds;
    }
    let shift = u64::from(milliseconds.ilog2()) - 4;
    shift * PER_OCTAVE + (milliseconds >> shift)
}

/// The middle of a bucket, in milliseconds.
fn middle(bucket: u64) -> u64 {
    if bucket < 2 * PER_OCTAVE {
        return bucket;
    }
    let shift = bucket / PER_OCTAVE - 1;
    let low = (bucket % PER_OCTAVE + PER_OCTAVE) << shift;
    low + ((1 << shift) - 1) / 2
}

impl fmt::Display for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<_> = self
            .buckets
            .iter()
            .map(|(bucket, count)| format!("{bucket}:{count}"))
            .collect();
        f.write_str(&parts.join(" "))
    }
}

impl FromStr for Histogram {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        /// The bucket of the longest duration that the record keeps exactly.
        const MAX_BUCKET: u64 = 50 * PER_OCTAVE;
        let mut buckets = BTreeMap::new();
        for part in text.split(' ').filter(|part| !part.is_empty()) {
            let parsed = part.split_once(':').and_then(|(bucket, count)| {
                let bucket = bucket.parse().ok().filter(|bucket| *bucket <= MAX_BUCKET)?;
                Some((bucket, count.parse::<u32>().ok()?))
            });
            let (bucket, count) = parsed.ok_or_else(|| format!("`{part}` is not a bucket"))?;
            buckets.insert(bucket, u64::from(count));
        }
        Ok(Self { buckets })
    }
}

#[cfg(test)]
mod tests {
    use super::{Histogram, bucket, middle};

    #[test]
    fn buckets_are_contiguous_and_narrow() {
        let mut last = 0;
        for milliseconds in 0..300_000_u64 {
            let at = bucket(milliseconds);
            assert!(at == last || at == last + 1, "{milliseconds}");
            let error = middle(at).abs_diff(milliseconds);
            assert!(error * 32 <= milliseconds, "{milliseconds}");
            last = at;
        }
    }

    #[test]
    fn merging_equals_counting_all() {
        let (mut low, mut high, mut all) = (
            Histogram::default(),
            Histogram::default(),
            Histogram::default(),
        );
        for milliseconds in 0..1000_u64 {
            let part = if milliseconds < 500 {
                &mut low
            } else {
                &mut high
            };
            part.add(milliseconds);
            all.add(milliseconds);
        }
        low.merge(&high);
        assert_eq!(low, all);
        assert_eq!(all.to_string().parse(), Ok(all.clone()));
        let p50 = all.percentile(50).unwrap();
        let p95 = all.percentile(95).unwrap();
        assert!(
            p50.abs_diff(499) <= 16 && p95.abs_diff(949) <= 30,
            "{p50} {p95}"
        );
        assert_eq!(Histogram::default().percentile(50), None);
        assert!("1:x".parse::<Histogram>().is_err());
    }
}
