//! The review page in a real browser.

use std::fs;

use fantoccini::key::Key;
use serde_json::json;
use tintype::model::RecordedEvent;

use crate::browser::{Browser, TOKEN};
use crate::port::free_port;
use crate::project::{CARD, DARK, NEW, Project, RUN, Review, encoded};

const HEADING: &str = "document.querySelector('.detail h2')?.textContent";

/// Records the event streams that are opened, and the last event.
const LISTENING: &str = "globalThis.streams = [];
    globalThis.EventSource = class extends EventSource {
      constructor(address) {
        super(address);
        streams.push(this);
        this.addEventListener('message', ({ data }) => { globalThis.heard = JSON.parse(data).type; });
      }
    };";

/// Delays the next response for this path until `release()`.
fn holding(path: &str) -> String {
    format!(
        "const real = fetch;
         globalThis.fetch = async (path, options) => {{
           const response = await real(path, options);
           if (path !== '{path}') return response;
           globalThis.fetch = real;
           const answer = await response.json();
           await new Promise((done) => {{ globalThis.release = done; }});
           return {{ ok: response.ok, status: response.status, json: async () => answer }};
         }};"
    )
}

/// A recorded project, the server over it, and a browser.
struct Page {
    project: Project,
    review: Review,
    browser: Browser,
}

