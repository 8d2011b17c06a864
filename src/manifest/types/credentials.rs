//! Credentials for the server of the stories.
//!
//! Texts of the manifest may contain environment variables, `${TOKEN}`. They
//! are filled in when a run starts, so that listing and accepting need no
//! secrets. Filled-in texts are never shown.

use crate::config::{Secret, Variables};
use crate::redact;

/// The credentials of `[stories]`, before variables are filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CredentialTemplates {
    /// Headers of every request of the page.
    pub headers: Vec<(String, Secret)>,
    /// Cookies of the server.
    pub cookies: Vec<(String, Secret)>,
    /// User and password for HTTP basic authentication.
    pub basic_auth: Option<(Secret, Secret)>,
    /// Whether invalid TLS certificates are accepted.
    pub insecure: bool,
}

/// Credentials with all variables filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Headers of every request of the page.
    pub headers: Vec<(String, Secret)>,
    /// Cookies of the server.
    pub cookies: Vec<(String, Secret)>,
    /// User and password for HTTP basic authentication.
    pub basic_auth: Option<(Secret, Secret)>,
    /// Whether invalid TLS certificates are accepted.
    pub insecure: bool,
}

/// Credentials could not be filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// A variable is not set.
    #[error("{place} needs the environment variable {variable}, which is not set")]
    NotSet {
        /// `` `Authorization` in `headers` ``
        place: String,
        /// Its name.
        variable: String,
    },
    /// The value of a variable cannot be sent.
    #[error("{place} contains a line break or another control character, which cannot be sent")]
    Control {
        /// `` `Authorization` in `headers` ``
        place: String,
    },
}

impl CredentialTemplates {
    /// Fills the variables in.
    ///
    /// # Errors
    /// When one is not set, or its value cannot be sent.
    pub fn fill_in(&self, variables: &Variables) -> Result<Credentials, CredentialsError> {
        let fill = |text: &Secret, place: String| fill(text, place, variables);
        let all = |texts: &[(String, Secret)], key: &str| {
            let one = |(name, text): &(String, Secret)| {
                let filled = fill(text, format!("`{name}` in `{key}` of [stories]"))?;
                Ok((name.clone(), filled))
            };
            texts.iter().map(one).collect::<Result<Vec<_>, _>>()
        };
        let basic_auth = match &self.basic_auth {
            Some((user, password)) => Some((
                fill(user, "`user` in `basic-auth` of [stories]".to_owned())?,
                fill(
                    password,
                    "`password` in `basic-auth` of [stories]".to_owned(),
                )?,
            )),
            None => None,
        };
        let credentials = Credentials {
            headers: all(&self.headers, "headers")?,
            cookies: all(&self.cookies, "cookies")?,
            basic_auth,
            insecure: self.insecure,
        };
        credentials.register();
        Ok(credentials)
    }
}

impl Credentials {
    /// Keeps them out of messages.
    fn register(&self) {
        let pairs = self.headers.iter().chain(&self.cookies);
        let values = pairs.map(|(_, value)| value);
        let password = self.basic_auth.iter().map(|(_, password)| password);
        for secret in values.chain(password) {
            redact::register(secret.reveal());
        }
    }

    /// Whether there are no credentials.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn fill(text: &Secret, place: String, variables: &Variables) -> Result<Secret, CredentialsError> {
    let mut filled = String::new();
    let mut rest = text.reveal();
    while let Some((before, variable, after)) = variable(rest) {
        filled.push_str(before);
        match variables.raw_text(variable) {
            Some(value) => filled.push_str(value),
            None => {
                let variable = variable.to_owned();
                return Err(CredentialsError::NotSet { place, variable });
            }
        }
        rest = after;
    }
    filled.push_str(rest);
    if filled.chars().any(char::is_control) {
        return Err(CredentialsError::Control { place });
    }
    Ok(Secret::new(filled))
}

/// The first `${NAME}` of a text, with the text before and after it.
fn variable(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("${")?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

#[cfg(test)]
mod tests {
    use super::{CredentialTemplates, CredentialsError, Secret, Variables, redact};

    fn variables(values: [&str; 3]) -> Variables {
        ["TOKEN", "A", "B"].into_iter().zip(values).collect()
    }

    fn credentials() -> CredentialTemplates {
        CredentialTemplates {
            headers: vec![("Authorization".into(), Secret::new("Bearer ${TOKEN}"))],
            cookies: vec![("session".into(), Secret::new("a${A}b${B}c"))],
            basic_auth: Some((Secret::new("ada"), Secret::new("${TOKEN}"))),
            insecure: false,
        }
    }

    #[test]
    fn secrets_are_filled_in_and_never_shown() {
        let filled = credentials()
            .fill_in(&variables(["<TOKEN-secret>", "<A-secret>", "<B-secret>"]))
            .unwrap();
        assert_eq!(filled.headers[0].1.reveal(), "Bearer <TOKEN-secret>");
        assert_eq!(filled.cookies[0].1.reveal(), "a<A-secret>b<B-secret>c");
        let shown = format!("{filled:?} {:?}", credentials());
        assert!(!shown.contains("secret") && !shown.contains('$'), "{shown}");
    }

    #[test]
    fn redaction_removes_secrets_from_messages() {
        credentials()
            .fill_in(&variables(["TOKEN-secret", "A-secret", "B-secret"]))
            .unwrap();
        let shown = redact::redact("refused Bearer TOKEN-secret, password TOKEN-secret, ada");
        assert_eq!(shown, "refused ***, password ***, ada");
    }

    #[test]
    fn an_unset_variable_is_named_with_its_place() {
        let error = credentials()
            .fill_in(&Variables::from([("TOKEN", "")]))
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "`session` in `cookies` of [stories] needs the environment variable A, which is not set"
        );
        let error = credentials()
            .fill_in(&variables(["a\r\nX: y"; 3]))
            .unwrap_err();
        assert!(matches!(error, CredentialsError::Control { .. }));
    }
}
