//! Removes secrets from texts.
//!
//! A secret is registered when it becomes known: credentials when they are
//! filled in, cookies and storage when a log-in has won them. Everything that
//! leaves the process as text is redacted: messages, records, reports, logs. A
//! secret is found as it is, percent-encoded, escaped in JSON, and in Base64.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::percent_decode_str;

/// Replaces secrets.
const REDACTED: &str = "***";

/// Shorter texts are not redacted, since they occur everywhere.
const MIN_LENGTH: usize = 4;

/// The same for values that a log-in has won, as not all of them are secret:
/// `en-US`.
const MIN_WON_LENGTH: usize = 8;

/// The same for values inside of JSON.
const MIN_INNER_LENGTH: usize = 12;

/// Longer values are documents; only values inside of them are redacted.
const MAX_LENGTH: usize = 8 << 10;

/// The most secrets, so that a page cannot make redaction slow.
const MAX_SECRETS: usize = 2_000;

static SECRETS: RwLock<Vec<String>> = RwLock::new(Vec::new());

/// Registers a secret, and the part after a word such as `Bearer`.
pub fn register(secret: &str) {
    let token = secret.split_once(' ').map(|(_, token)| token);
    for part in [secret].into_iter().chain(token) {
        if part.len() >= MIN_LENGTH {
            add(forms(part));
        }
    }
}

/// Registers a cookie or an entry of the storage that a log-in has won: the
/// value, and the values of a JSON document.
pub(crate) fn register_won(value: &str) {
    let decoded = percent_decode_str(value).decode_utf8_lossy();
    let mut found = vec![value.to_owned(), decoded.clone().into_owned()];
    found.retain(|value| (MIN_WON_LENGTH..=MAX_LENGTH).contains(&value.len()));
    if let Ok(json) = serde_json::from_str(&decoded) {
        push_tokens(&json, &mut found);
    }
    for value in found {
        add(forms(&value));
    }
}

/// The strings of a JSON document that may be tokens.
fn push_tokens(json: &serde_json::Value, out: &mut Vec<String>) {
    use serde_json::Value;
    match json {
        Value::String(text) => {
            let is_long = (MIN_INNER_LENGTH..=MAX_LENGTH).contains(&text.len());
            if is_long && !text.contains(char::is_whitespace) {
                out.push(text.clone());
            }
        }
        Value::Array(values) => values.iter().for_each(|value| push_tokens(value, out)),
        Value::Object(entries) => entries.values().for_each(|value| push_tokens(value, out)),
        _ => {}
    }
}

fn add(forms: Vec<String>) {
    let mut secrets = SECRETS.write().unwrap_or_else(PoisonError::into_inner);
    for form in forms {
        if secrets.len() < MAX_SECRETS && !secrets.contains(&form) {
            secrets.push(form);
        }
    }
    // A secret that contains another is replaced as a whole.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
}

/// The secret and its forms in Base64. Those depend on the number of bytes
/// before the secret, and their ends on the bytes beside it.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    for before in 0..3 {
        let bytes = [&[0; 3][..before], secret.as_bytes()].concat();
        let (start, end) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
        for encoded in [
            STANDARD_NO_PAD.encode(&bytes),
            URL_SAFE_NO_PAD.encode(&bytes),
        ] {
            forms.extend(encoded.get(start..end).map(str::to_owned));
        }
    }
    forms.retain(|form| form.len() >= MIN_LENGTH);
    forms
}

/// A text without secrets, and without the passwords of URLs.
pub fn redact(text: &str) -> Cow<'_, str> {
    let secrets = SECRETS.read().unwrap_or_else(PoisonError::into_inner);
    match redact_all(text, &secrets) {
        Cow::Borrowed(text) => hide_passwords(text),
        Cow::Owned(text) => Cow::Owned(hide_passwords(&text).into_owned()),
    }
}

/// Replaces the password of each URL, or the user name of one without a
/// password: some services accept a token as the user name.
fn hide_passwords(text: &str) -> Cow<'_, str> {
    if !text.contains("://") || !text.contains('@') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        out.push_str(before);
        out.push_str("://");
        rest = after;
        if let Some(end) = end_of_userinfo(after) {
            if let Some((user, _)) = after[..end].split_once(':') {
                out.push_str(user);
                out.push(':');
            }
            out.push_str(REDACTED);
            rest = &after[end..];
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Where the `@` after user and password of a URL is.
fn end_of_userinfo(after_scheme: &str) -> Option<usize> {
    let is_outside = |c: char| c.is_whitespace() || "\"'`<>".contains(c);
    let url = after_scheme.split(is_outside).next().unwrap_or_default();
    let authority = url.split(['/', '?', '#']).next().unwrap_or_default();
    if let Some(end) = authority.rfind('@') {
        return Some(end);
    }
    // A password with a special character that is not encoded. A port is a number.
    let (_, port) = authority.split_once(':')?;
    let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let is_ipv6 = authority.starts_with('[');
    (!is_port && !is_ipv6).then(|| url.rfind('@')).flatten()
}

fn redact_all<'t>(text: &'t str, secrets: &[String]) -> Cow<'t, str> {
    let mut text = Cow::Borrowed(text);
    for secret in secrets {
        if text.contains(secret.as_str()) {
            text = Cow::Owned(text.replace(secret.as_str(), REDACTED));
        }
        if let Some(replaced) = replace_encoded(&text, secret.as_bytes()) {
            text = Cow::Owned(replaced);
        }
    }
    text
}