impl Page {
    async fn open() -> Self {
        let project = Project::recorded().await;
        let review = Review::start(&project);
        let browser = Browser::open().await;
        Self {
            project,
            review,
            browser,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_run_appears_in_the_list() {
    let Page {
        project,
        review,
        browser,
    } = Page::open().await;
    browser.goto(&review.address()).await;
    browser
        .until("document.querySelectorAll('.run').length === 1")
        .await;
    // Events without a subscription are not missed.
    project.redis.cli(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    let recorder = project.record("run-2").await;
    browser
        .until("document.querySelectorAll('.run').length === 2")
        .await;
    browser
        .goto(&format!("{}/#/run/run-2", review.address()))
        .await;
    let mut result = project.result(CARD);
    result.run_id.0 = "run-2".to_owned();
    recorder.record(&RecordedEvent::TestStarted(Box::new(
        tintype::model::VisualTestResult::new(
            result.run_id.clone(),
            result.story_identifier.clone(),
            tintype::model::Status::Running,
        ),
    )));
    browser
        .until("document.querySelector('.vlist-row .tone')?.dataset.status === 'running'")
        .await;
    recorder.record(&RecordedEvent::TestFinished(Box::new(result)));
    browser
        .until("document.querySelector('.vlist-row .tone')?.dataset.status === 'failed'")
        .await;
    recorder.finish(None).await;
    browser
        .until("document.querySelector('h1').textContent.includes('to review')")
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_accepted_by_keyboard() {
    let Page {
        project,
        review,
        browser,
    } = Page::open().await;
    let before = fs::read(project.baseline(CARD)).unwrap();
    browser
        .goto(&format!(
            "{}/#/run/{RUN}/{}",
            review.address(),
            encoded(CARD)
        ))
        .await;
    browser.wait(".detail .frame img").await;
    browser.until("[...document.querySelectorAll('.detail img')].length === 3 && [...document.querySelectorAll('.detail img')].every((image) => image.naturalWidth === 560)").await;
    browser.press("a").await;
    browser
        .until("document.querySelector('.toast')?.textContent.includes('Accepted')")
        .await;
    let current = fs::read(project.root().join(project.result(CARD).current.unwrap())).unwrap();
    assert!(project.accepted(CARD).unwrap().is_capture(&current));
    // It goes to the next undecided one, and U undoes the decision.
    browser
        .until("document.querySelector('.detail .badge')?.textContent !== 'accepted'")
        .await;
    browser.press("u").await;
    browser
        .until("document.querySelector('.toast')?.textContent.includes('Undid')")
        .await;
    assert_eq!(fs::read(project.baseline(CARD)).unwrap(), before);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn similar_snapshots_are_accepted_together() {
    let Page {
        project,
        review,
        browser,
    } = Page::open().await;
    browser
        .goto(&format!(
            "{}/#/run/{RUN}/{}",
            review.address(),
            encoded(CARD)
        ))
        .await;
    browser.wait(".detail .frame img").await;
    browser.press("g").await;
    let button = browser.wait("dialog[open] .btn-accept").await;
    assert_eq!(button.text().await.unwrap(), "Accept 2");
    button.send_keys(&Key::Enter.to_string()).await.unwrap();
    browser
        .until("document.querySelector('.toast')?.textContent.includes('2 snapshots')")
        .await;
    let current = fs::read(project.root().join(project.result(CARD).current.unwrap())).unwrap();
    assert!(project.accepted(CARD).unwrap().is_capture(&current));
    assert!(project.accepted(DARK).unwrap().is_capture(&current));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_inserted_as_text() {
    let Page {
        project: _project,
        review,
        browser,
    } = Page::open().await;
    browser
        .goto(&format!(
            "{}/#/run/{RUN}/{}",
            review.address(),
            encoded(CARD)
        ))
        .await;
    browser
        .until(&format!("{HEADING} === 'forms/checkout-card'"))
        .await;
    browser
        .until(
            "document.querySelector('.message')?.textContent.includes('<script>alert(1)</script>')",
        )
        .await;
    assert!(
        browser.client.get_alert_text().await.is_err(),
        "an alert is open"
    );
    // Even markup that got in could do nothing: the policy forbids it.
    let done = browser.script("const s = document.createElement('script'); s.textContent = 'window.owned = 1'; document.body.append(s); return window.owned ?? 0").await;
    assert_eq!(done, json!(0));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_opens_from_disk() {
    let project = Project::recorded().await;
    let run = project.records().await;
    let run = run
        .run(&tintype::model::RunId(RUN.to_owned()))
        .await
        .unwrap();
    let results = [project.result(CARD), project.result(NEW)];
    let dir = project.root().join(format!("target/tintype/runs/{RUN}"));
    let browser = Browser::open().await;
    for embed_up_to in [tintype::report::html::EMBED_UP_TO, 0] {
        let page = tintype::report::html::write(&dir, project.root(), &run, &results, embed_up_to);
        // Another address, for the browser to load the page anew.
        let address = format!("file://{}?{embed_up_to}", page.unwrap().display());
        browser.goto(&address).await;
        browser.until("[...document.querySelectorAll('.detail img')].length === 3 && [...document.querySelectorAll('.detail img')].every((image) => image.naturalWidth === 560)").await;
        // The hostile message is text, and the page's policy lets nothing else run.
        browser.until("document.querySelector('.message')?.textContent.includes('<script>alert(1)</script>')").await;
        let done = browser.script("const s = document.createElement('script'); s.textContent = 'window.owned = 1'; document.body.append(s); return window.owned ?? 0").await;
        assert_eq!(done, json!(0));
        browser.until("document.fonts.check('16px Besley') && [...document.fonts].some((font) => font.status === 'loaded')").await;
        browser.press("j").await;
        browser.until(&format!("{HEADING} === 'gift'")).await;
        browser
            .until("document.querySelectorAll('.detail img').length === 1")
            .await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_only_the_login_is_shown() {
    let project = Project::recorded().await;
    let review = Review::start_with(&project, &[], TOKEN);
    let browser = Browser::open().await;
    browser.goto(&review.address()).await;
    let name = browser.wait("#log-in-text").await;
    name.send_keys("Mira").await.unwrap();
    let token = browser.wait("#log-in-password").await;
    token.send_keys("a guess of many letters").await.unwrap();
    token.send_keys(&Key::Enter.to_string()).await.unwrap();
    browser
        .until("document.querySelector('.field-error').textContent === 'the token is wrong'")
        .await;
    assert_eq!(
        browser
            .script("return document.querySelectorAll('.run').length")
            .await,
        json!(0)
    );
    token.clear().await.unwrap();
    token.send_keys(TOKEN).await.unwrap();
    token.send_keys(&Key::Enter.to_string()).await.unwrap();
    browser
        .until("document.querySelectorAll('.run').length === 1")
        .await;
    browser
        .until("document.querySelector('.nav').textContent.includes('Mira')")
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_login_returns_when_the_session_ends() {
    let project = Project::recorded().await;
    let port = free_port().to_string();
    let start = || Review::start_with(&project, &["--port", &port], TOKEN);
    let end_sessions = || {
        let sessions = project.redis.cli(&["KEYS", "tintype:review:session:*"]);
        for session in sessions.lines() {
            project.redis.cli(&["DEL", session]);
        }
    };
    let review = start();
    let browser = Browser::open().await;
    browser.goto(&review.address()).await;
    browser.log_in().await;
    browser.wait(".run").await;
    // By deciding.
    browser.open_card(&review, RUN).await;
    end_sessions();
    browser.press("r").await;
    browser.log_in().await;
    browser.wait(".detail .frame img").await;
    // By looking at another snapshot.
    end_sessions();
    browser.press("j").await;
    browser.log_in().await;
    browser.wait(".detail .frame img").await;
    // By coming back to the events.
    end_sessions();
    drop(review);
    let _review = start();
    browser.log_in().await;
    browser.wait(".detail .frame img").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acceptance_with_a_warning_is_undone_first() {
    let mut project = Project::recorded().await;
    project.keep_run().await;
    let review = Review::start(&project);
    let browser = Browser::open().await;
    browser.open_card(&review, RUN).await;
    browser.press("a").await;
    browser.until(&format!("{HEADING} === 'gift'")).await;
    browser.wait(".detail .frame img").await;
    project.redis.kill();
    browser.press("a").await;
    browser
        .until("document.querySelector('.toast')?.textContent.includes('accepted, but the record was not updated')")
        .await;
    browser
        .until(&format!("{HEADING} === 'forms/checkout-card'"))
        .await;
    assert!(project.accepted(NEW).is_some());
    // A failed request can be repeated.
    browser
        .script(
            "const real = fetch;
             globalThis.fetch = async (path, options) => {
               if (path !== '/api/decisions') return real(path, options);
               globalThis.fetch = real;
               throw new Error('cut off');
             };",
        )
        .await;
    browser.press("u").await;
    browser
        .until("document.querySelector('.toast')?.textContent === 'cut off'")
        .await;
    browser.press("u").await;
    browser
        .until("document.querySelector('.toast')?.textContent.includes('undone, but the record was not updated')")
        .await;
    assert!(project.accepted(NEW).is_none());
    let current = fs::read(project.root().join(project.result(CARD).current.unwrap())).unwrap();
    assert!(project.accepted(CARD).unwrap().is_capture(&current));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partly_accepted_batch_is_undone() {
    let Page {
        project,
        review,
        browser,
    } = Page::open().await;
    let before = fs::read(project.baseline(CARD)).unwrap();
    browser.open_card(&review, RUN).await;
    fs::remove_file(project.baseline(DARK)).unwrap();
    browser.press("g").await;
    let button = browser.wait("dialog[open] .btn-accept").await;
    button.send_keys(&Key::Enter.to_string()).await.unwrap();
    browser
        .until("document.querySelector('.toast')?.textContent.includes('has changed since')")
        .await;
    assert_ne!(fs::read(project.baseline(CARD)).unwrap(), before);
    browser.press("n").await;
    browser.until(&format!("{HEADING} === 'gift'")).await;
    browser.press("u").await;
    browser
        .until("document.querySelector('.toast')?.textContent.includes('Undid forms/')")
        .await;
    assert_eq!(fs::read(project.baseline(CARD)).unwrap(), before);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn known_failures_cannot_be_accepted() {
    let project = Project::recorded().await;
    let recorder = project.record("run-2").await;
    for name in [CARD, NEW] {
        let mut result = project.result(name);
        result.run_id.0 = "run-2".to_owned();
        if name == CARD {
            result.status = tintype::model::Status::Changed;
            result.known_failure = Some("issue 12".to_owned());
        }
        recorder.record(&RecordedEvent::TestFinished(Box::new(result)));
    }
    recorder.finish(None).await;
    let review = Review::start(&project);
    let browser = Browser::open().await;
    browser.open_card(&review, "run-2").await;
    let actions = browser.wait(".actions").await.text().await.unwrap();
    assert!(
        actions.contains("History") && !actions.contains("ccept") && !actions.contains("eject"),
        "{actions}"
    );
    browser
        .script(
            "document.dispatchEvent(new KeyboardEvent('keydown', { key: 'A', shiftKey: true }));",
        )
        .await;
    let button = browser.wait("dialog[open] .btn-accept").await;
    assert_eq!(button.text().await.unwrap(), "Accept 1");
    let chosen = json!([{ "name": CARD }]);
    let asked = json!({ "run": "run-2", "decision": "accept", "snapshots": chosen });
    assert_eq!(review.decide(&asked).json()["answers"][0]["done"], false);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_during_a_reload_are_not_lost() {
    let project = Project::recorded().await;
    let recorder = project.record("run-2").await;
    for name in [CARD, DARK] {
        let mut result = project.result(name);
        result.run_id.0 = "run-2".to_owned();
        recorder.record(&RecordedEvent::TestFinished(Box::new(result)));
    }
    let review = Review::start(&project);
    let browser = Browser::open().await;
    browser.goto(&review.address()).await;
    browser.wait(".run").await;
    browser.script(LISTENING).await;
    browser.script("location.hash = '#/run/run-2'").await;
    browser
        .until("document.querySelectorAll('.vlist-row').length === 2")
        .await;
    browser.wait(".detail .frame img").await;
    browser.script(&holding("/api/runs/run-2")).await;
    recorder.finish(None).await;
    browser.until("globalThis.release").await;
    // While the response is pending, one is rejected here, one accepted elsewhere.
    browser.press("r").await;
    browser
        .until("document.querySelector('.toast')?.textContent.includes('Rejected')")
        .await;
    let chosen = json!([{ "name": CARD }]);
    let asked = json!({ "run": "run-2", "decision": "accept", "snapshots": chosen });
    assert_eq!(review.decide(&asked).json()["answers"][0]["done"], true);
    browser.until("heard === 'baseline:accepted'").await;
    browser.script("release()").await;
    browser
        .until("document.querySelector('h1').textContent === '0 of 2 to review'")
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recreated_record_is_reloaded() {
    let Page {
        project,
        review,
        browser,
    } = Page::open().await;
    browser.open_card(&review, RUN).await;
    project.lose_record();
    let recorder = project.record(RUN).await;
    let mut result = project.result(CARD);
    result.status = tintype::model::Status::Passed;
    recorder.record(&RecordedEvent::TestFinished(Box::new(result)));
    browser
        .until("[...document.querySelectorAll('.vlist-row .tone')].map((tone) => tone.dataset.status).join() === 'passed'")
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_was_left_does_not_return() {
    let Page {
        project: _project,
        review,
        browser,
    } = Page::open().await;
    browser.goto(&review.address()).await;
    browser.wait(".run").await;
    browser.script(LISTENING).await;
    let path = format!("/api/runs/{RUN}");
    browser.script(&holding(&path)).await;
    browser
        .script(&format!(
            "document.querySelector('.run').remove(); location.hash = '#/run/{RUN}'"
        ))
        .await;
    browser.until("globalThis.release").await;
    browser.script("history.back()").await;
    browser.wait(".run").await;
    browser.script("release()").await;
    let left = "return [document.title, document.querySelectorAll('.workbench').length, \
                streams.filter((stream) => stream.readyState !== EventSource.CLOSED).length]";
    assert_eq!(browser.script(left).await, json!(["Runs · Tintype", 0, 1]));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_notice_disappears_when_the_record_is_available_again() {
    let Page {
        mut project,
        review,
        browser,
    } = Page::open().await;
    browser.open_card(&review, RUN).await;
    project.redis.kill();
    browser
        .until("document.querySelector('.notice').textContent.includes('unreachable')")
        .await;
    project.redis.restart();
    browser
        .until("document.querySelector('.notice').textContent === ''")
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shortcuts_are_listed() {
    let Page {
        project: _project,
        review,
        browser,
    } = Page::open().await;
    browser
        .goto(&format!("{}/#/run/{RUN}", review.address()))
        .await;
    browser.wait(".vlist-row").await;
    browser.press("?").await;
    let dialog = browser.wait("dialog[open]").await;
    let text = dialog.text().await.unwrap();
    for words in ["Accept and go to the next", "Undo", "Loupe", "Search"] {
        assert!(text.contains(words), "{words} is missing in {text}");
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn enter_and_escape_leave_the_search_and_keep_it() {
    let Page {
        project: _project,
        review,
        browser,
    } = Page::open().await;
    for key in [Key::Enter, Key::Escape] {
        browser.goto(&format!("{}/#/runs", review.address())).await;
        browser.open_card(&review, RUN).await;
        browser.press("/").await;
        let search = browser.wait("input[type=search]").await;
        search.send_keys("gift").await.unwrap();
        search.send_keys(&key.to_string()).await.unwrap();
        browser
            .until("document.activeElement === document.body")
            .await;
        browser
            .until("document.querySelectorAll('.vlist-row').length === 1")
            .await;
        browser
            .until("decodeURIComponent(location.hash).includes('gift::')")
            .await;
        browser
            .script("document.querySelector('input[type=search]').value = ''")
            .await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_undo_undoes_all_that_were_accepted_together() {
    let Page {
        project,
        review,
        browser,
    } = Page::open().await;
    let before = fs::read(project.baseline(CARD)).unwrap();
    browser.open_card(&review, RUN).await;
    let button = browser.wait(".bulk button").await;
    assert_eq!(button.text().await.unwrap(), "Accept 3 shown");
    button.click().await.unwrap();
    let button = browser.wait("dialog[open] .btn-accept").await;
    assert_eq!(button.text().await.unwrap(), "Accept 3");
    button.click().await.unwrap();
    browser
        .until("document.querySelectorAll('.vlist-row .tone[data-status=passed]').length === 4")
        .await;
    assert!(project.accepted(NEW).is_some());
    browser.press("u").await;
    browser
        .until("document.querySelector('.toast')?.textContent.includes('Undid 3 snapshots')")
        .await;
    assert_eq!(fs::read(project.baseline(CARD)).unwrap(), before);
    assert!(project.accepted(NEW).is_none());
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_selects_the_snapshot() {
    let Page {
        project: _project,
        review,
        browser,
    } = Page::open().await;
    browser.open_card(&review, RUN).await;
    let other = encoded(NEW);
    browser
        .script(&format!("location.hash = '#/run/{RUN}/{other}'"))
        .await;
    browser.until(&format!("{HEADING} === 'gift'")).await;
    browser.script("history.back()").await;
    browser
        .until(&format!("{HEADING} === 'forms/checkout-card'"))
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn back_leads_from_a_snapshot_to_the_list_on_a_phone() {
    let Page {
        project: _project,
        review,
        browser,
    } = Page::open().await;
    browser.client.set_window_size(390, 800).await.unwrap();
    browser
        .goto(&format!("{}/#/run/{RUN}", review.address()))
        .await;
    browser.wait(".vlist-row").await.click().await.unwrap();
    browser
        .until("document.querySelector('.workbench.is-open .steps').offsetWidth > 0")
        .await;
    browser
        .until("document.querySelector('h1').offsetHeight > 0")
        .await;
    browser.script("history.back()").await;
    browser
        .until("document.querySelector('.workbench:not(.is-open) .vlist-row')")
        .await;
    browser.close().await;
}
