//! The changes of a run: their list, contact sheets, keys and residuals.

use fantoccini::key::Key;
use serde_json::{Value, json};

use super::Page;
use crate::browser::Browser;
use crate::explained::{BOTH, DARK, FORGED, LIGHT, PARTLY, badge_cause, button_cause};
use crate::project::{Project, RUN, encoded};

const BUTTON: &str = "document.querySelector('.change .btn-accept')";

impl Page {
    /// The page of a run with explained differences.
    async fn explained() -> Self {
        let page = Self::of(Project::explained().await).await;
        page.browser.open_run(&page.review, RUN).await;
        page.browser.wait(".vlist-group").await;
        page
    }

    /// Opens the change of all buttons, and waits until its images are compared.
    async fn open_button_change(&self) {
        let id = button_cause().id;
        self.browser.click(&format!("#group-{id}")).await;
        offered(&self.browser, 2).await;
    }
}

/// Waits until this number of snapshots is offered.
async fn offered(browser: &Browser, count: usize) {
    let text = format!("{BUTTON}?.textContent.startsWith('Accept {count}')");
    browser
        .until(&format!("{text} && !{BUTTON}.disabled"))
        .await;
}

async fn key(browser: &Browser, key: impl ToString) {
    let focused = browser.client.active_element().await.unwrap();
    focused.send_keys(&key.to_string()).await.unwrap();
}

