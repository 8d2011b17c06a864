//! `TINTYPE_SHARE`: several machines on one run, and the run id that a CI system
//! gives them.

use super::error::ConfigError;
use super::variables::Variables;
use crate::model::RunId;

/// Whether machines with the same run id share its work.
pub(super) const SHARE: &str = "TINTYPE_SHARE";

/// CI systems: the name at the start of run ids, a variable that only this system
/// sets, and the variables with the id of a workflow, the first one that is set.
/// The id is the same when failed jobs are run again.
const SYSTEMS: [(&str, &str, &[&str]); 6] = [
    ("github", "GITHUB_ACTIONS", &["GITHUB_RUN_ID"]),
    ("gitlab", "GITLAB_CI", &["CI_PIPELINE_ID"]),
    ("buildkite", "BUILDKITE", &["BUILDKITE_BUILD_ID"]),
    (
        "circleci",
        "CIRCLECI",
        &["CIRCLE_WORKFLOW_WORKSPACE_ID", "CIRCLE_WORKFLOW_ID"],
    ),
    ("azure", "TF_BUILD", &["BUILD_BUILDID"]),
    ("jenkins", "JENKINS_URL", &["BUILD_TAG"]),
];

/// The run id of the CI system that the process runs in.
pub(super) fn ci_run_id(variables: &Variables) -> Option<RunId> {
    let of_system = |(system, marker, ids): &(&str, &'static str, &[&'static str])| {
        variables.text(marker)?;
        let id = ids.iter().find_map(|id| variables.text(id))?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let plain = |c| if is_plain(c) { c } else { '-' };
        let id: String = id.chars().map(plain).take(150).collect();
        RunId::parse(&format!("{system}-{id}"))
    };
    SYSTEMS.iter().find_map(of_system)
}

/// Checks what a shared run needs.
pub(super) fn check(has_id: bool, has_server: bool, is_nextest: bool) -> Result<(), ConfigError> {
    let error = |needs, help| Err(ConfigError::Share { needs, help });
    if is_nextest {
        return error(
            "one process per machine, but cargo-nextest starts one for each test",
            "run the suite with `cargo test`",
        );
    }
    if !has_server {
        return error(
            "a Redis server that every machine can reach",
            "set REDIS_URL to its address",
        );
    }
    if !has_id {
        return error(
            "the same run id on every machine, and found no CI system that provides one",
            "set TINTYPE_RUN_ID to the same text on every machine",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Variables, ci_run_id};
    use crate::config::Config;

    fn id(variables: &[(&str, &str)]) -> Option<String> {
        let variables: Variables = variables.iter().copied().collect();
        ci_run_id(&variables).map(|id| id.to_string())
    }

    #[test]
    fn ci_systems_give_the_run_id_of_a_workflow() {
        for (variables, expected) in [
            (
                &[("GITHUB_ACTIONS", "true"), ("GITHUB_RUN_ID", "123")][..],
                "github-123",
            ),
            (
                &[("GITLAB_CI", "true"), ("CI_PIPELINE_ID", "77")],
                "gitlab-77",
            ),
            (
                &[("BUILDKITE", "true"), ("BUILDKITE_BUILD_ID", "4-a")],
                "buildkite-4-a",
            ),
            (
                &[("CIRCLECI", "true"), ("CIRCLE_WORKFLOW_ID", "w")],
                "circleci-w",
            ),
            (&[("TF_BUILD", "True"), ("BUILD_BUILDID", "9")], "azure-9"),
            (
                &[
                    ("JENKINS_URL", "http://ci/"),
                    ("BUILD_TAG", "jenkins-web/main%2Fa-12"),
                ],
                "jenkins-jenkins-web-main-2Fa-12",
            ),
        ] {
            assert_eq!(id(variables).as_deref(), Some(expected));
        }
        let rerun = [
            ("CIRCLECI", "true"),
            ("CIRCLE_WORKFLOW_ID", "second"),
            ("CIRCLE_WORKFLOW_WORKSPACE_ID", "first"),
        ];
        assert_eq!(id(&rerun).as_deref(), Some("circleci-first"));
        assert_eq!(id(&[("CI", "true"), ("GITHUB_RUN_ID", "1")]), None);
    }

    #[test]
    fn sharing_needs_a_server_a_run_id_and_one_process() {
        let read = |more: &[(&str, &str)]| {
            let share = [("TINTYPE_SHARE", "on")];
            let variables = share.iter().chain(more).copied();
            match Config::from_variables(variables.collect::<Variables>()) {
                Ok(config) => format!("{} {}", config.run.id, config.run.has_ci_id),
                Err(error) => error.to_string(),
            }
        };
        let (redis, run) = (("REDIS_URL", "redis://ci"), ("TINTYPE_RUN_ID", "run-1"));
        let github = [redis, ("GITHUB_ACTIONS", "true"), ("GITHUB_RUN_ID", "5")];
        let lines = [
            read(&[run]),
            read(&[redis]),
            read(&[redis, run, ("NEXTEST", "1")]),
            read(&[redis, run]),
            read(&github),
            read(&[("TINTYPE_SHARE", "yes")]),
        ];
        insta::assert_snapshot!(lines.join("\n"), @r"
        TINTYPE_SHARE=on needs a Redis server that every machine can reach
        help: set REDIS_URL to its address
        TINTYPE_SHARE=on needs the same run id on every machine, and found no CI system that provides one
        help: set TINTYPE_RUN_ID to the same text on every machine
        TINTYPE_SHARE=on needs one process per machine, but cargo-nextest starts one for each test
        help: run the suite with `cargo test`
        run-1 false
        github-5 true
        invalid value `yes` of TINTYPE_SHARE: expected `off` or `on`
        ");
    }
}
