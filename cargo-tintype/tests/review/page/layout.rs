//! What the page shows at every width: pictures, loupe, names, banner, heading.

use fantoccini::key::Key;
use serde_json::json;

use super::Page;
use crate::project::{CARD, Project, RUN, plain_picture};

const LONG: &str =
    "components/navigation/breadcrumbs-with-a-very-long-name-of-its-own--last-one::light::560x350";
const TALL: &str = "tall::light::560x350";
const TINY: &str = "tiny::light::560x350";
const WIDTHS: [u32; 3] = [390, 768, 1280];

async fn project() -> Project {
    let project = Project::recorded().await;
    let pictures = [(LONG, 560, 350), (TALL, 1200, 14_709), (TINY, 9, 9)];
    let results = pictures.map(|(name, width, height)| {
        let old = plain_picture(width, height, 200);
        project.failed(RUN, name, &old, &plain_picture(width, height, 100))
    });
    project.add_results(RUN, &results).await;
    project
}

/// The bounds of an element: left, top, right, bottom, width, height.
fn bounds(css: &str) -> String {
    format!(
        "const b = document.querySelector('{css}').getBoundingClientRect(); \
         return [b.left, b.top, b.right, b.bottom, b.width, b.height];"
    )
}

impl Page {
    async fn numbers(&self, script: &str) -> Vec<f64> {
        serde_json::from_value(self.browser.script(script).await).unwrap()
    }

    async fn open_snapshot(&self, name: &str) {
        let (review, name) = (&self.review, crate::project::encoded(name));
        let address = format!("{}/#/run/{RUN}/{name}", review.address());
        self.browser.goto(&address).await;
        self.browser.client.refresh().await.unwrap();
        self.browser.wait(".detail .frame img").await;
        self.browser
            .until("[...document.querySelectorAll('.frame img')].every((image) => image.naturalWidth > 0)")
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fit_shows_tall_and_tiny_pictures_readably() {
    let page = Page::of(project().await).await;
    page.open_snapshot(TALL).await;
    let frame = page.numbers(&bounds(".frame")).await;
    assert!(frame[4] >= 200.0, "a thread: {frame:?}");
    page.open_snapshot(TINY).await;
    let frame = page.numbers(&bounds(".frame")).await;
    assert!(frame[4] >= 100.0 && frame[4] % 9.0 == 0.0, "{frame:?}");
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_loupe_is_never_cut_off() {
    let page = Page::of(project().await).await;
    let browser = &page.browser;
    page.open_snapshot(CARD).await;
    browser.press("3").await;
    browser.press("l").await;
    browser.wait(".loupe").await;
    for zoom in ["1", "fit"] {
        if zoom == "1" {
            browser.press("+").await;
        } else {
            browser.press("-").await;
        }
        for (corner, keys) in [
            ("left top", [Key::Left, Key::Up]),
            ("right bottom", [Key::Right, Key::Down]),
        ] {
            let far = "for (let i = 0; i < 60; i += 1) for (const key of KEYS) \
                document.dispatchEvent(new KeyboardEvent('keydown', { key, shiftKey: true }));";
            let names = keys.map(|key| match key {
                Key::Left => "ArrowLeft",
                Key::Up => "ArrowUp",
                Key::Right => "ArrowRight",
                _ => "ArrowDown",
            });
            browser
                .script(&far.replace("KEYS", &json!(names).to_string()))
                .await;
            let lens = page.numbers(&bounds(".loupe")).await;
            let around = page.numbers(&bounds(".detail")).await;
            let is_inside = lens[0] >= around[0] - 1.0
                && lens[1] >= around[1] - 1.0
                && lens[2] <= around[2] + 1.0
                && lens[3] <= around[3] + 1.0;
            assert!(is_inside, "{corner} at {zoom}: {lens:?} in {around:?}");
        }
    }
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_names_keep_their_end_and_push_nothing_out() {
    let page = Page::of(project().await).await;
    let browser = &page.browser;
    for width in WIDTHS {
        browser.client.set_window_size(width, 800).await.unwrap();
        browser.open_run(&page.review, RUN).await;
        browser.client.refresh().await.unwrap();
        browser.wait(".vlist-row").await;
        let end = "[...document.querySelectorAll('.vlist-row .shortened > :last-child')]\
            .some((end) => end.textContent.endsWith('--last-one') \
            && end.getBoundingClientRect().right <= innerWidth \
            && end.scrollWidth <= end.clientWidth + 1)";
        browser.until(end).await;
        page.open_snapshot(LONG).await;
        let overflow = browser
            .script("return document.documentElement.scrollWidth - innerWidth")
            .await;
        assert!(overflow.as_f64().unwrap() <= 0.0, "{width}: {overflow}");
        for css in [".steps", ".decide-bar .btn-accept", ".detail h2"] {
            let at = page.numbers(&bounds(css)).await;
            let visible = at[4] > 0.0 && at[0] >= 0.0 && at[2] <= f64::from(width);
            assert!(visible, "{css} at {width}: {at:?}");
        }
    }
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_view_has_a_visible_heading_at_every_width() {
    let page = Page::open().await;
    let browser = &page.browser;
    let card = crate::project::encoded(CARD);
    for width in WIDTHS {
        browser.client.set_window_size(width, 800).await.unwrap();
        for view in [
            "runs",
            "flaky",
            &format!("run/{RUN}"),
            &format!("run/{RUN}/{card}"),
            &format!("story/{card}"),
        ] {
            browser
                .goto(&format!("{}/#/{view}", page.review.address()))
                .await;
            browser.client.refresh().await.unwrap();
            browser
                .until("document.querySelectorAll('h1').length === 1 && document.querySelector('h1').offsetHeight > 0")
                .await;
        }
    }
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_banner_of_a_missing_record_covers_nothing() {
    let mut page = Page::open().await;
    page.browser.open_card(&page.review, RUN).await;
    page.project.redis.kill();
    for width in WIDTHS {
        page.browser
            .client
            .set_window_size(width, 800)
            .await
            .unwrap();
        page.browser
            .until("document.querySelector('.notice').textContent.includes('unreachable')")
            .await;
        let banner = page.numbers(&bounds(".notice")).await;
        let header = page.numbers(&bounds(".nav")).await;
        let title = page.numbers(&bounds("h1")).await;
        assert!(
            banner[1] >= header[3] && title[1] >= banner[3],
            "{banner:?} {title:?}"
        );
    }
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_phone_header_and_decision_stay_while_pictures_scroll() {
    let page = Page::of(project().await).await;
    let browser = &page.browser;
    browser.client.set_window_size(390, 800).await.unwrap();
    page.open_snapshot(TALL).await;
    browser.script("scrollTo(0, 3000)").await;
    browser.until("scrollY > 2000").await;
    let header = page.numbers(&bounds(".nav")).await;
    assert!(
        header[1] == 0.0 && (56.0..58.0).contains(&header[5]),
        "{header:?}"
    );
    let bar = page.numbers(&bounds(".decide-bar")).await;
    let bottom = browser.script("return innerHeight").await.as_f64().unwrap();
    assert!((bar[3] - bottom).abs() < 1.0, "{bar:?} {bottom}");
    browser.click(".decide-bar .btn-accept").await;
    browser.toast("Accepted tall").await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn space_swaps_old_and_new() {
    let page = Page::open().await;
    let browser = &page.browser;
    browser.open_card(&page.review, RUN).await;
    browser.press(" ").await;
    browser.wait(".frame-blink.is-held.is-swapped").await;
    browser.press(" ").await;
    browser.wait(".frame-blink.is-held:not(.is-swapped)").await;
    page.close().await;
}
