//! The HTTP client for services outside of the run: webhooks and collectors of
//! traces.

use std::time::Duration;

/// A client that follows no redirects, whose requests take at most `timeout`.
pub(crate) fn client(timeout: Duration) -> Result<reqwest::Client, String> {
    // The first library that asks decides; `tls` chooses the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .timeout(timeout)
        .redirect(reqwest::redirect::Policy::none());
    builder.build().map_err(reason)
}

/// An error with its causes, without the address, which may be a secret.
pub(crate) fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text += &format!(": {cause}");
        source = cause.source();
    }
    text
}
