//! Requests that were blocked while a page was left.

use std::collections::HashSet;

use crate::model::PageError;
use crate::proxy::BlockedRequests;

/// Requests that were blocked while a page was left. They are errors of no
/// capture: it is unknown which story has sent them.
#[derive(Debug, Default)]
pub(super) struct LeavingRequests {
    /// The blocked requests that the story on the page has among its errors.
    reported: BlockedRequests,
    /// Those of pages that were left, unless the page after them sends them, too.
    left: Vec<BlockedRequests>,
    /// Those that have been taken.
    known: HashSet<String>,
}

impl LeavingRequests {
    /// Notes what was blocked until now, when a page has been left.
    pub(super) fn note_left(&mut self, blocked: &BlockedRequests) {
        self.left.push(blocked.without(&self.reported));
    }

    pub(super) fn begin_story(&mut self) {
        self.reported = BlockedRequests::default();
    }

    /// Notes that these are errors of the story on the page.
    pub(super) fn report(&mut self, blocked: &BlockedRequests) {
        self.reported = blocked.clone();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// Takes the requests to servers to which the page after them, with the
    /// blocked requests `own`, sends none; each is given once.
    pub(super) fn take(&mut self, own: &BlockedRequests) -> Vec<PageError> {
        let left = std::mem::take(&mut self.left);
        let errors = left.iter().flat_map(|left| left.without(own).errors());
        let is_new = |error: &PageError| self.known.insert(error.message.clone());
        errors.filter(is_new).collect()
    }
}
