//! Baselines: the accepted images, one PNG file for each snapshot.
//!
//! A baseline is the picture as it was captured, with one chunk more, just
//! before its end, that says where it comes from ([`Provenance`]). Reading
//! takes the chunk out again, so that a capture that has not changed is equal
//! byte for byte.

mod accept;
mod error;
mod orphans;
mod png;
mod provenance;
mod read;
#[cfg(test)]
mod tests;

pub use accept::{Accepted, accept, accept_if, restore_if};
pub use error::{BaselineError, Problem};
pub use orphans::{files, orphans};
pub use provenance::Provenance;
pub use read::{Baseline, read};

use sha2::{Digest, Sha256};

/// SHA-256 in lowercase hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
