//! Explains differences between two captures by the layout digests of their
//! pages.
//!
//! - `digest`: the digest, and its compressed form in a baseline.

mod digest;

pub(crate) use digest::compress;
