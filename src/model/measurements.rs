//! The measurements of a page.

use serde::{Deserialize, Serialize};
use tintype_compare::grouped;

/// The measurements of a page that was loaded for its snapshot alone, from the
/// start of the load to the capture. What the engine does not report is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Measurements {
    /// The bytes of the bodies of responses as they were transferred, without
    /// headers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The requests that went to the network; each redirect is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<u64>,
    /// The elements of the page, its shadow roots and its frames.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nodes: Option<u64>,
    /// Calls of `console.error` and uncaught exceptions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub console_errors: Option<u64>,
    /// The cumulative layout shift (CLS), to four decimal places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cls: Option<f64>,
    /// The time of the largest contentful paint, in milliseconds of page time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lcp_ms: Option<u64>,
    /// The time of the first paint, in milliseconds of page time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_paint_ms: Option<u64>,
    /// The processor time of scripts, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script_ms: Option<u64>,
    /// The number of long tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long_tasks: Option<u64>,
    /// Their total time, in milliseconds of page time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long_task_ms: Option<u64>,
    /// Whether the time of the page was virtual: `lcpMs`, `firstPaintMs` and the
    /// long tasks are then not what a user would wait.
    #[serde(default)]
    pub virtual_time: bool,
}

impl Measurements {
    /// What was measured, for people: pairs of a name and a value.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let count = |count: Option<u64>| count.map(grouped);
        let ms = |time: Option<u64>| time.map(|ms| format!("{ms} ms"));
        let tasks = self.long_tasks.map(|tasks| match self.long_task_ms {
            Some(ms) if tasks > 0 => format!("{} ({ms} ms)", grouped(tasks)),
            _ => grouped(tasks),
        });
        let all = [
            (
                "transferred",
                self.bytes.map(|bytes| readable_bytes(bytes, 1)),
            ),
            ("requests", count(self.requests)),
            ("nodes", count(self.nodes)),
            ("console errors", count(self.console_errors)),
            ("layout shift", self.cls.map(|cls| cls.to_string())),
            ("largest paint", ms(self.lcp_ms)),
            ("first paint", ms(self.first_paint_ms)),
            ("script time", ms(self.script_ms)),
            ("long tasks", tasks),
        ];
        let known = all.into_iter();
        known
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }

    /// [`lines`](Self::lines) in one line.
    pub fn summary(&self) -> String {
        let lines = self.lines().into_iter();
        let lines: Vec<String> = lines
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        lines.join(", ")
    }
}

/// A number of bytes in the largest unit that it fills, with at most this many
/// decimal places: `412 KiB`.
pub(crate) fn readable_bytes(bytes: u64, decimals: usize) -> String {
    let units = [("GiB", 1_u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let Some((unit, size)) = units.into_iter().find(|(_, size)| bytes >= *size) else {
        return format!("{bytes} {}", if bytes == 1 { "byte" } else { "bytes" });
    };
    #[expect(clippy::cast_precision_loss, reason = "it is shown rounded")]
    let number = bytes as f64 / size as f64;
    let text = format!("{number:.decimals$}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    format!("{text} {unit}")
}

#[cfg(test)]
mod tests {
    use super::{Measurements, readable_bytes};

    #[test]
    fn numbers_are_readable() {
        assert_eq!(readable_bytes(1, 1), "1 byte");
        assert_eq!(readable_bytes(1_023, 1), "1023 bytes");
        assert_eq!(readable_bytes(1_024, 1), "1 KiB");
        assert_eq!(readable_bytes(1_536, 1), "1.5 KiB");
        assert_eq!(readable_bytes(412 << 10, 0), "412 KiB");
        assert_eq!(readable_bytes(3 << 29, 1), "1.5 GiB");
    }

    #[test]
    fn what_is_not_measured_is_not_shown() {
        let measured = Measurements {
            bytes: Some(2_048),
            requests: Some(3),
            long_tasks: Some(2),
            long_task_ms: Some(120),
            ..Measurements::default()
        };
        assert_eq!(
            measured.summary(),
            "transferred 2 KiB, requests 3, long tasks 2 (120 ms)"
        );
        assert_eq!(Measurements::default().summary(), "");
    }
}
