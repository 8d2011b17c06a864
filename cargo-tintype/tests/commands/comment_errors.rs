use std::time::Instant;

use super::code_host::{Api, CodeHost, Failure};
use super::comment::{comment, failed, said};

#[test]
fn requests_that_fail_for_a_moment_are_repeated() {
    let failure = |method, path, status, retry_after, is_done| Failure {
        method,
        path,
        status,
        retry_after,
        is_done,
    };
    let project = failed(".btn");
    let host = CodeHost::start(Api::Github);
    host.contents().failures = vec![
        failure("GET", "/comments", 502, None, false),
        failure("POST", "/comments", 429, Some("2"), false),
        // The comment is there in spite of the error.
        failure("POST", "/comments", 500, Some("0"), true),
        failure("POST", "/statuses", 403, Some("0"), false),
    ];
    let begun = Instant::now();
    let said = comment(&project, &host, &[]);
    assert!(said.ok, "{}", said.all());
    assert!(
        begun.elapsed().as_secs() >= 3,
        "1 s, and what the server asks for"
    );
    let contents = host.contents();
    assert!(contents.failures.is_empty());
    assert_eq!((contents.comments.len(), contents.statuses.len()), (1, 1));
}

#[test]
fn other_errors_are_told_and_one_part_does_not_hinder_the_other() {
    let refused = |path, status, retry_after| Failure {
        method: "POST",
        path,
        status,
        retry_after,
        is_done: false,
    };
    let project = failed(".btn");
    for (api, refused, said_of) in [
        (
            Api::Github,
            refused("/comments", 403, None),
            "`pull-requests: write`",
        ),
        (
            Api::Github,
            refused("/statuses", 404, None),
            "`statuses: write`",
        ),
        (
            Api::Gitlab,
            refused("/notes", 403, None),
            "CI_JOB_TOKEN cannot comment",
        ),
        (
            Api::Github,
            refused("/comments", 429, Some("3600")),
            "429 Too Many Requests",
        ),
        (
            Api::Github,
            refused("/comments", 301, None),
            "set GITHUB_API_URL",
        ),
    ] {
        let host = CodeHost::start(api);
        host.contents().failures = vec![refused];
        let said = comment(&project, &host, &[]);
        assert!(!said.ok && said.err.contains(said_of), "{}", said.all());
        let contents = host.contents();
        let done = contents.comments.len() + contents.statuses.len();
        assert_eq!(done, 1, "{api:?} {}: {:?}", refused.path, contents.requests);
    }
    let host = CodeHost::start(Api::Github);
    let mut variables = host.variables();
    variables.retain(|(name, _)| *name != "GITHUB_TOKEN");
    variables.push(("GITHUB_TOKEN", "hunter2-of-another".to_owned()));
    let said = said(&project, &variables, &[]);
    assert!(
        !said.ok && said.err.contains("GITHUB_TOKEN is invalid or has expired"),
        "{}",
        said.all()
    );
}

#[test]
fn an_error_names_the_variable_that_is_missing_or_invalid() {
    let project = failed(".btn");
    let (github, gitlab) = (CodeHost::start(Api::Github), CodeHost::start(Api::Gitlab));
    for (host, name, value, expected) in [
        (&github, "GITHUB_TOKEN", "", "GITHUB_TOKEN is not set"),
        (
            &github,
            "GITHUB_TOKEN",
            "hunter2\nb",
            "GITHUB_TOKEN is invalid: a token has no spaces",
        ),
        (
            &github,
            "GITHUB_REPOSITORY",
            "",
            "GITHUB_REPOSITORY is not set",
        ),
        (
            &github,
            "GITHUB_REPOSITORY",
            "a/../b",
            "GITHUB_REPOSITORY is invalid: expected `owner/name`",
        ),
        (
            &github,
            "GITHUB_API_URL",
            "code.example",
            "GITHUB_API_URL is invalid",
        ),
        (
            &github,
            "GITHUB_API_URL",
            "https://ada:hunter2@code.example",
            "GITHUB_API_URL contains credentials",
        ),
        (
            &github,
            "GITHUB_REF",
            "refs/heads/main",
            "GITHUB_REF is `refs/heads/main`, which is no pull request",
        ),
        (
            &github,
            "GITHUB_EVENT_PATH",
            "/nowhere",
            "GITHUB_EVENT_PATH names /nowhere",
        ),
        (
            &github,
            "GITHUB_ACTIONS",
            "",
            "none of GITHUB_ACTIONS, GITLAB_CI",
        ),
        (&gitlab, "GITLAB_TOKEN", "", "GITLAB_TOKEN is not set"),
        (&gitlab, "GITLAB_TOKEN", "", "CI_JOB_TOKEN cannot comment"),
        (
            &gitlab,
            "CI_PROJECT_ID",
            "",
            "CI_MERGE_REQUEST_PROJECT_ID or CI_PROJECT_ID is not set",
        ),
        (&gitlab, "CI_API_V4_URL", "", "CI_API_V4_URL is not set"),
        (
            &gitlab,
            "CI_MERGE_REQUEST_IID",
            "",
            "CI_MERGE_REQUEST_IID is not set",
        ),
        (
            &gitlab,
            "CI_MERGE_REQUEST_IID",
            "x",
            "CI_MERGE_REQUEST_IID is invalid",
        ),
    ] {
        let mut variables = host.variables();
        variables.retain(|(other, _)| *other != name);
        variables.push((name, value.to_owned()));
        let said = said(&project, &variables, &[]);
        assert!(
            !said.ok && said.err.contains(expected),
            "{name}={value}: {}",
            said.all()
        );
    }
    assert!(github.contents().requests.is_empty() && gitlab.contents().requests.is_empty());
    for arguments in [
        ["--link", "javascript:x"],
        ["--link", "https://a:hunter2@b"],
        ["--pull-request", "0"],
    ] {
        let variables = github.variables();
        let mut command = project.command(env!("CARGO_BIN_EXE_cargo-tintype"));
        command
            .args(["tintype", "comment"])
            .args(arguments)
            .envs(variables);
        assert_eq!(
            command.output().unwrap().status.code(),
            Some(2),
            "{arguments:?}"
        );
    }
    let said = comment(&project, &github, &["--store-url", "https://a"]);
    assert!(
        said.err.contains("--store-url needs an artifact store"),
        "{}",
        said.all()
    );
}
