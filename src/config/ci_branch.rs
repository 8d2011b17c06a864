//! The branch that a CI system builds: its checkouts have none.

use super::variables::Variables;

/// The branch of a build, as far as the CI system names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CiBranch {
    /// The branch; of a pull request its source.
    pub branch: Option<String>,
    /// The default branch of the repository.
    pub default_branch: Option<String>,
}

impl CiBranch {
    /// Reads the variables of GitHub Actions, GitLab, Buildkite, CircleCI, Azure
    /// Pipelines and Jenkins.
    pub(super) fn read(variables: &Variables) -> Self {
        let text = |name| variables.text(name).filter(|text| !text.is_empty());
        let first = |names: &[&'static str]| names.iter().find_map(|name| text(name));
        let branch = if text("GITHUB_ACTIONS").is_some() {
            github(variables)
        } else if text("GITLAB_CI").is_some() {
            first(&["CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_COMMIT_BRANCH"]).map(str::to_owned)
        } else if text("BUILDKITE").is_some() {
            text("BUILDKITE_BRANCH").map(str::to_owned)
        } else if text("CIRCLECI").is_some() {
            text("CIRCLE_BRANCH").map(str::to_owned)
        } else if text("TF_BUILD").is_some() {
            first(&["SYSTEM_PULLREQUEST_SOURCEBRANCH", "BUILD_SOURCEBRANCH"])
                .map(|branch| branch.trim_start_matches("refs/heads/").to_owned())
        } else if text("JENKINS_URL").is_some() {
            first(&["CHANGE_BRANCH", "BRANCH_NAME"]).map(str::to_owned)
        } else {
            None
        };
        Self {
            branch,
            default_branch: text("CI_DEFAULT_BRANCH").map(str::to_owned),
        }
    }
}

/// The branch of a build of GitHub Actions. A pull request whose branch has the
/// name of its target comes from a fork, and is named by its number.
fn github(variables: &Variables) -> Option<String> {
    let text = |name| variables.text(name).filter(|text| !text.is_empty());
    match (text("GITHUB_HEAD_REF"), text("GITHUB_BASE_REF")) {
        (Some(head), base) if Some(head) != base => Some(head.to_owned()),
        (Some(_), _) => {
            let name = text("GITHUB_REF_NAME")?;
            Some(format!("pull/{}", name.trim_end_matches("/merge")))
        }
        (None, _) if text("GITHUB_REF_TYPE") == Some("tag") => None,
        (None, _) => text("GITHUB_REF_NAME").map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::CiBranch;

    fn branch(variables: &[(&str, &str)]) -> Option<String> {
        let variables = variables.iter().copied().collect();
        CiBranch::read(&variables).branch
    }

    #[test]
    fn each_system_names_the_branch() {
        let github = ("GITHUB_ACTIONS", "true");
        assert_eq!(
            branch(&[github, ("GITHUB_REF_NAME", "main")]).as_deref(),
            Some("main")
        );
        let request = [
            github,
            ("GITHUB_HEAD_REF", "fix"),
            ("GITHUB_BASE_REF", "main"),
            ("GITHUB_REF_NAME", "7/merge"),
        ];
        assert_eq!(branch(&request).as_deref(), Some("fix"));
        // The branch of a fork must not become the history of the repository's.
        let fork = [
            github,
            ("GITHUB_HEAD_REF", "main"),
            ("GITHUB_BASE_REF", "main"),
            ("GITHUB_REF_NAME", "7/merge"),
        ];
        assert_eq!(branch(&fork).as_deref(), Some("pull/7"));
        let azure = [
            ("TF_BUILD", "True"),
            ("BUILD_SOURCEBRANCH", "refs/heads/a/b"),
        ];
        assert_eq!(branch(&azure).as_deref(), Some("a/b"));
        assert_eq!(branch(&[("BRANCH_NAME", "main")]), None);
    }
}
