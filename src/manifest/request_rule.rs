//! What becomes of the requests of a story: rules that block or answer them.

use std::sync::Arc;
use std::time::Duration;

use globset::GlobMatcher;
use serde::{Serialize, Serializer};

use super::files;

/// What becomes of requests whose address matches a pattern. Of a story's
/// rules the first that matches decides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RequestRule {
    /// Which addresses.
    pub url: UrlPattern,
    /// Which method, in capitals; `None` for all.
    pub method: Option<String>,
    /// How long the request is held up first.
    pub delay: Option<Duration>,
    /// What becomes of it then.
    pub action: RequestAction,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestAction {
    /// It goes where it would have gone.
    Pass,
    /// It fails, as by a broken connection.
    Block,
    /// It is answered, and reaches no server.
    Respond(StubResponse),
}

/// An answer from the manifest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StubResponse {
    /// The HTTP status, 200 to 599.
    pub status: u16,
    /// Names in lower case, and values that HTTP can carry. The content type
    /// is among them where there is one.
    pub headers: Vec<(String, String)>,
    /// The body as it was when the manifest was read. Whoever fingerprints a
    /// rule has a hash of it.
    #[serde(serialize_with = "as_hash")]
    pub body: Arc<[u8]>,
}

fn as_hash<S: Serializer>(body: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&blake3::hash(body).to_hex())
}

/// A pattern of whole addresses, in which `*` stays between two slashes and
/// `**` does not. One that begins with `/` is below the story server's origin.
#[derive(Clone, Debug)]
pub struct UrlPattern {
    text: String,
    matcher: GlobMatcher,
}

impl UrlPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn parse(text: &str) -> Result<Self, globset::Error> {
        Ok(Self {
            text: text.to_owned(),
            matcher: files::pattern(text)?,
        })
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it matches `address`, a whole address without a fragment.
    /// `origin` is the story server's: `http://127.0.0.1:3000`.
    pub fn matches(&self, address: &str, origin: &str) -> bool {
        if self.text.starts_with('/') {
            let below = address.strip_prefix(origin);
            return below.is_some_and(|path| self.matcher.is_match(path));
        }
        self.matcher.is_match(address)
    }

    /// Whether it matches all addresses of a host that it matches at all.
    pub fn is_of_whole_hosts(&self) -> bool {
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
    /// Whether it is meant for requests over TLS only.
    pub(super) fn is_of_tls(&self) -> bool {
        self.url.text.starts_with("https:")
    }

    /// Whether this rule decides on a request.
    pub fn applies(&self, method: &str, address: &str, origin: &str) -> bool {
        self.method.as_deref().is_none_or(|own| own == method) && self.url.matches(address, origin)
    }
}

#[cfg(test)]
mod tests {
    use super::UrlPattern;

    #[test]
    fn patterns_are_of_whole_addresses() {
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
