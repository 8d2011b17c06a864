//! `cargo tintype review`: the real binary, a real redis-server, a real
//! browser.

mod browser;
mod chromium;
mod deciding;
mod defence;
mod events;
mod http;
#[path = "../../../tests/support/port.rs"]
mod port;
mod project;
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "../../../tests/support/server.rs"]
mod server;
mod terminal;
mod visitors;
