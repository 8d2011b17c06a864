//! Chromium and Chrome, through chromedriver and the DevTools protocol.

mod applied;
mod arguments;
mod credentials;
mod declared_rules;
mod devtools;
mod emulation;
mod frames;
mod idle;
mod input;
mod load;
mod measure;
mod page;
mod page_events;
mod screenshot;
#[cfg(feature = "source-maps")]
mod source_maps;
#[cfg(not(feature = "source-maps"))]
#[path = "no_source_maps.rs"]
mod source_maps;
mod start;
mod storage_state;
mod tab;
mod traffic;
mod virtual_clock;
mod virtual_time;

pub(super) use arguments::{is_headless_shell, switches};
pub(super) use page::ChromiumPage;
