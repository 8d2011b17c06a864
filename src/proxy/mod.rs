//! The proxy between a browser session and servers.
//!
//! It keeps stories from this machine and from private networks: it resolves
//! names, checks the addresses and connects to those that it has checked.
//! Requests to the story server go through it only where a story has rules for
//! requests, or where the browser needs it to run page scripts. Every engine
//! supports a proxy, so all of this works the same in all of them.
//!
//! A proxy serves one story after the other: a request is decided by the rules
//! and permissions of the story that is loaded when it arrives, and tunnels
//! that another story may not have are closed with their story.

mod address_space;
mod blocked;
mod connector;
mod handler;
mod inject;
#[expect(clippy::module_inception, reason = "named after its type, `Proxy`")]
mod proxy;
mod response;
mod story_policy;
mod tunnel;

pub(crate) use blocked::BlockedRequests;
pub(crate) use proxy::{Coverage, Proxy};
pub(crate) use story_policy::Traffic;
