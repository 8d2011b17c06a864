//! Percent-encoding of addresses.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Characters that are encoded in a segment of an address.
const IN_A_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Characters that are encoded in a path of several segments.
const IN_A_PATH: &AsciiSet = &IN_A_SEGMENT.remove(b'/');

/// Percent-encodes text as one segment of an address.
pub(crate) fn encode_segment(text: &str) -> String {
    utf8_percent_encode(text, IN_A_SEGMENT).to_string()
}

/// Percent-encodes a path, whose slashes stay.
pub(crate) fn encode_path(path: &str) -> String {
    utf8_percent_encode(path, IN_A_PATH).to_string()
}
