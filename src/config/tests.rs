use std::ffi::OsString;

use crate::manifest::BrowserName;

use super::{CacheMode, Config, ConfigError, LogLevel, UpdateMode};

fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::read(|name| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| OsString::from(value))
    })
}

#[test]
fn nothing_set_is_the_default() {
    let config = read(&[]).unwrap();
    assert_eq!(config.update, UpdateMode::No);
    assert_eq!(config.log, LogLevel::Off);
    assert!(config.run_id.as_str().starts_with("run-"));
    assert!(!config.shared_run && !config.ci && !config.nextest);
    assert_ne!(config.run_id, read(&[]).unwrap().run_id);
}

#[test]
fn every_variable_is_read() {
    let config = read(&[
        ("TINTYPE_UPDATE", "failed"),
        ("TINTYPE_RUN_ID", "{run-1}"),
        ("NEXTEST_RUN_ID", "other"),
        ("TINTYPE_MANIFEST", "suite/stories.toml"),
        ("TINTYPE_BROWSER", "firefox, chromium"),
        ("TINTYPE_SESSIONS", "4"),
        ("TINTYPE_WEBDRIVER", "http://grid:4444/"),
        ("TINTYPE_RETRIES", "2"),
        ("TINTYPE_CACHE", "read"),
        ("TINTYPE_LOG", "debug"),
        ("CI", "true"),
        ("NEXTEST", "1"),
    ])
    .unwrap();
    assert_eq!(config.update, UpdateMode::Failed);
    assert_eq!(config.run_id.as_str(), "{run-1}");
    assert!(config.shared_run && config.ci && config.nextest);
    assert_eq!(config.manifest, Some("suite/stories.toml".into()));
    assert!(config.runs_in(BrowserName::Firefox) && !config.runs_in(BrowserName::Webkit));
    assert_eq!(config.sessions, Some(Some(4)));
    assert_eq!(config.webdriver.as_deref(), Some("http://grid:4444"));
    assert_eq!(config.retries, Some(2));
    assert_eq!(config.cache, CacheMode::Read);
    assert_eq!(config.log, LogLevel::Debug);
}

#[test]
fn nextest_names_the_run_and_ci_can_be_false() {
    let config = read(&[
        ("NEXTEST_RUN_ID", "abc"),
        ("CI", "false"),
        ("TINTYPE_RUN_ID", ""),
    ]);
    let config = config.unwrap();
    assert_eq!(config.run_id.as_str(), "abc");
    assert!(!config.ci);
}

#[test]
fn unknown_values_are_errors_with_choices() {
    let wrong = [
        ("TINTYPE_UPDATE", "yes"),
        ("TINTYPE_RUN_ID", "../elsewhere"),
        ("TINTYPE_BROWSER", "chromium,chrome"),
        ("TINTYPE_SESSIONS", "0"),
        ("TINTYPE_WEBDRIVER", "grid:4444"),
        ("TINTYPE_RETRIES", "many"),
        ("TINTYPE_CACHE", "true"),
        ("TINTYPE_LOG", "loud"),
    ];
    let messages = wrong.map(|pair| read(&[pair]).unwrap_err().to_string());
    insta::assert_snapshot!(messages.join("\n"));
}
