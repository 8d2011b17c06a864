//! The baselines of earlier runs.

use std::process::Command;

use tintype::internals::model::{Environment, Git, RecordedEvent, RunId, VisualTestRun};
use tintype::internals::record::Recorder;

use crate::project::{CARD, Project, RUN, Review, decision, encoded, plain_picture};

fn compared(run: &str, name: &str) -> String {
    format!("/images/{run}/{}/compared", encoded(name))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_baseline_is_shown_at_its_runs() {
    let project = Project::recorded().await;
    let review = Review::start(&project);
    let before = project.baseline_bytes(CARD);
    assert_eq!(review.get(&compared(RUN, CARD)).body, before);
    review.decide(&decision(RUN, "accept", &[CARD]));
    assert_ne!(project.baseline_bytes(CARD), before);
    assert_eq!(review.get(&compared(RUN, CARD)).body, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_baseline_that_was_committed_is_found_in_git() {
    const PLAIN: &str = "plain::light::560x350";
    let project = Project::recorded().await;
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.arg("-C").arg(project.root()).args(arguments);
        git.env("GIT_CONFIG_GLOBAL", "/dev/null");
        for role in ["AUTHOR", "COMMITTER"] {
            git.env(format!("GIT_{role}_NAME"), "a");
            git.env(format!("GIT_{role}_EMAIL"), "a@example.org");
        }
        let output = git.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    git(&["init", "--quiet"]);
    git(&["add", "baselines"]);
    git(&["commit", "--quiet", "-m", "baselines"]);
    let environment = Environment {
        git: Some(Git {
            commit: git(&["rev-parse", "HEAD"]),
            ..Git::default()
        }),
        ..Environment::default()
    };
    let run = VisualTestRun::start(RunId("run-2".to_owned()), environment);
    let recorder = Recorder::open(project.settings(), run, 1, false).unwrap();
    let mut result = project.result(PLAIN);
    result.run_id = RunId("run-2".to_owned());
    recorder.record(&RecordedEvent::TestFinished(Box::new(result)));
    recorder.finish(None).await;
    let before = project.baseline_bytes(PLAIN);
    std::fs::write(project.baseline(PLAIN), plain_picture(8, 8, 9)).unwrap();
    let review = Review::start(&project);
    assert_eq!(review.get(&compared("run-2", PLAIN)).body, before);
    // The first run has no commit.
    let answer = review.get(&compared(RUN, PLAIN));
    assert_eq!(answer.status, 404);
    assert!(
        answer.text().contains("no longer available"),
        "{}",
        answer.text()
    );
}
