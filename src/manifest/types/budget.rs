//! Limits for the measurements of a page.

use serde::Serialize;

use tintype_compare::grouped;

use crate::model::{Measurements, readable_bytes};

/// The limits for the measurements of a page, each inclusive.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Budget {
    /// For the transferred bytes.
    pub(crate) bytes: Option<u64>,
    /// For the number of requests.
    pub(crate) requests: Option<u64>,
    /// For the number of elements.
    pub(crate) nodes: Option<u64>,
    /// For the number of console errors and uncaught exceptions.
    pub(crate) console_errors: Option<u64>,
    /// For the cumulative layout shift.
    pub(crate) cls: Option<f64>,
    /// How many times its usual value a time of the page may be: the 95th
    /// percentile of earlier runs on this kind of machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) slower_than_usual: Option<f64>,
}

impl Budget {
    /// Whether nothing is limited.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The measurements that exceed their limit: `412 KiB of 300 KiB`.
    pub(crate) fn exceeded(&self, measured: &Measurements) -> Vec<String> {
        let over = |measured: Option<u64>, limit: Option<u64>| {
            let (measured, limit) = measured.zip(limit)?;
            (measured > limit).then_some((measured, limit))
        };
        let count = |measured, limit, [one, many]: [&str; 2]| {
            let (measured, limit) = over(measured, limit)?;
            let noun = if measured == 1 { one } else { many };
            Some(format!(
                "{} {noun} of {}",
                grouped(measured),
                grouped(limit)
            ))
        };
        let bytes = over(measured.bytes, self.bytes);
        let shift = measured.cls.zip(self.cls);
        let shift = shift.filter(|(measured, limit)| measured > limit);
        let exceeded = [
            bytes.map(|(measured, limit)| sizes(measured, limit)),
            count(measured.requests, self.requests, ["request", "requests"]),
            count(measured.nodes, self.nodes, ["node", "nodes"]),
            count(
                measured.console_errors,
                self.console_errors,
                ["console error", "console errors"],
            ),
            shift.map(|(measured, limit)| format!("layout shift {measured} of {limit}")),
        ];
        exceeded.into_iter().flatten().collect()
    }

    /// The manifest keys of limits for what was not measured.
    pub(crate) fn unmeasured(&self, measured: &Measurements) -> Vec<&'static str> {
        let keys = [
            ("bytes", self.bytes.is_some() && measured.bytes.is_none()),
            (
                "requests",
                self.requests.is_some() && measured.requests.is_none(),
            ),
            ("nodes", self.nodes.is_some() && measured.nodes.is_none()),
            (
                "console-errors",
                self.console_errors.is_some() && measured.console_errors.is_none(),
            ),
            ("cls", self.cls.is_some() && measured.cls.is_none()),
        ];
        let missing = keys.into_iter().filter(|(_, is_missing)| *is_missing);
        missing.map(|(key, _)| key).collect()
    }
}

/// Two sizes, with as many decimal places as tell them apart.
fn sizes(measured: u64, limit: u64) -> String {
    let of = |decimals| [measured, limit].map(|bytes| readable_bytes(bytes, decimals));
    let [measured_text, limit_text] = (0..=2)
        .map(of)
        .find(|[measured, limit]| measured != limit)
        .unwrap_or_else(|| [measured, limit].map(|bytes| format!("{} bytes", grouped(bytes))));
    format!("{measured_text} of {limit_text}")
}

#[cfg(test)]
mod tests {
    use super::{Budget, Measurements};

    #[test]
    fn a_limit_is_inclusive() {
        let budget = Budget {
            bytes: Some(300 << 10),
            requests: Some(1),
            nodes: Some(1_000),
            console_errors: Some(0),
            cls: Some(0.1),
            ..Budget::default()
        };
        let within = Measurements {
            bytes: Some(300 << 10),
            requests: Some(1),
            nodes: Some(1_000),
            console_errors: Some(0),
            cls: Some(0.1),
            ..Measurements::default()
        };
        assert!(budget.exceeded(&within).is_empty());
        let over = Measurements {
            bytes: Some(412 << 10),
            requests: Some(2),
            nodes: Some(1_204),
            console_errors: Some(1),
            cls: Some(0.1234),
            ..Measurements::default()
        };
        assert_eq!(
            budget.exceeded(&over),
            [
                "412 KiB of 300 KiB",
                "2 requests of 1",
                "1,204 nodes of 1,000",
                "1 console error of 0",
                "layout shift 0.1234 of 0.1",
            ]
        );
        let nothing = Measurements::default();
        assert!(budget.exceeded(&nothing).is_empty());
        let keys = ["bytes", "requests", "nodes", "console-errors", "cls"];
        assert_eq!(budget.unmeasured(&nothing), keys);
    }

    #[test]
    fn sizes_that_are_close_are_told_apart() {
        let over = |bytes| {
            let budget = Budget {
                bytes: Some(300 << 10),
                ..Budget::default()
            };
            let measured = Measurements {
                bytes: Some(bytes),
                ..Measurements::default()
            };
            budget.exceeded(&measured).concat()
        };
        assert_eq!(over((300 << 10) + 1), "307,201 bytes of 307,200 bytes");
        assert_eq!(over((300 << 10) + 100), "300.1 KiB of 300 KiB");
        assert_eq!(over(400 << 10), "400 KiB of 300 KiB");
    }
}
