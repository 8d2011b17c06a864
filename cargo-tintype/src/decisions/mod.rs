//! Accepting, rejecting and undoing, for the commands, the terminal review and
//! the review page.

pub(crate) mod log;
