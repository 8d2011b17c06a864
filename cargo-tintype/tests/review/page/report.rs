//! The HTML report in a real browser.

use serde_json::json;
use tintype::internals::model::RunId;
use tintype::internals::report::html;

use super::{HOSTILE_MESSAGE, IMAGES_SHOWN, INJECT_SCRIPT};
use crate::browser::Browser;
use crate::project::{CARD, NEW, Project, RUN};

#[tokio::test(flavor = "multi_thread")]
async fn the_report_opens_from_disk() {
    let project = Project::recorded().await;
    let records = project.records().await;
    let run = records.run(&RunId(RUN.to_owned())).await.unwrap();
    let results = [project.result(CARD), project.result(NEW)];
    let dir = project.root().join(format!("target/tintype/runs/{RUN}"));
    let browser = Browser::open().await;
    for embed_up_to in [html::EMBED_UP_TO, 0] {
        let page = html::write(&dir, project.root(), &run, &results, embed_up_to);
        // Another address, so that the browser loads the page again.
        let address = format!("file://{}?{embed_up_to}", page.unwrap().display());
        browser.goto(&address).await;
        browser.until(IMAGES_SHOWN).await;
        // The hostile message is text, and the page's policy lets nothing else run.
        browser.until(HOSTILE_MESSAGE).await;
        assert_eq!(browser.script(INJECT_SCRIPT).await, json!(0));
        browser.until("document.fonts.check('16px Besley') && [...document.fonts].some((font) => font.status === 'loaded')").await;
        browser.press("j").await;
        browser.heading("gift").await;
        browser.count(".detail img", 1).await;
    }
    browser.close().await;
}
