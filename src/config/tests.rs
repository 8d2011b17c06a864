use crate::model::BrowserName;

use super::{CacheMode, Config, ConfigError, LogLevel, RedisServer, UpdateMode, Variables};

fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::from_variables(variables.iter().copied().collect::<Variables>())
}

#[test]
fn unset_variables_have_defaults() {
    let config = read(&[]).unwrap();
    assert_eq!(config.run.update, UpdateMode::No);
    assert_eq!(config.log, LogLevel::Off);
    assert!(config.run.id.as_str().starts_with("run-"));
    assert!(!config.run.is_shared && !config.run.ci && !config.nextest.active);
    assert_ne!(config.run.id, read(&[]).unwrap().run.id);
}

#[test]
fn reads_every_variable() {
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
    assert_eq!(config.run.update, UpdateMode::Failed);
    assert_eq!(config.run.id.as_str(), "{run-1}");
    assert!(config.run.is_shared && config.run.ci && config.nextest.active);
    assert_eq!(config.manifest, Some("suite/stories.toml".into()));
    assert!(
        config.overrides.includes(BrowserName::Firefox)
            && !config.overrides.includes(BrowserName::Webkit)
    );
    assert_eq!(config.overrides.sessions, Some(Some(4)));
    assert_eq!(
        config.overrides.webdriver.as_deref(),
        Some("http://grid:4444")
    );
    assert_eq!(config.overrides.retries, Some(2));
    assert_eq!(config.run.cache, CacheMode::Read);
    assert_eq!(config.log, LogLevel::Debug);
}

#[test]
fn nextest_gives_the_run_id_and_ci_may_be_false() {
    let config = read(&[
        ("NEXTEST_RUN_ID", "abc"),
        ("CI", "false"),
        ("TINTYPE_RUN_ID", ""),
    ]);
    let config = config.unwrap();
    assert_eq!(config.run.id.as_str(), "abc");
    assert!(!config.run.ci);
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
        ("REDIS_PORT", "many"),
        ("REDIS_PREFIX", "{team}:"),
        ("TMPDIR", "/nowhere/at/all"),
        ("TINTYPE_WEBDRIVER", "ada:swordfish@grid:4444"),
    ];
    let messages = wrong.map(|pair| read(&[pair]).unwrap_err().to_string());
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn a_login_key_is_refused_if_it_is_short_or_lacks_its_feature() {
    let error = read(&[("TINTYPE_LOGIN_KEY", "too short")]).unwrap_err();
    let expected = match cfg!(feature = "shared-logins") {
        true => {
            "TINTYPE_LOGIN_KEY is invalid: expected at least 32 characters, found 9\n\
             help: `openssl rand -hex 32` makes a key"
        }
        false => {
            "TINTYPE_LOGIN_KEY is invalid: it needs the feature `shared-logins` of tintype\n\
             help: write tintype = { version = \"…\", features = [\"shared-logins\"] }"
        }
    };
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_misspelt_name_is_an_error_with_a_suggestion() {
    let errors = ["TINTYPE_UPDTAE", "TINTYPE_BROWSERS", "TINTYPE_Log"]
        .map(|name| read(&[(name, "all")]).unwrap_err().to_string());
    insta::assert_snapshot!(errors.join("\n"));
    // A suite's own variables, and unset ones, are left alone.
    let own = [
        ("TINTYPE_LOGIN_USER", "ada"),
        ("TINTYPE_FOO", "1"),
        ("TINTYPE_UPDTAE", ""),
    ];
    let config = read(&own).unwrap();
    assert_eq!(
        config.unknown_variables(),
        ["TINTYPE_FOO", "TINTYPE_LOGIN_USER"]
    );
}

#[test]
fn redis_is_named_by_a_url_or_by_its_parts() {
    let url = read(&[("REDIS_URL", "redis://cache/2"), ("REDIS_HOST", "other")]).unwrap();
    assert!(
        matches!(url.redis.server, Some(RedisServer::Url(url)) if url.reveal() == "redis://cache/2")
    );
    let parts = read(&[("REDIS_PORT", "7000"), ("REDIS_PASSWORD", "secret")]).unwrap();
    let shown = format!("{:?}", parts.redis.server);
    assert!(shown.contains("127.0.0.1") && shown.contains("7000") && !shown.contains("secret"));
    assert_eq!(read(&[("REDIS_URL", "")]).unwrap().redis.server, None);
}
