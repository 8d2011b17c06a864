//! A comparison in words.

use std::fmt::Write;

use super::comparison::{Comparison, Verdict};
use super::threshold_sweep::ThresholdSweep;

impl Comparison {
    /// One line: how much differs, and where the largest part of it is.
    ///
    /// `12.0 % of pixels differ (94,371 of 786,432); largest region 300×40 at
    /// 12,80`
    pub fn message(&self) -> String {
        let mut text = match self.verdict {
            Verdict::Same => return self.same(),
            Verdict::WithinTolerance if self.differing == 0 => self.same(),
            Verdict::SizeMismatch => {
                let ((bw, bh), (cw, ch)) = (self.baseline_size, self.current_size);
                format!(
                    "the size changed from {bw}×{bh} to {cw}×{ch}; {}",
                    self.amount()
                )
            }
            Verdict::WithinTolerance => format!("{}, within tolerance", self.amount()),
            Verdict::Different => self.amount(),
        };
        if let Some(region) = self.regions.first() {
            let (w, h, x, y) = (region.width, region.height, region.x, region.y);
            let word = if self.regions.len() == 1 {
                "region"
            } else {
                "largest region"
            };
            let _ = write!(text, "; {word} {w}×{h} at {x},{y}");
        }
        if let Some(seen) = self.visibility {
            let _ = write!(
                text,
                "; colours differ by ΔE {:.1}, 99 of 100 by at most {:.1}",
                seen.mean, seen.p99
            );
        }
        if let Some(block) = self.moves.first() {
            let (rows, from, to) = (grouped(block.height.into()), block.from, block.to);
            let way = if to > from { "down" } else { "up" };
            let _ = write!(
                text,
                "; {rows} rows moved {way} by {} (from {from} to {to})",
                to.abs_diff(from)
            );
        }
        text
    }

    fn same(&self) -> String {
        match self.antialiased {
            0 => "no pixel differs".into(),
            some => format!("no pixel differs but for anti-aliasing ({})", grouped(some)),
        }
    }

    fn amount(&self) -> String {
        format!(
            "{} of pixels differ ({} of {})",
            percent(self.diff_ratio()),
            grouped(self.differing),
            grouped(self.compared)
        )
    }

    /// Several lines that teach: what other thresholds would have counted and
    /// the smallest change of one setting that would pass.
    pub fn detailed_message(&self, sweep: &ThresholdSweep) -> String {
        let mut text = self.message();
        let _ = write!(
            text,
            "\npixels that differ by threshold (now {}):",
            self.options.threshold
        );
        for (threshold, count) in sweep.counts {
            let here = if threshold == self.options.threshold {
                "  ← now"
            } else {
                ""
            };
            let _ = write!(text, "\n  {threshold:<4} {:>12}{here}", grouped(count));
        }
        if self.passes() {
            return text;
        }
        let (Some(pixels), Some(ratio)) = (sweep.max_diff_pixels, sweep.max_diff_ratio) else {
            text.push_str("\nno setting tolerates a change of size");
            return text;
        };
        text.push_str("\nsmallest setting that would pass, each alone:");
        if let Some(threshold) = sweep.threshold.filter(|t| *t < 1.0) {
            let _ = write!(text, "\n  threshold = {threshold}");
        }
        let (pixels, ratio) = (
            format!("max-diff-pixels = {pixels}"),
            format!("max-diff-ratio = {ratio}"),
        );
        // A limit that stands already goes on deciding unless it is raised.
        let choices = match (self.options.max_diff_pixels, self.options.max_diff_ratio) {
            (Some(_), Some(_)) => vec![format!("{pixels} together with {ratio}")],
            (Some(_), None) => vec![pixels],
            (None, Some(_)) => vec![ratio],
            (None, None) => vec![pixels, ratio],
        };
        for choice in choices {
            let _ = write!(text, "\n  {choice}");
        }
        text
    }
}

/// A share in per cent: one decimal, more where there would be only zeros.
fn percent(ratio: f64) -> String {
    let percent = ratio * 100.0;
    if percent >= 0.1 || percent == 0.0 {
        format!("{percent:.1} %")
    } else if percent >= 0.001 {
        format!("{percent:.3} %")
    } else {
        "less than 0.001 %".into()
    }
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
