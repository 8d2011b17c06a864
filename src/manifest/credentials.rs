//! What a server wants to see before it answers: headers, cookies, a password.
//!
//! The manifest holds texts that may name environment variables, `${TOKEN}`.
//! They are filled in when a run begins, and only then, so that whoever lists
//! or accepts needs no secret. What has been filled in is never shown.

use std::borrow::Cow;

use crate::config::{Secret, Variables};

use super::error::Problem;
use super::reader::{Problems, Table, Value};

/// What stands in place of a secret in messages.
const COVER: &str = "***";

/// Shorter texts are not looked for in messages: they stand everywhere.
const SHORTEST_SECRET: usize = 4;

/// What `[stories]` says about getting in, before variables are filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CredentialTemplates {
    /// Sent with every request of the page.
    pub headers: Vec<(String, Secret)>,
    /// Set for the server's address.
    pub cookies: Vec<(String, Secret)>,
    /// User and password for a server that asks for them.
    pub basic_auth: Option<(Secret, Secret)>,
    /// Whether a certificate that nobody vouches for is good enough.
    pub insecure: bool,
}

/// The same with all variables filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Sent with every request of the page.
    pub headers: Vec<(String, Secret)>,
    /// Set for the server's address.
    pub cookies: Vec<(String, Secret)>,
    /// User and password for a server that asks for them.
    pub basic_auth: Option<(Secret, Secret)>,
    /// Whether a certificate that nobody vouches for is good enough.
    pub insecure: bool,
}

/// Why there are no credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// A variable that a text names is not set.
    #[error("{place} needs the environment variable {variable}, which is not set")]
    NotSet {
        /// `` `Authorization` in `headers` ``
        place: String,
        /// Its name.
        variable: String,
    },
    /// What a variable holds cannot be sent.
    #[error("{place} is not what can be sent: it has a line break or another control character")]
    Control {
        /// `` `Authorization` in `headers` ``
        place: String,
    },
}

impl CredentialTemplates {
    /// Fills the variables in.
    ///
    /// # Errors
    /// When one is not set, or holds what cannot be sent.
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
        Ok(Credentials {
            headers: all(&self.headers, "headers")?,
            cookies: all(&self.cookies, "cookies")?,
            basic_auth,
            insecure: self.insecure,
        })
    }
}

impl Credentials {
    /// Whether there is nothing to present.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// A text without any of the secrets that may stand in it.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let values = self
            .headers
            .iter()
            .chain(&self.cookies)
            .map(|(_, value)| value);
        let password = self.basic_auth.iter().map(|(_, password)| password);
        let mut text = Cow::Borrowed(text);
        for secret in values.chain(password).flat_map(parts) {
            if text.contains(secret) {
                text = Cow::Owned(text.replace(secret, COVER));
            }
        }
        text
    }
}

/// A secret, and what stands behind a word such as `Bearer`.
fn parts(secret: &Secret) -> impl Iterator<Item = &str> {
    let whole = secret.reveal();
    let token = whole.split_once(' ').map(|(_, token)| token);
    let both = std::iter::once(whole).chain(token);
    both.filter(|part| part.len() >= SHORTEST_SECRET)
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

/// The first `${NAME}` of a text, with what stands around it.
fn variable(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("${")?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

/// What was read, and where.
pub(super) struct Read<'a> {
    pub(super) credentials: CredentialTemplates,
    keys: Vec<Value<'a>>,
}

/// Reads `headers`, `cookies`, `basic-auth` and `insecure`.
pub(super) fn read<'a>(table: &mut Table<'a>, problems: &mut Problems) -> Read<'a> {
    let keys = ["headers", "cookies", "basic-auth", "insecure"].map(|key| table.take(key));
    let [headers, cookies, basic_auth, insecure] = &keys;
    let credentials = CredentialTemplates {
        headers: texts(headers.as_ref(), header_name, problems),
        cookies: texts(cookies.as_ref(), cookie_name, problems),
        basic_auth: basic_auth
            .as_ref()
            .and_then(|v| self::basic_auth(v, problems)),
        insecure: insecure
            .as_ref()
            .and_then(|v| v.flag(problems))
            .unwrap_or(false),
    };
    Read {
        credentials,
        keys: keys.into_iter().flatten().collect(),
    }
}

/// Says of each key that it means nothing for a folder.
pub(super) fn only_for_servers(read: &Read<'_>, problems: &mut Problems) {
    for key in &read.keys {
        problems.add(key.wrong("is for the server of a `url`, and there is none"));
    }
}

/// Names with their texts, in the order of their lines.
fn texts(
    value: Option<&Value<'_>>,
    check: fn(&str) -> Result<(), &'static str>,
    problems: &mut Problems,
) -> Vec<(String, Secret)> {
    let table = value.and_then(|value| value.table(problems));
    let mut texts = Vec::new();
    for entry in table.map(Table::named).into_iter().flatten() {
        if let Err(why) = check(entry.name) {
            let message = format!("`{}` {why}", entry.name);
            problems.add(Problem::new(entry.name_span.clone(), message));
        } else if let Some(text) = secret(&entry.value, problems) {
            texts.push((entry.name.to_owned(), text));
        }
    }
    texts
}

fn basic_auth(value: &Value<'_>, problems: &mut Problems) -> Option<(Secret, Secret)> {
    let mut table = value.table(problems)?;
    let (user, password) = (table.take("user"), table.take("password"));
    table.finish(problems);
    let (Some(user), Some(password)) = (user, password) else {
        let problem = value.wrong("needs both `user` and `password`");
        problems.add(problem.help("{ user = \"ada\", password = \"${PASSWORD}\" }"));
        return None;
    };
    secret(&user, problems).zip(secret(&password, problems))
}

/// A text whose every `${` names a variable.
fn secret(value: &Value<'_>, problems: &mut Problems) -> Option<Secret> {
    let text = value.text(problems)?;
    let mut rest = text;
    while let Some((_, tail)) = rest.split_once("${") {
        let name = tail.split_once('}').map(|(name, _)| name);
        let plain = |name: &str| {
            let mut letters = name.chars();
            letters
                .next()
                .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
                && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        if !name.is_some_and(plain) {
            let problem = value.wrong("has a `${` that names no variable");
            problems.add(problem.help("variables are named like this: \"Bearer ${TOKEN}\""));
            return None;
        }
        rest = tail;
    }
    Some(Secret::new(text))
}

fn header_name(name: &str) -> Result<(), &'static str> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    match name.to_ascii_lowercase().as_str() {
        "cookie" => Err("is sent by the browser: name cookies in `cookies`"),
        "host" | "connection" | "content-length" | "transfer-encoding" => {
            Err("is the browser's own affair")
        }
        name if !name.is_empty() && name.bytes().all(token) => Ok(()),
        _ => Err("is no name of a header"),
    }
}

fn cookie_name(name: &str) -> Result<(), &'static str> {
    let token = |byte: u8| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?={}".contains(&byte);
    if !name.is_empty() && name.bytes().all(token) {
        Ok(())
    } else {
        Err("is no name of a cookie")
    }
}

#[cfg(test)]
mod tests {
    use super::{CredentialTemplates, CredentialsError, Secret, Variables};

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
        let filled = credentials()
            .fill_in(&variables(["TOKEN-secret", "A-secret", "B-secret"]))
            .unwrap();
        let shown = filled.redact("refused Bearer TOKEN-secret, password TOKEN-secret, ada");
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
