//! WebKitGTK.
//!
//! Only the classic protocol speaks to it, and colour scheme and scale are
//! given when it starts: for another look another browser is started.

mod display;
mod input;
mod page;
mod pointer;
mod screenshot;
mod start;

pub(super) use page::WebKitPage;
pub(super) use start::switches;
