//! Finds the name that a misspelt one was probably meant to be.

/// The name closest to `wrong`, if at most `max_distance` letters differ.
/// Letter case does not count.
pub fn closest<'a>(
    wrong: &str,
    names: impl IntoIterator<Item = &'a str>,
    max_distance: usize,
) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    names
        .into_iter()
        .map(|name| {
            let distance = strsim::damerau_levenshtein(&wrong, &name.to_lowercase());
            (distance, name)
        })
        .filter(|(distance, _)| *distance <= max_distance)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
