//! Chromium and Chrome, through chromedriver and the DevTools protocol.

mod applied;
mod arguments;
mod credentials;
mod emulation;
mod input;
mod page;
mod screenshot;
mod start;
mod storage_state;

pub(super) use arguments::switches;
pub(super) use page::ChromiumPage;
