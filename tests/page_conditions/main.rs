//! The conditions that a page is waited for, each in a real browser.
//!
//! A test changes a loaded page by a script, so that the load itself waits for
//! nothing, and looks at what is pending when a short time limit has passed.

mod aria_busy;
mod css_images;
mod fonts;
mod images;
mod media;
mod network;
mod page;
mod ready;
mod styles;
mod wait_for;
