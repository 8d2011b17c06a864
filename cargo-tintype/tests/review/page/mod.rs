//! The review page in a real browser.

mod batches;
mod changes;
mod content_security;
mod decisions;
mod evidence;
mod layout;
mod live_updates;
mod login;
mod machines;
mod navigation;
mod print;
mod quarantine;
mod report;
mod runs;
mod search;

use crate::browser::Browser;
use crate::project::{Project, Review};

/// All three images of a failed snapshot are shown.
const IMAGES_SHOWN: &str = "[...document.querySelectorAll('.detail img')].length === 3 \
    && [...document.querySelectorAll('.detail img')].every((image) => image.naturalWidth === 560)";

/// The message of the failed snapshot is shown as text.
const HOSTILE_MESSAGE: &str = "document.querySelector('.message')?.textContent\
    .includes('<script>alert(1)</script>')";

/// Adds a script to the page; returns 0 if the page's policy has blocked it.
const INJECT_SCRIPT: &str = "const script = document.createElement('script');
    script.textContent = 'window.owned = 1';
    document.body.append(script);
    return window.owned ?? 0";

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

/// The first snapshot in the list has this status.
fn first_status(status: &str) -> String {
    format!("document.querySelector('.vlist-row .tone')?.dataset.status === '{status}'")
}

/// A recorded project, its review server, and a browser.
struct Page {
    project: Project,
    review: Review,
    browser: Browser,
}

impl Page {
    async fn open() -> Self {
        Self::of(Project::recorded().await).await
    }

    async fn of(project: Project) -> Self {
        let review = Review::start(&project);
        let browser = Browser::open().await;
        browser.goto(&review.link()).await;
        Self {
            project,
            review,
            browser,
        }
    }

    async fn close(self) {
        self.browser.close().await;
    }
}
