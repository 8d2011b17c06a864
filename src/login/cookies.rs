//! Parses cookies: JSON, a Netscape cookie file (as written by `curl -c -`), or
//! the `Set-Cookie` headers of a response.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::browser::Cookie;

/// The supported JSON formats.
#[derive(Deserialize)]
#[serde(untagged)]
enum CookieJson {
    /// A storage state of Playwright.
    State { cookies: Vec<Cookie> },
    /// An export of browser tools.
    List(Vec<Cookie>),
    /// Names and values.
    Plain(BTreeMap<String, String>),
}

/// Parses cookies in any of the three formats.
///
/// # Errors
/// When there are none, or a line is invalid. Errors do not contain the input.
pub(crate) fn parse_cookies(text: &str) -> Result<Vec<Cookie>, String> {
    let cookies = match text.trim_start().chars().next() {
        Some('{' | '[') => json(text)?,
        _ if text.lines().any(|line| line.split('\t').count() == 7) => lines(text, netscape)?,
        _ => lines(text, set_cookie)?,
    };
    if cookies.is_empty() {
        return Err("no cookies found".to_owned());
    }
    Ok(cookies)
}

fn json(text: &str) -> Result<Vec<Cookie>, String> {
    // The message of serde would contain the input.
    let read = serde_json::from_str(text).map_err(|_| {
        "expected JSON of the form { \"name\": \"value\" } or a list of \
         { \"name\": …, \"value\": … }"
    })?;
    Ok(match read {
        CookieJson::State { cookies } | CookieJson::List(cookies) => cookies,
        CookieJson::Plain(pairs) => pairs
            .into_iter()
            .map(|(name, value)| Cookie {
                name,
                value,
                ..Cookie::default()
            })
            .collect(),
    })
}

/// Parses the lines, except empty ones and comments.
fn lines(text: &str, read: fn(&str) -> Option<Option<Cookie>>) -> Result<Vec<Cookie>, String> {
    let mut cookies = Vec::new();
    for (index, line) in text.lines().enumerate() {
        match read(line.trim_end()) {
            Some(cookie) => cookies.extend(cookie),
            None => return Err(format!("line {} is not a valid cookie", index + 1)),
        }
    }
    Ok(cookies)
}

/// Parses `domain, include subdomains, path, secure, expires, name, value`,
/// separated by tabs.
fn netscape(line: &str) -> Option<Option<Cookie>> {
    let (http_only, line) = match line.strip_prefix("#HttpOnly_") {
        Some(rest) => (true, rest),
        None if line.starts_with('#') || line.is_empty() => return Some(None),
        None => (false, line),
    };
    let mut fields = line.split('\t');
    let mut next = || fields.next();
    let (domain, _, path) = (next()?, next()?, next()?);
    let (secure, expires) = (next()?, next()?.parse().ok()?);
    let (name, value) = (next()?, next().unwrap_or_default());
    Some(Some(Cookie {
        name: name.to_owned(),
        value: value.to_owned(),
        domain: Some(domain.to_owned()),
        path: Some(path.to_owned()),
        secure: secure == "TRUE",
        http_only,
        same_site: None,
        expires: Some(expires),
    }))
}

/// Parses `Set-Cookie: name=value; Path=/; HttpOnly`, with or without the name
/// of the header. `Max-Age` and `Expires` are ignored in favour of the login's
/// `ttl`. Other headers are skipped.
fn set_cookie(line: &str) -> Option<Option<Cookie>> {
    let start = line.get(..11).unwrap_or_default();
    let line = if start.eq_ignore_ascii_case("set-cookie:") {
        &line[11..]
    } else if line.is_empty() || line.starts_with("HTTP/") || is_header(line) {
        return Some(None);
    } else {
        line
    };
    let mut parts = line.split(';').map(str::trim);
    let (name, value) = parts.next()?.split_once('=')?;
    let mut cookie = Cookie {
        name: name.to_owned(),
        value: value.to_owned(),
        ..Cookie::default()
    };
    for part in parts {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        match key.to_ascii_lowercase().as_str() {
            "domain" => cookie.domain = Some(format!(".{}", value.trim_start_matches('.'))),
            "path" => cookie.path = Some(value.to_owned()),
            "secure" => cookie.secure = true,
            "httponly" => cookie.http_only = true,
            "samesite" => cookie.same_site = same_site(value),
            _ => {}
        }
    }
    (!cookie.name.is_empty()).then_some(Some(cookie))
}

/// Whether a line is a header such as `Content-Type: text/html`, unlike
/// `name=value; Path=/`.
fn is_header(line: &str) -> bool {
    let name = line.split(':').next().unwrap_or_default();
    name.len() < line.len() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn same_site(word: &str) -> Option<String> {
    ["Strict", "Lax", "None"]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(word))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::parse_cookies as parse;
    use crate::browser::Cookie;

    fn names(text: &str) -> Vec<String> {
        let cookies = parse(text).unwrap();
        let shown = |c: Cookie| format!("{}={} {:?} {:?}", c.name, c.value, c.domain, c.path);
        cookies.into_iter().map(shown).collect()
    }

    #[test]
    fn json_in_three_formats() {
        let cookie =
            r#"{"name":"sid","value":"a=b","httpOnly":true,"domain":"x.org","expires":-1}"#;
        for text in [
            format!("[{cookie}]"),
            format!("{{\"cookies\":[{cookie}],\"origins\":[]}}"),
        ] {
            let read = parse(&text).unwrap();
            assert!(read[0].http_only && !read[0].secure);
            assert_eq!(names(&text), ["sid=a=b Some(\"x.org\") None"]);
        }
        assert_eq!(names("{\"sid\": \"x\"}"), ["sid=x None None"]);
    }

    #[test]
    fn a_netscape_cookie_file() {
        let text = "# Netscape HTTP Cookie File\n\n#HttpOnly_127.0.0.1\tFALSE\t/\tFALSE\t0\tsid\tx y\n.x.org\tTRUE\t/a\tTRUE\t1900000000\tb\t\n";
        assert_eq!(
            names(text),
            [
                "sid=x y Some(\"127.0.0.1\") Some(\"/\")",
                "b= Some(\".x.org\") Some(\"/a\")"
            ]
        );
        let read = parse(text).unwrap();
        assert!(read[0].http_only && !read[1].http_only && read[1].secure);
    }

    #[test]
    fn set_cookie_headers() {
        let text = "HTTP/1.1 303 See Other\r\ncontent-type: text/html\r\nset-cookie: sid=a=b; Path=/x; HttpOnly; SameSite=lax; Domain=x.org\r\n\r\n";
        assert_eq!(names(text), ["sid=a=b Some(\".x.org\") Some(\"/x\")"]);
        assert_eq!(parse(text).unwrap()[0].same_site.as_deref(), Some("Lax"));
        assert_eq!(
            names("a=1; Path=/\nb=2\n"),
            ["a=1 None Some(\"/\")", "b=2 None None"]
        );
    }

    #[test]
    fn errors_name_lines_but_no_content() {
        for text in ["", "\n", "{}", "[]"] {
            assert_eq!(parse(text).unwrap_err(), "no cookies found");
        }
        for text in [
            "sid=1\nswordfish\n",
            "{\"swordfish\": 1}",
            "a\tb\tc\td\tswordfish\tf\tg",
        ] {
            let error = parse(text).unwrap_err();
            assert!(!error.contains("swordfish"), "{error}");
        }
        assert_eq!(
            parse("sid=1\nx\n").unwrap_err(),
            "line 2 is not a valid cookie"
        );
    }
}
