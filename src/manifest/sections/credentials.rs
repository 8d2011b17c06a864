//! `headers`, `cookies`, `basic-auth` and `insecure` of `[stories]`.

use crate::config::Secret;
use crate::manifest::error::Problem;
use crate::manifest::reader::{Problems, Table, Value};
use crate::manifest::types::CredentialTemplates;

/// The credentials with their places in the manifest.
pub(super) struct ReadCredentials<'a> {
    pub(super) credentials: CredentialTemplates,
    keys: Vec<Value<'a>>,
}

/// Reads the credentials.
pub(super) fn read<'a>(table: &mut Table<'a>, problems: &mut Problems) -> ReadCredentials<'a> {
    let keys = ["headers", "cookies", "basic-auth", "insecure"].map(|key| table.take(key));
    let [headers, cookies, basic_auth, insecure] = &keys;
    let basic_auth = basic_auth.as_ref();
    let insecure = insecure.as_ref().and_then(|v| v.flag(problems));
    let credentials = CredentialTemplates {
        headers: texts(headers.as_ref(), check_header, problems),
        cookies: texts(cookies.as_ref(), check_cookie, problems),
        basic_auth: basic_auth.and_then(|v| self::basic_auth(v, problems)),
        insecure: insecure.unwrap_or(false),
    };
    ReadCredentials {
        credentials,
        keys: keys.into_iter().flatten().collect(),
    }
}

/// Refuses credentials for a folder.
pub(super) fn require_server(read: &ReadCredentials<'_>, problems: &mut Problems) {
    for key in &read.keys {
        problems.add(key.wrong("requires `url` in [stories]"));
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
        if let Err(reason) = check(entry.name) {
            let message = format!("`{}` {reason}", entry.name);
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
        problems.add(problem.help("write { user = \"ada\", password = \"${PASSWORD}\" }"));
        return None;
    };
    secret(&user, problems).zip(secret(&password, problems))
}

/// A string in which every `${` begins a variable.
fn secret(value: &Value<'_>, problems: &mut Problems) -> Option<Secret> {
    let text = value.text(problems)?;
    let mut rest = text;
    while let Some((_, tail)) = rest.split_once("${") {
        let name = tail.split_once('}').map(|(name, _)| name);
        if !name.is_some_and(is_variable_name) {
            let problem = value.wrong("contains `${` without the name of a variable");
            problems.add(problem.help("write variables as in \"Bearer ${TOKEN}\""));
            return None;
        }
        rest = tail;
    }
    Some(Secret::new(text))
}

fn is_variable_name(name: &str) -> bool {
    let mut letters = name.chars();
    let first = letters.next();
    first.is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn check_header(name: &str) -> Result<(), &'static str> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    match name.to_ascii_lowercase().as_str() {
        "cookie" => Err("cannot be set in `headers`: set cookies in `cookies`"),
        "host" | "connection" | "content-length" | "transfer-encoding" => {
            Err("cannot be set in `headers`: the browser sets it")
        }
        name if !name.is_empty() && name.bytes().all(is_token) => Ok(()),
        _ => Err("is not a valid header name"),
    }
}

fn check_cookie(name: &str) -> Result<(), &'static str> {
    let is_token = |byte: u8| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?={}".contains(&byte);
    if !name.is_empty() && name.bytes().all(is_token) {
        Ok(())
    } else {
        Err("is not a valid cookie name")
    }
}
