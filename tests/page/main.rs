//! Single pages in a real browser: the conditions that they are waited for,
//! masks, capture targets, and page code that interferes.
//!
//! A test changes a loaded page by a script, so that the load itself waits for
//! nothing. Conditions that never come true have a short time limit.

mod aria_busy;
mod bench;
mod css_images;
mod fonts;
mod images;
mod masks;
mod media;
mod motion;
mod network;
mod page_code;
mod ready;
mod styles;
mod targets;
mod themes;
mod wait_for;
