//! Compares values of CSS properties.

/// A colour in one form: `rgb(59, 91, 219)` for `#3b5bdb`. Other values stay.
pub(super) fn canonical(value: &str) -> String {
    let value = value.trim();
    match value.strip_prefix('#').and_then(hex_colour) {
        Some([r, g, b, 255]) => format!("rgb({r}, {g}, {b})"),
        Some([r, g, b, a]) => {
            let alpha = (f64::from(a) / 255.0 * 1000.0).round() / 1000.0;
            format!("rgba({r}, {g}, {b}, {alpha})")
        }
        None => value.to_owned(),
    }
}

fn hex_colour(digits: &str) -> Option<[u8; 4]> {
    let nibble = |at: usize| {
        digits
            .get(at..=at)
            .and_then(|d| u8::from_str_radix(d, 16).ok())
    };
    let byte = |at: usize| {
        digits
            .get(at..at + 2)
            .and_then(|d| u8::from_str_radix(d, 16).ok())
    };
    match digits.len() {
        3 => Some([nibble(0)? * 17, nibble(1)? * 17, nibble(2)? * 17, 255]),
        4 => Some([
            nibble(0)? * 17,
            nibble(1)? * 17,
            nibble(2)? * 17,
            nibble(3)? * 17,
        ]),
        6 => Some([byte(0)?, byte(2)?, byte(4)?, 255]),
        8 => Some([byte(0)?, byte(2)?, byte(4)?, byte(6)?]),
        _ => None,
    }
}

/// The channels of an opaque colour.
pub(super) fn opaque(value: &str) -> Option<[u8; 3]> {
    let canonical = canonical(value);
    let numbers = canonical.strip_prefix("rgb(")?.strip_suffix(')')?;
    let mut channels = numbers.split(',').map(|number| number.trim().parse());
    let colour = [
        channels.next()?.ok()?,
        channels.next()?.ok()?,
        channels.next()?.ok()?,
    ];
    channels.next().is_none().then_some(colour)
}

/// The values that a custom property may stand for: the two of `light-dark()`, in
/// their order, otherwise its own.
pub(super) fn alternatives(value: &str) -> Vec<&str> {
    let inner = value.trim().strip_prefix("light-dark(");
    let Some(inner) = inner.and_then(|inner| inner.strip_suffix(')')) else {
        return vec![value];
    };
    let mut depth = 0_u32;
    let is_comma = |character: char| {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    };
    inner.split(is_comma).map(str::trim).collect()
}

/// Whether `to` is `from` with one value replaced by another.
pub(super) fn replaces(from: &str, to: &str, old: &str, new: &str) -> bool {
    !old.is_empty() && from.contains(old) && from.replace(old, new) == to
}

/// Whether all lengths of `to` are those of `from` times `ratio`.
pub(super) fn scales(from: &str, to: &str, ratio: f64) -> bool {
    let (old, new) = (words(from), words(to));
    let mut has_length = false;
    old.len() == new.len()
        && old
            .iter()
            .zip(&new)
            .all(|(one, other)| match (length(one), length(other)) {
                (Some(one), Some(other)) => {
                    has_length |= one != 0.0;
                    (one * ratio - other).abs() <= 0.02 + other.abs() * 0.002
                }
                _ => one == other,
            })
        && has_length
}

fn words(value: &str) -> Vec<&str> {
    let words = value.split([' ', ',', '(', ')']);
    words.filter(|word| !word.is_empty()).collect()
}

/// A length in pixels.
pub(super) fn length(word: &str) -> Option<f64> {
    word.trim_start_matches('~')
        .strip_suffix("px")?
        .parse()
        .ok()
}

/// The sum of all lengths of a value, without their signs.
pub(super) fn reach(value: &str) -> f64 {
    words(value)
        .into_iter()
        .filter_map(length)
        .map(f64::abs)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::{alternatives, canonical, opaque, replaces, scales};

    #[test]
    fn colours_have_one_form() {
        assert_eq!(canonical("#3b5bdb"), "rgb(59, 91, 219)");
        assert_eq!(canonical("#fff"), "rgb(255, 255, 255)");
        assert_eq!(canonical("#00000080"), "rgba(0, 0, 0, 0.502)");
        assert_eq!(opaque("rgb(1, 2, 3)"), Some([1, 2, 3]));
        assert_eq!(opaque("rgba(1, 2, 3, 0.5)"), None);
    }

    #[test]
    fn a_value_for_both_colour_schemes_has_two() {
        assert_eq!(alternatives("#fff"), ["#fff"]);
        let both = "light-dark(rgb(1, 2, 3), light-dark(#fff, #000))";
        assert_eq!(
            alternatives(both),
            ["rgb(1, 2, 3)", "light-dark(#fff, #000)"]
        );
    }

    #[test]
    fn values_follow_others() {
        assert!(replaces(
            "1px rgb(0, 0, 0)",
            "1px red",
            "rgb(0, 0, 0)",
            "red"
        ));
        assert!(scales("19.6px", "22.4px", 16.0 / 14.0));
        assert!(!scales("19.6px", "20px", 16.0 / 14.0));
        assert!(!scales("none", "none", 2.0));
    }
}
