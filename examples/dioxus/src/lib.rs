//! Three components of Dioxus, and a page for each state of theirs.

use dioxus::prelude::*;

/// The outcome of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As wished.
    Good,
    /// Otherwise.
    Bad,
}

impl Outcome {
    fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
        }
    }
}

/// A word in a coloured pill.
#[component]
pub fn Badge(outcome: Outcome, text: String) -> Element {
    rsx! {
        span { class: "badge {outcome.class()}", "{text}" }
    }
}

/// A message across the page.
#[component]
pub fn Notice(outcome: Outcome, title: String, children: Element) -> Element {
    rsx! {
        section { class: "notice {outcome.class()}",
            h2 { "{title}" }
            {children}
        }
    }
}

/// The progress of an action.
#[component]
pub fn Progress(done: u32, of: u32) -> Element {
    let percent = 100 * done.min(of) / of.max(1);
    rsx! {
        div { class: "progress",
            div { class: "bar", style: "width: {percent}%" }
        }
        p { "{done} of {of}" }
    }
}

/// Every story: the name of its page, and its content.
pub fn stories() -> Vec<(&'static str, Element)> {
    vec![
        (
            "badge",
            rsx! {
                Badge { outcome: Outcome::Good, text: "passed" }
                " "
                Badge { outcome: Outcome::Bad, text: "failed" }
            },
        ),
        (
            "notice/good",
            rsx! {
                Notice { outcome: Outcome::Good, title: "Saved",
                    p { "All changes are on the server." }
                }
            },
        ),
        (
            "notice/bad",
            rsx! {
                Notice { outcome: Outcome::Bad, title: "Not saved",
                    p { "The server did not answer. Nothing is lost." }
                }
            },
        ),
        ("progress/begun", rsx! { Progress { done: 3, of: 24 } }),
        ("progress/done", rsx! { Progress { done: 24, of: 24 } }),
    ]
}

/// The font of the pages, which they load from `/font.woff2`.
pub const FONT: &[u8] = include_bytes!("../../../ui/fonts/instrument-sans.woff2");

/// A complete page with this content.
pub fn page(content: Element) -> String {
    let body = dioxus_ssr::render_element(content);
    let style = include_str!("style.css");
    format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
         <title>story</title><style>{style}</style><body>{body}</body></html>\n"
    )
}
