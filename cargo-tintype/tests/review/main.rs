//! `cargo tintype review`: the real binary, a real redis-server, a real
//! browser.

mod authentication;
mod browser;
mod connections;
mod decisions;
mod explained;
mod health;
mod http;
mod link;
mod live_events;
mod metrics;
mod page;
mod past_baselines;
#[path = "../../../tests/support/port.rs"]
mod port;
mod project;
mod request_filter;
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "../../../tests/support/server.rs"]
mod server;
mod sessions;
mod terminal;
