use std::ffi::OsString;

use crate::manifest::BrowserName;

use super::{Cache, Log, Settings, SettingsError, Update};

fn read(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    Settings::read(|name| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| OsString::from(value))
    })
}

#[test]
fn nothing_set_is_the_default() {
    let settings = read(&[]).unwrap();
    assert_eq!(settings.update, Update::No);
    assert_eq!(settings.log, Log::Off);
    assert!(settings.run_id.as_str().starts_with("run-"));
    assert!(!settings.shared_run && !settings.ci && !settings.nextest);
    assert_ne!(settings.run_id, read(&[]).unwrap().run_id);
}

#[test]
fn every_variable_is_read() {
    let settings = read(&[
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
    assert_eq!(settings.update, Update::Failed);
    assert_eq!(settings.run_id.as_str(), "{run-1}");
    assert!(settings.shared_run && settings.ci && settings.nextest);
    assert_eq!(settings.manifest, Some("suite/stories.toml".into()));
    assert!(settings.runs_in(BrowserName::Firefox) && !settings.runs_in(BrowserName::Webkit));
    assert_eq!(settings.sessions, Some(Some(4)));
    assert_eq!(settings.webdriver.as_deref(), Some("http://grid:4444"));
    assert_eq!(settings.retries, Some(2));
    assert_eq!(settings.cache, Cache::Read);
    assert_eq!(settings.log, Log::Debug);
}

#[test]
fn nextest_names_the_run_and_ci_can_be_false() {
    let settings = read(&[
        ("NEXTEST_RUN_ID", "abc"),
        ("CI", "false"),
        ("TINTYPE_RUN_ID", ""),
    ]);
    let settings = settings.unwrap();
    assert_eq!(settings.run_id.as_str(), "abc");
    assert!(!settings.ci);
}

#[test]
fn an_unknown_value_names_the_variable_and_the_choices() {
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
