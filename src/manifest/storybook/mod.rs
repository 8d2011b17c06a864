//! Stories of a Storybook.
//!
//! - `index`: `index.json`, the list of its stories.
//! - `fetch`: the index of a running Storybook.
//! - `filter`: `include` and `exclude`.
//! - `arguments`: args and globals in the form of a URL.
//! - `stories`: turns the index and the entries of `[[story]]` into stories.

mod arguments;
mod fetch;
mod filter;
mod index;
mod stories;

pub(super) use arguments::{args, globals};
pub(super) use filter::{Filter, filter};
pub(super) use index::{Entry, Index};
pub(super) use stories::resolve;

/// The stories of a Storybook, and which of them to show.
pub(super) struct Catalogue {
    /// All stories of the Storybook.
    pub(super) index: Index,
    pub(super) filter: Filter,
    /// Whether the index could not be read, which is reported already.
    pub(super) is_broken: bool,
}

impl Catalogue {
    /// Stands for an index that could not be read.
    pub(super) fn broken() -> Self {
        Self {
            index: Index::default(),
            filter: Filter::default(),
            is_broken: true,
        }
    }
}
