//! `${NAME}` in texts of the manifest: what must not stand in it.

use std::env;
use std::fmt;

/// A text of the manifest with variables of the environment in it.
///
/// What they hold is shown by no formatting.
#[derive(Clone, PartialEq, Eq)]
pub struct Expanded(String);

impl Expanded {
    /// The text with what the variables hold.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Expanded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Expanded(…)")
    }
}

/// Puts variables where `${NAME}` stands. `$${` is `${` itself.
///
/// # Errors
/// Names the variable that is not set, or not UTF-8.
pub fn expand(text: &str) -> Result<Expanded, String> {
    expand_from(text, |name| env::var(name).ok())
}

/// The names of the variables that a text needs.
pub fn variables(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let _ = expand_from(text, |name| {
        names.push(name.to_owned());
        Some(String::new())
    });
    names
}

fn expand_from(
    text: &str,
    mut lookup: impl FnMut(&str) -> Option<String>,
) -> Result<Expanded, String> {
    let mut whole = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('$') {
            whole.push_str(before);
            whole.push_str("${");
            rest = behind;
            continue;
        }
        whole.push_str(before);
        let Some((name, after)) = behind.split_once('}').filter(|(name, _)| is_name(name)) else {
            whole.push_str("${");
            rest = behind;
            continue;
        };
        let value = lookup(name)
            .ok_or_else(|| format!("the environment variable {name} is not set (or not UTF-8)"))?;
        whole.push_str(&value);
        rest = after;
    }
    whole.push_str(rest);
    Ok(Expanded(whole))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::{expand_from, variables};

    fn expanded(text: &str) -> Result<String, String> {
        let lookup = |name: &str| (name == "SECRET").then(|| "p${SECRET}w".to_owned());
        expand_from(text, lookup).map(|text| text.reveal().to_owned())
    }

    #[test]
    fn variables_are_put_in_once() {
        assert_eq!(expanded("a ${SECRET}!").unwrap(), "a p${SECRET}w!");
        assert_eq!(
            expanded("$${SECRET} ${} ${a b} $").unwrap(),
            "${SECRET} ${} ${a b} $"
        );
        assert_eq!(variables("${A}-$${B}-${C}"), ["A", "C"]);
    }

    #[test]
    fn one_that_is_not_set_is_named() {
        let error = expanded("${OTHER}").unwrap_err();
        assert!(error.contains("OTHER"), "{error}");
    }

    #[test]
    fn no_formatting_shows_what_they_hold() {
        let text = expand_from("${A}", |_| Some("secret".to_owned())).unwrap();
        assert!(!format!("{text:?}").contains("secret"));
    }
}
