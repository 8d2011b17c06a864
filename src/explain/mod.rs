//! Explains differences between two captures by the layout digests of their
//! pages. An explanation never changes a verdict.
//!
//! - `digest`: the digest, and its compressed form in a baseline.
//! - `names`: selectors of elements, and names that a build generates.
//! - `matching`: finds the elements of a baseline in the current page.
//! - `properties`, `values`: what is known of CSS properties and their values.
//! - `changes`, `style_changes`: what has changed of each element, without what
//!   follows from it.
//! - `layout`: the change that pushed each element that moved.
//! - `areas`: where elements and parts of them are painted.
//! - `claims`: the parts of the images in which each change can show.
//! - `attribution`: counts differing pixels to claims, and verifies them.
//! - `causes`: puts equal changes together.
//! - `explanation`: all of this for two captures.
//! - `compatibility`: compares the structure of a page in two engines.
//! - `groups`: groups the differences of a run by their causes.
//! - `verification`: whether causes explain a whole difference.
//! - `residual`: draws what causes do not explain.

mod areas;
mod attribution;
mod causes;
mod changes;
mod claims;
mod compatibility;
mod digest;
mod explanation;
mod groups;
mod layout;
mod matching;
mod names;
mod properties;
mod residual;
mod style_changes;
#[cfg(test)]
mod tests;
mod values;
mod verification;

pub(crate) use causes::{DeclaringRule, DeclaringRules};
pub use compatibility::{PageCompatibility, StructuralDifference, StructuralKind, compare_engines};
pub use digest::compress;
pub(crate) use explanation::{PagePair, changed_properties, explain};
pub use groups::{CauseGroup, cause_groups, known_causes};
pub use residual::draw_residual;
pub use verification::{DigestedImages, verify_causes};