/// The text with `***` for every place where it encodes the secret; `None` if
/// it does not.
fn replace_encoded(text: &str, secret: &[u8]) -> Option<String> {
    if !text.contains(['%', '\\', '+']) {
        return None;
    }
    let bytes = text.as_bytes();
    let mut out: Option<String> = None;
    let (mut copied, mut at) = (0, 0);
    while at < bytes.len() {
        match encoded_length(&bytes[at..], secret) {
            Some(length) => {
                let out = out.get_or_insert_default();
                out.push_str(&text[copied..at]);
                out.push_str(REDACTED);
                at += length;
                copied = at;
            }
            None => at += 1,
        }
    }
    out.map(|out| out + &text[copied..])
}

/// The number of bytes at the start of `text` that encode the secret.
fn encoded_length(text: &[u8], secret: &[u8]) -> Option<usize> {
    let mut at = 0;
    for &byte in secret {
        at += encoded_byte_length(&text[at..], byte)?;
    }
    Some(at)
}

/// The number of bytes at the start of `text` that stand for `byte`: itself,
/// `%2B`, `+` for a space, `\"` or `\u002b`.
fn encoded_byte_length(text: &[u8], byte: u8) -> Option<usize> {
    let number = |digits: Option<&[u8]>| {
        let digits = std::str::from_utf8(digits?).ok()?;
        u16::from_str_radix(digits, 16).ok()
    };
    let byte_value = Some(u16::from(byte));
    match *text.first()? {
        b'%' if number(text.get(1..3)) == byte_value => Some(3),
        b'\\' if text.get(1) == Some(&b'u') && number(text.get(2..6)) == byte_value => Some(6),
        b'\\' if text.get(1) == Some(&byte) && b"\"\\/'".contains(&byte) => Some(2),
        b'+' if byte == b' ' => Some(1),
        first => (first == byte).then_some(1),
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    use super::*;

    fn redacted(text: &str, secret: &str) -> String {
        redact_all(text, &forms(secret)).into_owned()
    }

    #[test]
    fn secrets_are_found_in_every_encoding() {
        let secret = "pa%s/w+rd \"x\"=ü?";
        let json = serde_json::to_string(secret).unwrap();
        let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let all = percent_encoding::NON_ALPHANUMERIC;
        let percent = percent_encoding::utf8_percent_encode(secret, all).to_string();
        for text in [
            secret.to_owned(),
            json.clone(),
            json.replace('/', "\\/"),
            json.replace('+', "\\u002B"),
            form.clone(),
            form.to_lowercase(),
            percent.clone(),
            percent.to_lowercase(),
        ] {
            let line = format!("a {text} b");
            let shown = redacted(&line, secret);
            assert!(shown.starts_with("a ") && shown.ends_with(" b"), "{shown}");
            assert!(
                shown.contains("***") && !shown.contains("rd"),
                "{line}: {shown}"
            );
        }
    }

    #[test]
    fn secrets_are_found_in_base64_at_every_position() {
        for secret in ["swordfish", "swordfish!", "swordfish?>"] {
            for before in ["", "a", "ab", "ada:", "abcd:"] {
                for after in ["", "z", "zz", "zzz"] {
                    let bytes = format!("{before}{secret}{after}");
                    for encoded in [STANDARD.encode(&bytes), URL_SAFE.encode(&bytes)] {
                        for shown in [&encoded, &encoded.replace('+', "%2B")] {
                            let shown = redacted(&format!("Basic {shown}"), secret);
                            let left = shown.strip_prefix("Basic ").unwrap();
                            // What is left encodes what stands beside it.
                            let beside = before.len() + after.len() + 4;
                            assert!(left.contains("***"), "{bytes}: {shown}");
                            assert!(left.len() <= beside * 4 / 3 + 8, "{bytes}: {shown}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn other_texts_stay() {
        for text in ["", "100 % of 5", "a\\b \\u00", "%", "%2", "50%+", "ünï%C3"] {
            assert_eq!(redacted(text, "swordfish"), text);
        }
        assert!(matches!(
            redact_all("plain", &forms("swordfish")),
            Cow::Borrowed(_)
        ));
    }

    #[test]
    fn passwords_of_urls_are_hidden() {
        for (text, expected) in [
            (
                "at http://ada:pw@grid:4444/x failed",
                "at http://ada:***@grid:4444/x failed",
            ),
            ("https://token@host", "https://***@host"),
            ("`redis://:p@ss@host`", "`redis://:***@host`"),
            ("http://ada:p/w@host/", "http://ada:***@host/"),
            ("http://ada:p?w@host/", "http://ada:***@host/"),
            ("http://a:x@b http://c:y@d", "http://a:***@b http://c:***@d"),
        ] {
            assert_eq!(redact(text), expected);
        }
        for text in [
            "https://unpkg.com/@scope/pkg",
            "http://127.0.0.1:8080/vue@3",
            "http://[::1]:80/a@b",
            "mail ada@example.org",
            "button@firefox::dark::1x1",
        ] {
            assert_eq!(redact(text), text);
        }
    }

    #[test]
    fn what_a_login_has_won_is_registered() {
        register_won("s%3Awon-cookie-1.abc");
        register_won(r#"{"auth":{"token":"won-token-2345"},"lang":"en","name":"Ada of Lovelace"}"#);
        register_won("en-US");
        let text = "s:won-cookie-1.abc s%3Awon-cookie-1.abc won-token-2345 en-US Ada of Lovelace";
        assert_eq!(redact(text), "*** *** *** en-US Ada of Lovelace");
        register("Bearer registered-3456");
        assert_eq!(redact("with registered-3456"), "with ***");
    }
}
