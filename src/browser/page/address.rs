//! Compares addresses.

/// Whether navigating from `current` to `next` would change the fragment only,
/// and load nothing.
pub(in crate::browser) fn only_changes_fragment(current: &str, next: &str) -> bool {
    let same = current.is_empty() || without_fragment(current) == without_fragment(next);
    same && next.contains('#')
}

fn without_fragment(address: &str) -> &str {
    address.split('#').next().unwrap_or_default()
}
