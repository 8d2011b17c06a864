//! Rules that block, answer or delay the requests of a page.

use std::sync::Arc;
use std::time::Duration;

use globset::GlobMatcher;
use serde::{Serialize, Serializer};

use crate::manifest::pages;

/// A rule for requests whose URL matches a pattern. The first matching rule of
/// a story applies.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct RequestRule {
    /// The pattern of URLs.
    pub url: UrlPattern,
    /// The method in capitals; `None` for all.
    pub method: Option<String>,
    /// The delay before the action.
    pub delay: Option<Duration>,
    /// The action.
    pub action: RequestAction,
}

/// The action of a rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RequestAction {
    /// It is sent to its server.
    Pass,
    /// It fails with a connection error.
    Block,
    /// It gets this response and is not sent.
    Respond(StubResponse),
}

/// A response from the manifest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct StubResponse {
    /// The HTTP status, 200 to 599.
    pub status: u16,
    /// Valid HTTP headers with names in lower case, including the content type
    /// of a body.
    pub headers: Vec<(String, String)>,
    /// The body, read with the manifest. It is serialized as its hash.
    #[serde(serialize_with = "as_hash")]
    pub body: Arc<[u8]>,
}

fn as_hash<S: Serializer>(body: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&blake3::hash(body).to_hex())
}

/// A pattern of whole URLs, in which `*` does not match slashes and `**` does.
/// A pattern that begins with `/` is relative to the origin of the stories.
#[derive(Clone, Debug)]
pub(crate) struct UrlPattern {
    text: String,
    matcher: GlobMatcher,
}

impl UrlPattern {
    /// Parses a pattern.
    ///
    /// # Errors
    /// When it is not a valid pattern.
    pub(in crate::manifest) fn parse(text: &str) -> Result<Self, globset::Error> {
        Ok(Self {
            text: text.to_owned(),
            matcher: pages::pattern(text)?,
        })
    }

    /// The pattern as it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it matches `address`, a whole URL without a fragment. `origin` is
    /// that of the stories, such as `http://127.0.0.1:3000`.
    pub(crate) fn matches(&self, address: &str, origin: &str) -> bool {
        if self.text.starts_with('/') {
            let below = address.strip_prefix(origin);
            return below.is_some_and(|path| self.matcher.is_match(path));
        }
        self.matcher.is_match(address)
    }

    /// Whether it matches all URLs of each host that it matches.
    pub(crate) fn is_of_whole_hosts(&self) -> bool {
        self.text.ends_with("**")
    }
}

impl PartialEq for UrlPattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Serialize for UrlPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl RequestRule {
    /// Whether it applies to requests over TLS only.
    pub(in crate::manifest) fn is_tls_only(&self) -> bool {
        self.url.text.starts_with("https:")
    }

    /// Whether this rule applies to a request.
    pub(crate) fn applies(&self, method: &str, address: &str, origin: &str) -> bool {
        self.method.as_deref().is_none_or(|own| own == method) && self.url.matches(address, origin)
    }
}

#[cfg(test)]
mod tests {
    use super::UrlPattern;

    #[test]
    fn patterns_match_whole_urls() {
        let origin = "http://127.0.0.1:3000";
        let matches = |pattern: &str, address: &str| {
            UrlPattern::parse(pattern).unwrap().matches(address, origin)
        };
        let users = "http://127.0.0.1:3000/api/users";
        for pattern in [
            "**/api/users",
            "**/api/*",
            "http://127.0.0.1:3000/api/**",
            "/api/users",
            "/api/{users,teams}",
            "**",
        ] {
            assert!(matches(pattern, users), "{pattern}");
        }
        for pattern in ["/users", "**/api", "*/users", "https://**", "/API/users"] {
            assert!(!matches(pattern, users), "{pattern}");
        }
        assert!(!matches("**/api/users", &format!("{users}?page=2")));
        assert!(matches("**/api/users*", &format!("{users}?page=2")));
        assert!(!matches("/api/users", "http://other.test/api/users"));
    }
}
