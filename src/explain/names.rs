//! Names of elements: selectors for people, and what identifies an element in
//! another version of its page.

use super::digest::{LaidOutElement, LayoutDigest};

/// The most classes in a selector.
const MAX_CLASSES: usize = 3;

/// Prefixes of classes that CSS-in-JS libraries generate.
const GENERATED_PREFIXES: [&str; 7] = ["css-", "sc-", "jss", "emotion-", "svelte-", "jsx-", "go"];

impl LaidOutElement {
    /// The classes that a person has written; hashes that a build adds are
    /// removed.
    pub(super) fn stable_classes(&self) -> Vec<&str> {
        self.classes
            .iter()
            .filter_map(|class| stable_class(class))
            .collect()
    }

    /// The id, unless it is a counter or a hash.
    pub(super) fn stable_id(&self) -> Option<&str> {
        let id = &*self.id;
        let is_counter = id.starts_with(':') || id.ends_with(|c: char| c.is_ascii_digit());
        (!id.is_empty() && !is_counter && !is_hash(id)).then_some(id)
    }

    pub(super) fn is_pseudo(&self) -> bool {
        self.tag.starts_with("::")
    }
}

/// A class without what a build has added: `Button_primary__3xYzA` is
/// `Button_primary`. `None` if the whole name is generated.
fn stable_class(class: &str) -> Option<&str> {
    let generated = GENERATED_PREFIXES.iter().any(|prefix| {
        class
            .strip_prefix(prefix)
            .is_some_and(|rest| is_hash(rest.rsplit('-').next().unwrap_or(rest)))
    });
    if generated || is_hash(class.trim_start_matches('_')) {
        return None;
    }
    match class.rsplit_once("__").or_else(|| class.rsplit_once("_")) {
        Some((stem, hash)) if is_hash(hash) && !stem.is_empty() => Some(stem),
        _ => Some(class),
    }
}

/// Whether a word looks generated: letters and several digits, or letters of both
/// cases and a digit, which is not at the end.
fn is_hash(word: &str) -> bool {
    let word = word.trim_end_matches('_');
    let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
    (5..=16).contains(&word.len())
        && word.chars().all(|c| c.is_ascii_alphanumeric())
        && stem.chars().any(|c| c.is_ascii_alphabetic())
        && match stem.chars().filter(char::is_ascii_digit).count() {
            0 => false,
            1 => {
                stem.chars().any(|c| c.is_ascii_uppercase())
                    && stem.chars().any(|c| c.is_ascii_lowercase())
            }
            _ => true,
        }
}

impl LayoutDigest {
    /// A short selector of an element: its id, its classes, the label for tests,
    /// or its tag below the nearest ancestor that has one of these.
    pub(super) fn selector(&self, index: usize) -> String {
        let element = &self.elements[index];
        if element.is_pseudo() {
            let host = element.parent.map(|host| self.selector(host));
            return format!("{}{}", host.unwrap_or_default(), element.tag);
        }
        if let Some(own) = own_selector(element) {
            return own;
        }
        let mut ancestor = element.parent;
        while let Some(at) = ancestor {
            let outer = &self.elements[at];
            if matches!(&*outer.tag, "html" | "body") {
                break;
            }
            if let Some(outer) = own_selector(outer) {
                return format!("{outer} {}", element.tag);
            }
            ancestor = outer.parent;
        }
        element.tag.clone()
    }
}

fn own_selector(element: &LaidOutElement) -> Option<String> {
    if let Some(id) = element.stable_id() {
        return Some(format!("#{id}"));
    }
    let classes = element.stable_classes();
    if !classes.is_empty() {
        let shown = classes.iter().take(MAX_CLASSES);
        return Some(shown.map(|class| format!(".{class}")).collect());
    }
    let label = element.label.strip_prefix("data-test")?;
    let (key, value) = label.split_once('=')?;
    Some(format!("[data-test{key}=\"{value}\"]"))
}

#[cfg(test)]
mod tests {
    use super::stable_class;

    #[test]
    fn generated_classes_are_recognised() {
        for (class, stable) in [
            ("btn-primary", Some("btn-primary")),
            ("text2xl", Some("text2xl")),
            ("mt-12", Some("mt-12")),
            ("card__title", Some("card__title")),
            ("column12", Some("column12")),
            ("Button_primary__3xYzA", Some("Button_primary")),
            ("css-1q8vxkl", None),
            ("sc-bdVaJa-a1b2c", None),
            ("_1a2b3c", None),
        ] {
            assert_eq!(stable_class(class), stable, "{class}");
        }
    }
}
