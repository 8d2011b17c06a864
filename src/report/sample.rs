//! A run with one snapshot of every status, for the tests of the reports.

use crate::model::{
    Attempt, Cause, CauseKind, Environment, EnvironmentChange, Explanation, Git, Reason, Region,
    RunId, SettledStep, Status, StoryIdentifier, Summary, Viewport, VisualTestResult,
    VisualTestRun,
};

const RUN: &str = "run-0198ef71-7a52-7c1e-9a55-2f8a6f0d1c11";

/// The run of [`results`].
pub(super) fn run() -> VisualTestRun {
    let mut summary = Summary::default();
    for result in results() {
        summary.add(result.status);
    }
    VisualTestRun {
        run_id: RunId(RUN.to_owned()),
        timestamp: 1_761_480_000_000,
        start_time: "2025-10-26T12:00:00Z".to_owned(),
        end_time: Some("2025-10-26T12:00:41.800Z".to_owned()),
        duration: Some(41_800),
        reason: Some(Reason::Failed),
        summary,
        environment: Environment {
            platform: "linux".to_owned(),
            ci: true,
            arch: "x86_64".to_owned(),
            browser: Some("chromium 156.0.8078.79".to_owned()),
            git: Some(Git {
                commit: "41d77b0a9c3f".to_owned(),
                subject: None,
                branch: Some("checkout-rounding".to_owned()),
                dirty: false,
            }),
            ..Environment::default()
        },
        project: None,
    }
}

/// A result of the run, in the light theme on a desktop, with nothing else.
pub(super) fn result(story: &str, status: Status) -> VisualTestResult {
    let viewport = Viewport {
        width: 1280,
        height: 720,
    };
    let id = StoryIdentifier::new(story, "light", viewport).expect("a story id");
    VisualTestResult::new(RunId(RUN.to_owned()), id, status)
}

/// So many failures: differences in three components, and one error.
pub(super) fn many_failures(count: usize) -> Vec<VisualTestResult> {
    let stories = ["forms/card", "forms/field", "menu--open", "chart"];
    (0..count)
        .map(|n| {
            let mut result = result(&format!("{}-{n}", stories[n % 4]), Status::Failed);
            result.message = Some("2.8 % of pixels differ".to_owned());
            result.diff_ratio = Some(0.028);
            if n % 4 == 3 {
                result.message = Some("chromedriver was not found on the PATH".to_owned());
                result.diff_ratio = None;
            }
            result
        })
        .collect()
}

/// One snapshot of every final status, and a second failure without pictures.
pub(super) fn results() -> Vec<VisualTestResult> {
    vec![
        failed(),
        uncaptured(),
        VisualTestResult {
            current: Some(format!("target/tintype/runs/{RUN}/gift-card-current.png")),
            ..result("forms/gift-card", Status::New)
        },
        VisualTestResult {
            message: Some("0.01 % of pixels differ (64 of 921,600), within tolerance".to_owned()),
            diff_ratio: Some(64.0 / 921_600.0),
            duration_ms: Some(243),
            ..result("data/history-chart", Status::Changed)
        },
        VisualTestResult {
            baseline: Some("baselines/type-light-1280x720.png".to_owned()),
            diff_ratio: Some(0.0),
            duration_ms: Some(104),
            ..result("foundations/type", Status::Passed)
        },
        VisualTestResult {
            duration_ms: Some(90),
            attempt: Some(2),
            attempts: vec![
                Attempt {
                    status: Status::Failed,
                    message: Some("failed to load <a>: no answer".to_owned()),
                    duration_ms: 2_000,
                },
                Attempt {
                    status: Status::Passed,
                    message: None,
                    duration_ms: 90,
                },
            ],
            ..result("foundations/flaky", Status::Passed)
        },
        VisualTestResult {
            message: Some("waits for the new \"voucher\" service & its <form>".to_owned()),
            ..result("forms/voucher", Status::Skipped)
        },
    ]
}

fn failed() -> VisualTestResult {
    VisualTestResult {
        baseline: Some("baselines/checkout-card-light-1280x720.png".to_owned()),
        current: Some(format!(
            "target/tintype/runs/{RUN}/checkout-card-current.png"
        )),
        diff: Some(format!("target/tintype/runs/{RUN}/checkout-card-diff.png")),
        diff_ratio: Some(5_403.0 / 196_000.0),
        message: Some(
            "2.76 % of pixels differ (5,403 of 196,000); largest region 141×43 at 389,239"
                .to_owned(),
        ),
        duration_ms: Some(214),
        navigate_ms: Some(18),
        settle_ms: Some(34),
        capture_ms: Some(147),
        compare_ms: Some(15),
        attempt: Some(1),
        browser: Some("chromium 156.0.8078.79".to_owned()),
        regions: vec![
            Region {
                x: 389,
                y: 239,
                width: 141,
                height: 43,
            },
            Region {
                x: 281,
                y: 250,
                width: 51,
                height: 22,
            },
        ],
        settled: vec![
            SettledStep {
                step: "load".to_owned(),
                ms: 12,
            },
            SettledStep {
                step: "fonts".to_owned(),
                ms: 22,
            },
        ],
        sensitivity: [
            "pixels that differ by threshold (now 0):",
            "  0           5,403  ← now",
            "  0.1           812",
            "smallest setting that would pass, each alone:",
            "  max-diff-pixels = 5403",
        ]
        .map(str::to_owned)
        .into(),
        environment_changed: vec![EnvironmentChange {
            what: "browser".to_owned(),
            baseline: "chromium 155.0.8012.4".to_owned(),
            current: "chromium 156.0.8078.79".to_owned(),
        }],
        ..result("forms/checkout-card", Status::Failed)
    }
}

fn uncaptured() -> VisualTestResult {
    VisualTestResult {
        message: Some(
            "the page did not settle: still waiting for images after 15,000 ms".to_owned(),
        ),
        duration_ms: Some(15_012),
        ..result("media/gallery", Status::Failed)
    }
}

/// A cause of a difference.
pub(super) fn cause(selector: &str, property: &str, from: &str, to: &str) -> Cause {
    let [selector, property, from, to] =
        [selector, property, from, to].map(|text| Some(text.to_owned()));
    let mut cause = Cause::new(CauseKind::Style, selector, property, from, to);
    (cause.elements, cause.pixels) = (2, 5_403);
    cause
}

/// An explanation by these causes.
pub(super) fn explanation(explained_ratio: f64, causes: Vec<Cause>) -> Explanation {
    Explanation {
        explained_ratio,
        causes,
    }
}
