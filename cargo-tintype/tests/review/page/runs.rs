//! The list of runs.

use tintype::internals::model::{Environment, Git, RunId, VisualTestRun};
use tintype::internals::record::Recorder;

use super::Page;
use crate::project::Project;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_named_by_branch_and_subject() {
    let project = Project::recorded().await;
    let git = Git {
        commit: "41d77b0a9c3f41d77b0a9c3f41d77b0a9c3f41d7".to_owned(),
        branch: Some("checkout-rounding".to_owned()),
        subject: Some("Round prices <b>half</b> up".to_owned()),
        dirty: true,
    };
    let environment = Environment {
        git: Some(git),
        ..Environment::default()
    };
    let run = VisualTestRun::start(RunId("run-2".to_owned()), environment);
    let recorder = Recorder::open(project.settings(), run, 1, false).unwrap();
    recorder.finish(None).await;
    let page = Page::of(project).await;
    let browser = &page.browser;
    browser
        .goto(&format!("{}/#/runs", page.review.address()))
        .await;
    browser.count(".run", 2).await;
    browser
        .until(
            "document.querySelector('.run-title').textContent === \
             'checkout-rounding · Round prices <b>half</b> up'",
        )
        .await;
    let rows = "[...document.querySelectorAll('.run')].map((run) => run.textContent).join()";
    for text in ["run-2", "41d77b0 with changes", "2 failed, 1 new"] {
        browser.until(&format!("{rows}.includes('{text}')")).await;
    }
    page.close().await;
}
