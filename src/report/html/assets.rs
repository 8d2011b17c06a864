//! The front end that the report and `cargo tintype review` share.

/// The styles of every component, for light and dark.
pub const STYLE: &str = concat!(
    include_str!("../../../ui/theme.css"),
    include_str!("../../../ui/base.css"),
    include_str!("../../../ui/controls.css"),
    include_str!("../../../ui/surfaces.css"),
    include_str!("../../../ui/navigation.css"),
    include_str!("../../../ui/images.css"),
    include_str!("../../../ui/feedback.css"),
    include_str!("../../../ui/pages.css"),
    include_str!("../../../ui/changes.css"),
);
/// The icons, as CSS masks.
pub const ICONS: &str = include_str!("../../../ui/icons.css");

/// The scripts of both pages, in loading order: file name and source.
pub const SCRIPTS: [(&str, &str); 9] = [
    ("dom.js", include_str!("../../../ui/js/dom.js")),
    ("keys.js", include_str!("../../../ui/js/keys.js")),
    ("list.js", include_str!("../../../ui/js/list.js")),
    ("stories.js", include_str!("../../../ui/js/stories.js")),
    ("compare.js", include_str!("../../../ui/js/compare.js")),
    ("details.js", include_str!("../../../ui/js/details.js")),
    ("shortcuts.js", include_str!("../../../ui/js/shortcuts.js")),
    ("workbench.js", include_str!("../../../ui/js/workbench.js")),
    ("print.js", include_str!("../../../ui/js/print.js")),
];

/// The script of the report only.
pub(crate) const REPORT: &str = include_str!("../../../ui/js/report.js");

/// The fonts as WOFF2, by their path in the style.
pub const FONTS: [(&str, &[u8]); 3] = [
    (
        "fonts/besley.woff2",
        include_bytes!("../../../ui/fonts/besley.woff2"),
    ),
    (
        "fonts/instrument-sans.woff2",
        include_bytes!("../../../ui/fonts/instrument-sans.woff2"),
    ),
    (
        "fonts/jetbrains-mono.woff2",
        include_bytes!("../../../ui/fonts/jetbrains-mono.woff2"),
    ),
];

/// The scripts of `cargo tintype review` only, in loading order.
pub const REVIEW_SCRIPTS: [(&str, &str); 16] = [
    ("chart.js", include_str!("../../../ui/js/chart.js")),
    (
        "review/requests.js",
        include_str!("../../../ui/js/review/requests.js"),
    ),
    (
        "review/confirm.js",
        include_str!("../../../ui/js/review/confirm.js"),
    ),
    (
        "review/sheet.js",
        include_str!("../../../ui/js/review/sheet.js"),
    ),
    (
        "review/changes.js",
        include_str!("../../../ui/js/review/changes.js"),
    ),
    (
        "review/decisions.js",
        include_str!("../../../ui/js/review/decisions.js"),
    ),
    (
        "review/machines.js",
        include_str!("../../../ui/js/review/machines.js"),
    ),
    (
        "review/run.js",
        include_str!("../../../ui/js/review/run.js"),
    ),
    (
        "review/runs.js",
        include_str!("../../../ui/js/review/runs.js"),
    ),
    (
        "review/history.js",
        include_str!("../../../ui/js/review/history.js"),
    ),
    (
        "review/health.js",
        include_str!("../../../ui/js/review/health.js"),
    ),
    (
        "review/budgets.js",
        include_str!("../../../ui/js/review/budgets.js"),
    ),
    (
        "review/nodes.js",
        include_str!("../../../ui/js/review/nodes.js"),
    ),
    (
        "review/slow.js",
        include_str!("../../../ui/js/review/slow.js"),
    ),
    (
        "review/quarantines.js",
        include_str!("../../../ui/js/review/quarantines.js"),
    ),
    ("review.js", include_str!("../../../ui/js/review.js")),
];
