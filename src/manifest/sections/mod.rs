//! Reads the sections of a manifest, one file each.
//!
//! [`suite`] puts together the sections that apply to all stories, and
//! [`story`] reads an entry of `[[story]]` on top of them.

mod alerts;
mod artifacts;
mod browser;
mod budget;
mod capture;
mod compare;
mod coordination;
mod credentials;
mod device;
mod explain;
mod known_failure;
mod login;
mod requests;
mod retention;
mod source;
mod steps;
pub(super) mod story;
pub(super) mod suite;
mod themes;
mod viewports;

pub(super) use requests::check_source;
