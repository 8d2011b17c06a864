//! SHA-256 of files.

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

/// The path of a picture below a folder of pictures by their SHA-256:
/// `sha256/{2 hex}/{62 hex}.png`. `None` if the text is no such hash in lowercase
/// hexadecimal: it may come from another machine.
pub(crate) fn sha256_path(sha256: &str) -> Option<String> {
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if sha256.len() != 64 || !sha256.bytes().all(is_hex) {
        return None;
    }
    let (folder, rest) = sha256.split_at(2);
    Some(format!("sha256/{folder}/{rest}.png"))
}
