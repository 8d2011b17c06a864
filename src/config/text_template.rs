//! Texts of the manifest that contain `${NAME}`, to keep secrets out of it.

use std::fmt;

use serde::{Serialize, Serializer};

use super::secret::Secret;
use super::variables::Variables;
use crate::redact;

/// A text in which `${NAME}` is replaced by an environment variable, and `$${` by
/// `${`. Serialized and compared by its text, without the values.
#[derive(Clone)]
pub struct TextTemplate {
    text: String,
    variables: Variables,
}

impl TextTemplate {
    /// A text with the variables that fill it in.
    pub fn new(text: impl Into<String>, variables: &Variables) -> Self {
        Self {
            text: text.into(),
            variables: variables.clone(),
        }
    }

    /// The text as the manifest has it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text with the values of its variables.
    ///
    /// # Errors
    /// When a variable is not set or not UTF-8; the error names it.
    pub fn fill_in(&self) -> Result<Secret, UnsetVariable> {
        let filled = fill_in(&self.text, |name| {
            let value = self.variables.raw_text(name);
            // Variables keep secrets out of the manifest.
            value.inspect(|value| redact::register(value))
        });
        filled.map(Secret::new)
    }

    /// The name of the first variable in the text.
    pub fn first_variable(&self) -> Option<String> {
        let unset = fill_in(&self.text, |_| None).err()?;
        Some(unset.variable)
    }
}

/// A variable in a text of the manifest is not set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {variable} is not set or not UTF-8")]
pub struct UnsetVariable {
    /// The variable.
    pub variable: String,
}

impl PartialEq for TextTemplate {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for TextTemplate {}

impl fmt::Debug for TextTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl Serialize for TextTemplate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}

fn fill_in<'v>(
    text: &str,
    value: impl Fn(&str) -> Option<&'v str>,
) -> Result<String, UnsetVariable> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('$') {
            filled.push_str(before);
            filled.push_str("${");
            rest = behind;
            continue;
        }
        filled.push_str(before);
        let Some((name, after)) = behind.split_once('}').filter(|(name, _)| is_name(name)) else {
            filled.push_str("${");
            rest = behind;
            continue;
        };
        filled.push_str(value(name).ok_or_else(|| UnsetVariable {
            variable: name.to_owned(),
        })?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::{TextTemplate, Variables};

    fn template(text: &str) -> TextTemplate {
        TextTemplate::new(text, &Variables::from([("SECRET", "p${SECRET}w")]))
    }

    fn filled(text: &str) -> String {
        template(text).fill_in().unwrap().reveal().to_owned()
    }

    #[test]
    fn variables_are_filled_in_once() {
        assert_eq!(filled("a ${SECRET}!"), "a p${SECRET}w!");
        assert_eq!(filled("$${SECRET} ${} ${a b} $"), "${SECRET} ${} ${a b} $");
        let first = template("$${B}-${C}").first_variable();
        assert_eq!(first.as_deref(), Some("C"));
        assert_eq!(template("$${B}").first_variable(), None);
    }

    #[test]
    fn an_unset_variable_is_named() {
        let error = template("${OTHER}").fill_in().unwrap_err();
        assert_eq!(error.variable, "OTHER");
    }

    #[test]
    fn formatting_hides_the_values() {
        let template = template("${SECRET}");
        let shown = format!("{template:?} {:?}", template.fill_in());
        assert!(!shown.contains("p$"), "{shown}");
    }
}
