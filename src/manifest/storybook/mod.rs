//! A Storybook as a source of stories.
//!
//! - `index`: `index.json`, in which a Storybook lists its stories.
//! - `fetch`: the same of a Storybook that runs somewhere.
//! - `filter`: which of them are wanted.
//! - `arguments`: args and globals as an address carries them.
//! - `stories`: from the list and the entries of `[[story]]` to stories.

mod arguments;
mod fetch;
mod filter;
mod index;
mod stories;

pub(super) use arguments::{args, globals};
pub(super) use filter::{Filter, filter};
pub(super) use index::{Entry, Index};
pub(super) use stories::resolve;

/// The stories of a Storybook that are wanted.
pub(super) struct Catalogue {
    /// Everything that the Storybook has.
    pub(super) index: Index,
    pub(super) filter: Filter,
    /// Whether the list could not be read, which has been told.
    pub(super) is_broken: bool,
}

impl Catalogue {
    /// Stands for a list that could not be read.
    pub(super) fn broken() -> Self {
        Self {
            index: Index::default(),
            filter: Filter::default(),
            is_broken: true,
        }
    }
}
