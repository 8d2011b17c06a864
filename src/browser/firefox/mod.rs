//! Firefox.
//!
//! geckodriver starts it and opens the session; everything about the page goes
//! over WebDriver BiDi, which can do what the classic protocol cannot: a
//! viewport of any size and scale, scripts that run before the page's own, and
//! tabs that share nothing with each other.

mod applied;
mod bidi;
mod emulation;
mod input;
mod page;
mod requests;
mod screenshot;
mod start;
mod storage_state;
mod tab;
mod traffic;

pub(super) use page::FirefoxPage;
pub(super) use start::switches;
