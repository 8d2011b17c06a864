//! `[alerts]` and `[[alert]]`.

use super::{Project, with};

/// The names of the rules of a manifest.
fn names(more: &str) -> Vec<String> {
    let manifest = Project::new().parse(&with(more)).unwrap();
    let rules = manifest.alerts.rules.iter();
    rules.map(|rule| rule.name.clone()).collect()
}

/// Checks that the error of a manifest has all of these texts.
fn check(more: &str, expected: &[&str]) {
    let error = Project::new().error(&with(more));
    for text in expected {
        assert!(error.contains(text), "`{text}` is not in\n{error}");
    }
}

#[test]
fn a_rule_replaces_the_built_in_rule_for_its_metric() {
    assert_eq!(names("").len(), 6);
    let own = names("[[alert]]\nwhen = \"evictions>5\"\nname = \"mine\"\nwindow = \"10m\"\n");
    assert_eq!(own.len(), 6);
    assert_eq!(own.last().unwrap(), "mine");
    let off = names("[alerts]\nbuilt-in = false\n[[alert]]\nwhen = \"duration > 2s\"\n");
    assert_eq!(off, ["duration > 2000 ms"]);
}

#[test]
fn invalid_conditions_name_line_and_key() {
    check(
        "[[alert]]\nwhen = \"failure-rate >= 10 %\"\n[[alert]]\nwhen = \"failur-rate > 10 %\"\n\
         [[alert]]\nwhen = \"failure-rate > 10\"\n[[alert]]\nname = \"a\"\n",
        &[
            "`when` in [[alert]]: expected a metric, `>` and a limit",
            "write for example when = \"failure-rate > 10 %\"",
            "`when` in [[alert]] has the unknown metric `failur-rate`",
            "did you mean `failure-rate`?",
            "expected a percentage such as `10 %`, found `10`",
            "[[alert]] is missing the key `when`",
            "stories.toml:",
        ],
    );
}

#[test]
fn invalid_times_names_and_webhooks_are_refused() {
    check(
        "[alerts]\nwebhook = \"slack\"\nformat = \"email\"\n\
         [[alert]]\nwhen = \"evictions > 0\"\nwindow = \"90s\"\n\
         [[alert]]\nwhen = \"evictions > 1\"\nwindow = \"30m\"\nfor = \"30m\"\n\
         [[alert]]\nwhen = \"evictions > 1\"\n",
        &[
            "`window` in [[alert]]: expected whole minutes",
            "`window` and `for` may be 55 minutes together",
            "uses the name `evictions > 1` twice",
            "`webhook` in [alerts]: expected an address",
            "`format` in [alerts]: expected \"slack\", \"teams\" or \"json\"",
        ],
    );
}
