//! Printing gives all of a run, not only the current view.

use fantoccini::wd::PrintConfiguration;
use tintype::internals::model::{RunId, Status, VisualTestResult};
use tintype::internals::report::html;

use super::Page;
use crate::browser::Browser;
use crate::project::{CARD, DARK, NEW, Project, RUN};

const SNAPSHOTS: usize = 300;

/// The results of the run, and many that passed.
fn results(project: &Project) -> Vec<VisualTestResult> {
    let mut results: Vec<_> = [CARD, DARK, NEW].map(|name| project.result(name)).into();
    for number in 0..SNAPSHOTS - results.len() {
        let story = format!("plain-{number}::light::560x350").parse().unwrap();
        results.push(VisualTestResult::new(
            RunId(RUN.to_owned()),
            story,
            Status::Passed,
        ));
    }
    results
}

/// The number of printed pages, with all snapshots and this number of pictures.
async fn pages(browser: &Browser, pictures: usize) -> usize {
    browser
        .script(
            "globalThis.printed = 0; addEventListener('beforeprint', () => {
               printed = document.querySelectorAll('.printed tr').length;
               pictured = document.querySelectorAll('.printed img').length;
             });",
        )
        .await;
    let pdf = browser.client.print(PrintConfiguration::default()).await;
    let text = String::from_utf8_lossy(&pdf.unwrap()).into_owned();
    browser
        .until(&format!(
            "printed === {SNAPSHOTS} && pictured === {pictures}"
        ))
        .await;
    // Each snapshot of the table takes a line, and three have pictures.
    text.matches("/Type /Page\n").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_is_printed_as_a_whole() {
    let project = Project::recorded().await;
    let run = project.records().await.run(&RunId(RUN.to_owned())).await;
    let dir = project.root().join(format!("target/tintype/runs/{RUN}"));
    let report = html::write(
        &dir,
        project.root(),
        &run.unwrap(),
        &results(&project),
        html::EMBED_UP_TO,
    );
    let browser = Browser::open().await;
    browser
        .goto(&format!("file://{}", report.unwrap().display()))
        .await;
    browser.wait(".vlist-row").await;
    let pages = pages(&browser, 7).await;
    assert!(pages >= 7, "{pages} pages for {SNAPSHOTS} snapshots");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_the_page_is_printed_as_a_whole() {
    let project = Project::recorded().await;
    let others = results(&project).split_off(3);
    // `plain` of the fixture is one of them.
    project.add_results(RUN, &others[1..]).await;
    let page = Page::of(project).await;
    page.browser.open_run(&page.review, RUN).await;
    page.browser.wait(".vlist-row").await;
    let pages = pages(&page.browser, 9).await;
    assert!(pages >= 7, "{pages} pages for {SNAPSHOTS} snapshots");
    page.close().await;
}
