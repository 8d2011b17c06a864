//! The evidence of a failure, in the report and on the page.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use tintype::internals::model::{
    FailureArtifacts, Measurements, ResultError, RunId, VisualTestResult,
};
use tintype::internals::report::html;

use crate::browser::Browser;
use crate::project::{CARD, Project, RUN, Review, encoded};

const HOSTILE: &str = "<img src=x onerror=\"window.ran = 1\"></pre><script>window.ran = 1</script>";

/// A failed result with its files, whose texts a page has chosen.
fn failed(project: &Project) -> VisualTestResult {
    let mut result = project.result(CARD);
    let stem = result.story_identifier.file_stem();
    let path = |ending: &str| format!("target/tintype/runs/{RUN}/{stem}-{ending}");
    let console = format!("# Console\n\nerror: {HOSTILE}\n");
    project.write(&path("console.txt"), console.as_bytes());
    let mut dom = GzEncoder::new(Vec::new(), Compression::default());
    // Longer than what a page shows of it.
    write!(dom, "{HOSTILE}{}", "x".repeat(100_000)).unwrap();
    project.write(&path("dom.txt.gz"), &dom.finish().unwrap());
    result.artifacts = Some(FailureArtifacts {
        console: Some(path("console.txt")),
        dom: Some(path("dom.txt.gz")),
    });
    result.error = Some(ResultError {
        kind: "budget".to_owned(),
        ..ResultError::default()
    });
    result.measurements = Some(Measurements {
        bytes: Some(412 << 10),
        requests: Some(1_204),
        ..Measurements::default()
    });
    result.over_budget = vec!["412 KiB of 300 KiB".to_owned()];
    result
}

/// Waits until all of it is shown, as text.
async fn is_shown_as_text(browser: &Browser) {
    let texts = "[...document.querySelectorAll('pre.evidence')].map((e) => e.textContent)";
    browser
        .until(&format!(
            "{texts}.length === 2 && {texts}.every((text) => text.includes('<img src=x onerror'))"
        ))
        .await;
    browser
        .until(&format!("{texts}[1].includes('more bytes are in ')"))
        .await;
    browser
        .until("document.body.textContent.includes('412 KiB of 300 KiB')")
        .await;
    browser
        .until("/Transferred412 KiB/.test(document.body.textContent) && /Requests1.204/.test(document.body.textContent)")
        .await;
    assert_eq!(browser.script("return window.ran ?? 0").await, json!(0));
    browser.count("pre.evidence img", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_is_text_in_the_report_and_on_the_page() {
    let project = Project::recorded().await;
    let result = failed(&project);
    project
        .add_results(RUN, std::slice::from_ref(&result))
        .await;
    let run = project.records().await.run(&RunId(RUN.to_owned())).await;
    let dir = project.root().join(format!("target/tintype/runs/{RUN}"));
    let page = html::write(&dir, project.root(), &run.unwrap(), &[result], 0).unwrap();
    let browser = Browser::open().await;
    browser.goto(&format!("file://{}", page.display())).await;
    is_shown_as_text(&browser).await;

    let review = Review::start(&project);
    let detail = review.get(&format!("/api/runs/{RUN}/tests/{}", encoded(CARD)));
    let shown = detail.json()["evidence"]["dom"].as_str().unwrap().len();
    assert!(shown < 70_000, "{shown}");
    browser.goto(&review.link()).await;
    browser.open_card(&review, RUN).await;
    is_shown_as_text(&browser).await;
    browser.close().await;
}
