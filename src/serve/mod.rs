//! Serves the stories.
//!
//! - [`StoryServer`] is what a manifest needs: the built-in server for a
//!   folder, a service of the user, or an external server that a command starts.
//! - [`HttpServer`] serves a folder or a service on a free port, under its own
//!   name and those of loopback.
//! - [`Files`] are the files of a folder that are served.
//! - [`Service`] wraps a `tower` service of the user.

mod command_log;
mod files;
mod host_names;
mod http_server;
mod service;
mod story_server;

pub use files::Files;
pub use http_server::HttpServer;
pub use service::Service;
pub(crate) use story_server::{ServeError, StoryServer};
