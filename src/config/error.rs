//! The errors of environment variables.

/// An environment variable is misspelt, or its value is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The value is not one of the choices.
    #[error("invalid value `{value}` of {variable}: expected {expected}")]
    Invalid {
        /// The variable.
        variable: &'static str,
        /// Its value, without passwords.
        value: String,
        /// The values that it takes.
        expected: String,
    },
    /// The value cannot be used, and is not shown as it may be secret.
    #[error("{variable} is invalid: {reason}")]
    Unusable {
        /// The variable.
        variable: &'static str,
        /// The reason, without the value.
        reason: String,
    },
    /// A shared run lacks what it needs.
    #[error("TINTYPE_SHARE=on needs {needs}\nhelp: {help}")]
    Share {
        /// What is missing.
        needs: &'static str,
        /// How to provide it.
        help: &'static str,
    },
    /// The name is close to that of a variable which exists.
    #[error(
        "unknown environment variable {variable}: did you mean {suggestion}?\n\
         help: rename or unset {variable}"
    )]
    Misspelt {
        /// The name that is set.
        variable: String,
        /// The name that exists.
        suggestion: &'static str,
    },
}
