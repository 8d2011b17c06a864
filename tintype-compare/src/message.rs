//! Renders a comparison as text.

use std::fmt::Write;

use super::comparison::{Comparison, Verdict};
use super::options::{DiffWindow, Options, Perceptual};
use super::threshold_sweep::ThresholdSweep;

impl Comparison {
    /// One line: how much differs, and where the largest part of it is.
    ///
    /// `12.0 % of pixels differ (94,371 of 786,432); largest region 300×40 at
    /// 12,80`
    pub fn message(&self) -> String {
        let mut text = match self.verdict {
            Verdict::SizeMismatch => {
                let ((bw, bh), (cw, ch)) = (self.baseline_size, self.current_size);
                let amount = self.amount();
                format!("the size changed from {bw}×{bh} to {cw}×{ch}; {amount}")
            }
            _ if self.differing == 0 => self.tolerated_amount(),
            Verdict::WithinTolerance => format!("{}, within tolerance", self.amount()),
            _ => self.amount(),
        };
        self.add_largest_region(&mut text);
        self.add_densest_window(&mut text);
        self.add_visibility(&mut text);
        self.add_moves(&mut text);
        text
    }

    fn amount(&self) -> String {
        format!(
            "{} of pixels differ ({} of {})",
            percent(self.diff_ratio()),
            grouped(self.differing),
            grouped(self.compared)
        )
    }

    /// The number of pixels that differ, if no difference counts.
    fn tolerated_amount(&self) -> String {
        let threshold = self.options.threshold;
        match (self.below_threshold, self.antialiased) {
            (0, 0) => "no pixel differs".to_owned(),
            (below, 0) => format!("{} within the threshold {threshold}", pixels_differ(below)),
            (0, smooth) => format!("{}, but only in anti-aliasing", pixels_differ(smooth)),
            (below, smooth) => format!(
                "{} within the threshold {threshold} and {} in anti-aliasing",
                pixels_differ(below),
                grouped(smooth)
            ),
        }
    }

    fn add_largest_region(&self, text: &mut String) {
        if let Some(region) = self.regions.first() {
            let (w, h, x, y) = (region.width, region.height, region.x, region.y);
            let word = match self.regions.len() {
                1 => "region",
                _ => "largest region",
            };
            let _ = write!(text, "; {word} {w}×{h} at {x},{y}");
        }
    }

    fn add_densest_window(&self, text: &mut String) {
        let (Some(densest), Some(limit)) = (self.densest_window, self.options.max_diff_window)
        else {
            return;
        };
        if self.is_within_window_limit() {
            return;
        }
        let _ = write!(
            text,
            "; {} pixels differ within {}×{} at {},{}, more than {}",
            grouped(densest.differing),
            densest.region.width,
            densest.region.height,
            densest.region.x,
            densest.region.y,
            grouped(limit.pixels)
        );
    }

    fn add_visibility(&self, text: &mut String) {
        let Some(measured) = self.visibility else {
            return;
        };
        let _ = write!(
            text,
            "; colours differ by ΔE {:.1} on average, by {:.1} at most",
            measured.mean, measured.max
        );
        if let Perceptual::Limit { max_delta_e } = self.options.perceptual
            && !self.is_within_colour_limit()
        {
            let _ = write!(text, ", more than {max_delta_e}");
        }
    }

    fn add_moves(&self, text: &mut String) {
        if let Some(block) = self.moves.first() {
            let (rows, from, to) = (grouped(block.height.into()), block.from, block.to);
            let direction = if to > from { "down" } else { "up" };
            let distance = to.abs_diff(from);
            let _ = write!(
                text,
                "; {rows} rows moved {direction} by {distance} (from {from} to {to})"
            );
        }
    }

    /// Several lines: the message, the number of differing pixels at other
    /// thresholds, and the smallest change of a setting that would pass.
    pub fn detailed_message(&self, sweep: &ThresholdSweep) -> String {
        let mut text = self.message();
        let now = self.options.threshold;
        let _ = write!(text, "\npixels that differ by threshold (now {now}):");
        for (threshold, count) in sweep.counts {
            let marker = if threshold == now { "  ← now" } else { "" };
            let _ = write!(text, "\n  {threshold:<4} {:>12}{marker}", grouped(count));
        }
        if self.passes() {
            return text;
        }
        if self.verdict == Verdict::SizeMismatch {
            text.push_str("\nno setting tolerates a change of size");
            return text;
        }
        text.push_str("\nsmallest setting that would pass, each alone:");
        if let Some(threshold) = sweep.threshold.filter(|t| *t < 1.0) {
            let _ = write!(text, "\n  threshold = {threshold}");
        }
        for choice in self.passing_limits(sweep) {
            let _ = write!(text, "\n  {choice}");
        }
        text
    }

    /// The limits that would let the comparison pass. Limits that are set keep
    /// their effect, so those that are exceeded must be raised together.
    fn passing_limits(&self, sweep: &ThresholdSweep) -> Vec<String> {
        let pixels = sweep
            .max_diff_pixels
            .map(|n| format!("max-diff-pixels = {n}"));
        let ratio = sweep
            .max_diff_ratio
            .map(|n| format!("max-diff-ratio = {n}"));
        let Options {
            max_diff_pixels,
            max_diff_ratio,
            max_diff_window,
            ..
        } = &self.options;
        let mut raised = Vec::new();
        if self.differing > self.options.tolerated(self.compared) {
            raised.extend(pixels.clone().filter(|_| max_diff_pixels.is_some()));
            raised.extend(ratio.clone().filter(|_| max_diff_ratio.is_some()));
            if raised.is_empty() {
                return pixels.into_iter().chain(ratio).collect();
            }
        }
        if let (Some(DiffWindow { size, .. }), Some(densest)) =
            (max_diff_window, self.densest_window)
            && !self.is_within_window_limit()
        {
            let pixels = densest.differing;
            raised.push(format!(
                "max-diff-window = {{ size = {size}, pixels = {pixels} }}"
            ));
        }
        if let Some(measured) = self.visibility
            && !self.is_within_colour_limit()
        {
            let max = (measured.max * 100.0).ceil() / 100.0;
            raised.push(format!("perceptual = {{ max-delta-e = {max} }}"));
        }
        vec![raised.join(" together with ")]
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

fn pixels_differ(count: u64) -> String {
    match count {
        1 => "1 pixel differs".to_owned(),
        _ => format!("{} pixels differ", grouped(count)),
    }
}

/// `1234567` as `1,234,567`.
pub fn grouped(number: u64) -> String {
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
