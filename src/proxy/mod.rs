//! The proxy between a browser session and all servers.
//!
//! Every engine supports a proxy, so request rules work the same in all of them.
//! A proxy serves one story after the other: a request is decided by the rules
//! of the story that is loaded when it arrives, and tunnels are closed with
//! their story.

mod handler;
mod inject;
#[expect(clippy::module_inception, reason = "named after its type, `Proxy`")]
mod proxy;
mod response;
mod story_policy;
mod tunnel;

pub(crate) use proxy::Proxy;
pub(crate) use story_policy::Traffic;
