//! The project and branch that a history belongs to.

use super::VisualTestRun;

/// The branch of a checkout without a branch, for example of a tag.
const DETACHED: &str = "HEAD";
/// Default branches of repositories that do not name theirs.
const DEFAULT_BRANCHES: [&str; 3] = ["main", "master", "trunk"];

/// Whose outcomes a history has: those of one branch of one project. Outcomes of
/// different lineages are never in one history.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lineage {
    /// The project.
    pub project: String,
    /// The branch; `None` is the default branch, or that there is no repository.
    pub branch: Option<String>,
}

impl Lineage {
    /// The default branch of a project.
    pub fn of_default_branch(project: &str) -> Self {
        Self {
            project: project.to_owned(),
            branch: None,
        }
    }

    /// A branch of a project whose default branch is `default`, or one of
    /// `main`, `master` and `trunk` if that is unknown.
    pub fn of_branch(project: &str, branch: &str, default: Option<&str>) -> Self {
        let is_default = match default {
            Some(default) => branch == default,
            None => DEFAULT_BRANCHES.contains(&branch),
        };
        Self {
            project: project.to_owned(),
            branch: (!is_default).then(|| branch.to_owned()),
        }
    }

    /// The lineage whose history stands in where this one has none; `None` for
    /// the default branch.
    pub fn fallback(&self) -> Option<Self> {
        self.branch
            .is_some()
            .then(|| Self::of_default_branch(&self.project))
    }
}

impl VisualTestRun {
    /// The lineage of the run's outcomes. `None` for runs of versions that did
    /// not record the project.
    pub fn lineage(&self) -> Option<Lineage> {
        let project = self.project.as_deref()?;
        let default = self.environment.default_branch.as_deref();
        Some(match &self.environment.git {
            None => Lineage::of_default_branch(project),
            Some(git) => {
                let branch = git.branch.as_deref().unwrap_or(DETACHED);
                Lineage::of_branch(project, branch, default)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Lineage;
    use crate::model::{Environment, Git, RunId, VisualTestRun};

    fn branch(checkout: Option<Option<&str>>, default: Option<&str>) -> Option<String> {
        let git = checkout.map(|branch| Git {
            branch: branch.map(str::to_owned),
            ..Git::default()
        });
        let environment = Environment {
            git,
            default_branch: default.map(str::to_owned),
            ..Environment::default()
        };
        let mut run = VisualTestRun::start(RunId("run-1".to_owned()), environment);
        assert_eq!(run.lineage(), None);
        run.project = Some("shop".to_owned());
        run.lineage().unwrap().branch
    }

    #[test]
    fn the_default_branch_is_the_named_one_otherwise_main_or_master() {
        assert_eq!(branch(None, None), None);
        assert_eq!(branch(Some(Some("main")), None), None);
        assert_eq!(branch(Some(Some("develop")), Some("develop")), None);
        let other = branch(Some(Some("main")), Some("develop"));
        assert_eq!(other.as_deref(), Some("main"));
        assert_eq!(branch(Some(None), None).as_deref(), Some("HEAD"));
        let feature = Lineage::of_branch("shop", "a/b", None);
        assert_eq!(feature.fallback(), Some(Lineage::of_default_branch("shop")));
        assert_eq!(Lineage::of_default_branch("shop").fallback(), None);
    }
}
