//! The served stories, and how to open them.

use std::sync::Arc;

use super::barrier::Barriers;
use super::hooks::Hooks;
use crate::login::Logins;
use crate::manifest::{Credentials, Manifest, Source};
use crate::model::{MAX_MESSAGE, PageError, bounded};
use crate::plan::Snapshot;
use crate::redact::redact;

/// The served stories, and what is needed to open them.
pub(crate) struct Site {
    pub(crate) manifest: Arc<Manifest>,
    /// The address of the story server, without a trailing slash.
    pub(crate) base: String,
    /// The credentials that the story server requires.
    pub(crate) credentials: Arc<Credentials>,
    pub(crate) hooks: Hooks,
    pub(crate) logins: Logins,
    pub(crate) barriers: Barriers,
}

impl Site {
    /// Removes secrets from a text, and limits its length: every text of a
    /// page, a driver or a command comes through here.
    pub(crate) fn redact(&self, text: &str) -> String {
        bounded(redact(text).into_owned(), MAX_MESSAGE)
    }

    /// An error of a page without secrets, and with the path instead of the
    /// address of a request to the story server.
    pub(super) fn describe_error(&self, error: PageError) -> PageError {
        let url = error.url.map(|url| self.redact(&url));
        let path = |url: String| match url.strip_prefix(&self.base) {
            Some(path) if path.starts_with('/') => path.to_owned(),
            _ => url,
        };
        PageError {
            message: self.redact(&error.message),
            url: url.map(path),
            ..error
        }
    }

    /// Whether the built-in server serves the stories from a folder.
    pub(crate) fn is_folder(&self) -> bool {
        matches!(self.manifest.source, Source::Dir(_))
    }

    /// The address of a snapshot's story, with its theme's parameters.
    pub(super) fn address(&self, snapshot: &Snapshot) -> String {
        let path = snapshot.story.path.trim_start_matches('/');
        let mut address = format!("{}/{path}", self.base);
        if !snapshot.theme.globals.is_empty() {
            address.push_str("&globals=");
            address.push_str(&snapshot.theme.globals);
        }
        if snapshot.theme.query.is_empty() {
            return address;
        }
        match url::Url::parse(&address) {
            Ok(mut url) => {
                url.query_pairs_mut().extend_pairs(&snapshot.theme.query);
                url.into()
            }
            Err(_) => address,
        }
    }
}
