//! WebDriver commands that the client library does not know.

use fantoccini::wd::WebDriverCompatibleCommand;
use serde_json::Value;

/// `POST /session/{id}/{command}`
#[derive(Debug)]
pub(in crate::browser) struct RawCommand {
    pub(in crate::browser) command: &'static str,
    pub(in crate::browser) body: Value,
}

impl WebDriverCompatibleCommand for RawCommand {
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