fn tile(name: &str) -> String {
    format!("document.querySelector('.tile-crops[aria-label^=\"{name}\"]')")
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_listed_after_what_is_unexplained() {
    let page = Page::explained().await;
    let browser = &page.browser;
    let groups = "return [...document.querySelectorAll('.vlist-group')].map((row) => \
        [row.querySelector('.vlist-words').textContent, parseInt(row.querySelector('.num').textContent)])";
    assert_eq!(
        browser.script(groups).await,
        json!([
            ["Unexplained", 3],
            [".btn background-color #ff0000 → #0000ff", 4],
            [".badge background-color #ff0000 → #008000", 1],
            ["New", 1],
            ["Passed", 1],
        ])
    );
    // The unexplained ones are shown, those of changes only once they are chosen.
    let stories =
        "[...document.querySelectorAll('.vlist-row[role=group]')].map((row) => row.ariaLabel)";
    let shown = browser.script(&format!("return {stories}")).await;
    assert_eq!(shown, json!(["partly", "forms/checkout-card"]));
    browser
        .until("document.querySelector('.thumbnail img').naturalWidth === 560")
        .await;
    page.open_button_change().await;
    browser
        .until(&format!(
            "{stories}.includes('toolbar') && {stories}.includes('button')"
        ))
        .await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_accepts_only_what_it_explains_and_one_undo_undoes_it() {
    let page = Page::explained().await;
    let browser = &page.browser;
    let names = [LIGHT, DARK, BOTH, FORGED];
    let before = names.map(|name| page.project.baseline_bytes(name));
    page.open_button_change().await;
    let tiles =
        "[...document.querySelectorAll('.tile')].map((tile) => tile.dataset.state).sort().join()";
    browser
        .until(&format!("{tiles} === 'in,in,refused,refused'"))
        .await;
    browser
        .until("document.querySelector('.change').textContent.includes('of its differing pixels are unexplained')")
        .await;
    browser.press("a").await;
    browser.toast("Accepted 2 snapshots").await;
    for (name, before) in names.iter().zip(&before) {
        let is_same = page.project.baseline_bytes(name) == *before;
        assert_eq!(is_same, [BOTH, FORGED].contains(name), "{name}");
    }
    browser
        .until(&format!("{tiles} === 'accepted,accepted,refused,refused'"))
        .await;
    browser.press("u").await;
    browser.toast("Undid 2 snapshots").await;
    for (name, before) in names.iter().zip(&before) {
        assert_eq!(page.project.baseline_bytes(name), *before, "{name}");
    }
    offered(browser, 2).await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x_excludes_enter_opens_and_back_returns_to_the_sheet() {
    let page = Page::explained().await;
    let browser = &page.browser;
    let before = page.project.baseline_bytes(DARK);
    page.open_button_change().await;
    browser.script(&format!("{}.focus()", tile(DARK))).await;
    key(browser, "x").await;
    offered(browser, 1).await;
    key(browser, Key::Enter).await;
    browser.heading("button").await;
    browser
        .until("document.querySelector('.detail-title').textContent.includes('dark')")
        .await;
    browser.script("history.back()").await;
    offered(browser, 1).await;
    browser.script(&format!("{}.focus()", tile(LIGHT))).await;
    key(browser, "a").await;
    browser.toast("Accepted button::light").await;
    assert_eq!(page.project.baseline_bytes(DARK), before);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_occur_together_are_accepted_together() {
    let page = Page::explained().await;
    let browser = &page.browser;
    page.open_button_change().await;
    browser.click(".chip-change").await;
    offered(browser, 3).await;
    browser.press("a").await;
    browser.toast("Accepted 3 snapshots").await;
    let current = page.project.accepted(BOTH).unwrap();
    assert!(current.digest.is_some());
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_residual_is_never_accepted_with_others() {
    let page = Page::explained().await;
    let browser = &page.browser;
    // All that differ or are new, without the one that is explained in part.
    browser
        .until("document.querySelector('.bulk').textContent === 'Accept 7 shown'")
        .await;
    browser.click(".bulk button").await;
    browser.count("dialog[open] .tile", 7).await;
    let names =
        "return [...document.querySelectorAll('.tile-crops')].map((tile) => tile.ariaLabel)";
    let names = browser.script(names).await;
    assert!(
        !names.as_array().unwrap().contains(&json!(PARTLY)),
        "{names}"
    );
    // Nor does the server tell that its change explains it.
    let asked = json!({ "causes": [button_cause().id], "snapshots": [PARTLY, LIGHT] });
    let script = format!(
        "return fetch('/api/runs/{RUN}/explained', {{ method: 'POST', \
         headers: {{ 'content-type': 'application/json' }}, body: JSON.stringify({asked}) }})\
         .then((answer) => answer.json())"
    );
    let answer: Value = browser.script(&script).await;
    assert_eq!(answer["accepted"], json!([LIGHT]));
    assert_eq!(answer["leftOut"][0]["name"], PARTLY);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_lead_through_changes_snapshots_and_regions() {
    let page = Page::explained().await;
    let browser = &page.browser;
    let text = "document.querySelector('.change h2')?.textContent ?? ''";
    browser.press("]").await;
    browser.until(&format!("({text}).startsWith('.btn')")).await;
    browser.press("]").await;
    browser
        .until(&format!("({text}).startsWith('.badge')"))
        .await;
    browser
        .until(&format!(
            "location.hash.endsWith('change={}')",
            badge_cause().id
        ))
        .await;
    browser.press("[").await;
    browser.until(&format!("({text}).startsWith('.btn')")).await;
    // The first snapshot with this change, then all others.
    let name = "decodeURIComponent(location.hash).split('?')[0].split('/').at(-1)";
    browser.press(".").await;
    browser.wait(".detail .frame img").await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(browser.script(&format!("return {name}")).await);
        browser.press(".").await;
        let last = seen.last().unwrap();
        browser.until(&format!("{name} !== {last}")).await;
    }
    assert_eq!(browser.script(&format!("return {name}")).await, seen[0]);
    seen.sort_by_key(Value::to_string);
    seen.dedup();
    assert_eq!(seen.len(), 4, "{seen:?}");
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tab_zooms_to_each_region_and_then_moves_the_focus() {
    let page = Page::explained().await;
    let browser = &page.browser;
    let address = format!("{}/#/run/{RUN}/{}", page.review.address(), encoded(BOTH));
    browser.goto(&address).await;
    browser.heading("toolbar").await;
    browser.wait(".detail .frame img").await;
    let chosen = "document.querySelector('.region.is-chosen')?.textContent";
    for size in ["141×43", "60×20"] {
        browser.press(&Key::Tab.to_string()).await;
        browser.until(&format!("{chosen} === '{size}'")).await;
        browser.wait(".mat-zoomed").await;
    }
    browser.press(&Key::Tab.to_string()).await;
    browser.count(".mat-zoomed", 0).await;
    browser
        .until("document.activeElement !== document.body")
        .await;
    page.close().await;
}

/// The number of red pixels in the image that is shown.
const RED_PIXELS: &str = "(() => { const image = document.querySelector('.frame-residual img');
    if (!image?.complete || !image.naturalWidth) return -1;
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    let red = 0;
    for (let at = 0; at < data.length; at += 4) if (data[at] === 255 && data[at + 1] === 0 && data[at + 2] === 0) red += 1;
    return red; })()";

#[tokio::test(flavor = "multi_thread")]
async fn the_residual_shows_what_the_chosen_change_does_not_explain() {
    let page = Page::explained().await;
    let browser = &page.browser;
    let snapshot = encoded(BOTH);
    for (change, red) in [
        (button_cause().id, badge_cause().pixels),
        (badge_cause().id, button_cause().pixels),
    ] {
        let query = format!("view=residual&change={change}");
        let address = format!("{}/#/run/{RUN}/{snapshot}?{query}", page.review.address());
        browser.goto(&address).await;
        browser.until(&format!("{RED_PIXELS} === {red}")).await;
    }
    // Of a snapshot without a chosen change: what no cause explains.
    let address = format!("{}/#/run/{RUN}/{}", page.review.address(), encoded(PARTLY));
    browser.goto(&address).await;
    browser.heading("partly").await;
    browser.press("6").await;
    browser
        .until(&format!("{RED_PIXELS} === {}", 120 * 40))
        .await;
    // Without an explanation there is no such view.
    browser.open_card(&page.review, RUN).await;
    browser.heading("forms/checkout-card").await;
    browser.press("6").await;
    browser.count(".segment", 10).await;
    browser.count(".frame-residual", 0).await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_has_a_dot_with_a_name_for_each_variant() {
    let page = Page::open().await;
    let browser = &page.browser;
    browser.open_card(&page.review, RUN).await;
    let dots =
        "[...document.querySelectorAll('.vlist-row[aria-label=\"forms/checkout-card\"] .variant')]";
    let names = browser
        .script(&format!("return {dots}.map((dot) => dot.ariaLabel)"))
        .await;
    let expected = json!(["dark · 560×350: failed", "light · 560×350: failed"]);
    assert_eq!(names, expected);
    browser.script(&format!("{dots}[0].click()")).await;
    browser
        .until("document.querySelector('.detail-title').textContent.includes('dark')")
        .await;
    let active = "document.getElementById(document.querySelector('.vlist').getAttribute('aria-activedescendant'))";
    browser
        .until(&format!(
            "{active}.ariaLabel.startsWith('dark') && {active}.ariaSelected === 'true'"
        ))
        .await;
    page.close().await;
}

/// Adds ten thousand snapshots with the change of buttons to the answer of the
/// server.
const TEN_THOUSAND: &str = "const real = fetch;
    globalThis.fetch = async (path, options) => {
      const response = await real(path, options);
      if (path !== '/api/runs/run-1') return response;
      const answer = await response.json();
      const some = answer.snapshots.find(({ name }) => name.startsWith('button::light'));
      for (let i = 0; i < 10000; i += 1) {
        const storyId = `many/story-${i}`;
        answer.snapshots.push({ ...some, name: some.name.replace('button', storyId), storyIdentifier: { ...some.storyIdentifier, storyId } });
      }
      return { ok: true, status: 200, json: async () => answer };
    };";

#[tokio::test(flavor = "multi_thread")]
async fn only_visible_rows_and_tiles_of_ten_thousand_are_drawn() {
    let page = Page::explained().await;
    let browser = &page.browser;
    browser
        .goto(&format!("{}/#/runs", page.review.address()))
        .await;
    browser.wait(".run").await;
    browser.script(TEN_THOUSAND).await;
    let id = button_cause().id;
    browser
        .script(&format!("location.hash = '#/run/{RUN}?change={id}'"))
        .await;
    browser.wait(".tile").await;
    browser
        .until("document.querySelector('.side [role=status]').textContent === '10,009 snapshots'")
        .await;
    let drawn = "return [document.querySelectorAll('.vlist-row').length, document.querySelectorAll('.tile').length]";
    let drawn: [usize; 2] = serde_json::from_value(browser.script(drawn).await).unwrap();
    assert!(drawn[0] < 60 && drawn[1] < 200, "{drawn:?}");
    // The next tiles follow when the end comes into view.
    browser
        .script("document.querySelector('.sheet-end').scrollIntoView()")
        .await;
    browser
        .until(&format!(
            "document.querySelectorAll('.tile').length > {}",
            drawn[1]
        ))
        .await;
    page.close().await;
}
