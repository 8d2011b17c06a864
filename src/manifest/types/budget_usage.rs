//! Measurements beside the limits of their story.

use serde::Serialize;

use super::story::StorySpec;
use crate::model::Measurements;

/// A measurement with its limit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BudgetUsage {
    /// The key of the limit in `[budget]`: `bytes`.
    pub key: &'static str,
    /// The measured value; `bytes` in bytes, the other ones are numbers.
    pub value: f64,
    /// The limit, in the same unit.
    pub limit: f64,
}

impl BudgetUsage {
    /// Value ÷ limit; infinite if the limit is 0 and the value is not.
    pub fn share(&self) -> f64 {
        match self.value == 0.0 {
            true => 0.0,
            false => self.value / self.limit,
        }
    }
}

/// The measurements of a story's page for which it has limits, in the order of the
/// manifest's documentation.
pub fn budget_usage(story: &StorySpec, measured: &Measurements) -> Vec<BudgetUsage> {
    let budget = &story.budget;
    #[expect(
        clippy::cast_precision_loss,
        reason = "sizes and counts are shown rounded"
    )]
    let counted = |count: Option<u64>| count.map(|count| count as f64);
    let all = [
        ("bytes", counted(measured.bytes), counted(budget.bytes)),
        (
            "requests",
            counted(measured.requests),
            counted(budget.requests),
        ),
        ("nodes", counted(measured.nodes), counted(budget.nodes)),
        (
            "console-errors",
            counted(measured.console_errors),
            counted(budget.console_errors),
        ),
        ("cls", measured.cls, budget.cls),
    ];
    let known = all.into_iter();
    known
        .filter_map(|(key, value, limit)| {
            let (value, limit) = value.zip(limit)?;
            Some(BudgetUsage { key, value, limit })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::BudgetUsage;

    #[test]
    fn a_limit_of_zero_is_exceeded_without_end() {
        let share = |value, limit| {
            let key = "console-errors";
            BudgetUsage { key, value, limit }.share()
        };
        assert_eq!(share(0.0, 0.0), 0.0);
        assert_eq!(share(3.0, 4.0), 0.75);
        assert_eq!(share(1.0, 0.0), f64::INFINITY);
    }
}
