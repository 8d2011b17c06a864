//! A WebDriver command that the client has no name for.

use fantoccini::wd::WebDriverCompatibleCommand;
use serde_json::Value;

/// `POST /session/{id}/{command}`
#[derive(Debug)]
pub(super) struct Post {
    pub(super) command: &'static str,
    pub(super) body: Value,
}

impl WebDriverCompatibleCommand for Post {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        let session = session.unwrap_or_default();
        base.join(&format!("session/{session}/{}", self.command))
    }

    fn method_and_body(&self, _: &url::Url) -> (hyper::Method, Option<String>) {
        (hyper::Method::POST, Some(self.body.to_string()))
    }
}
