//! Tunnels for connections that cannot be inspected: TLS, web sockets.

use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use super::connector::ConnectError;
use super::response::{Body, ConnectionAborted, blocked_response, uncached_response};
use super::story_policy::{NetworkAccess, StoryPolicy};
use crate::manifest::HostPort;

/// Connects the browser to `host:port`, in general until another story is
/// loaded.
pub(super) async fn open(
    policy: &StoryPolicy,
    request: Request<Incoming>,
) -> Result<Response<Body>, ConnectionAborted> {
    let authority = request.uri().authority().ok_or(ConnectionAborted)?;
    let host = authority.to_string();
    let server = HostPort::parse(&host).ok_or(ConnectionAborted)?;
    let refused = || Ok(uncached_response(StatusCode::FORBIDDEN, Bytes::new()));
    let secure = secure_origin(&host);
    if policy.blocks(&secure) {
        policy.record_match(&secure);
        return refused();
    }
    // The request does not contain the scheme; port 443 means TLS.
    let address = if host.ends_with(":443") || policy.is_own(&secure) {
        secure
    } else {
        format!("http://{host}")
    };
    if policy.check_access(&address) == NetworkAccess::Refused {
        return refused();
    }
    let mut ended = policy.ended();
    let mut connection = match policy.connector().connect(&server).await {
        Ok(connection) => connection,
        Err(ConnectError::Blocked { host, why }) => {
            policy.record_block(&address, &host, &why);
            return Ok(blocked_response(&host, &why));
        }
        Err(ConnectError::Failed(_)) => return Err(ConnectionAborted),
    };
    // Other stories may reach the same server, unless this one has rules or
    // permissions that they do not have.
    let outlives_story = !policy.may_have_rules() && !policy.connector().allows(&server);
    tokio::spawn(async move {
        let Ok(browser) = hyper::upgrade::on(request).await else {
            return;
        };
        let mut browser = TokioIo::new(browser);
        tokio::select! {
            _ = copy_bidirectional(&mut browser, &mut connection) => {}
            _ = ended.wait_for(|ended| *ended), if !outlives_story => {}
        }
    });
    Ok(uncached_response(StatusCode::OK, Bytes::new()))
}

/// `https://host`, with its port where that is not 443.
fn secure_origin(host: &str) -> String {
    format!("https://{}", host.strip_suffix(":443").unwrap_or(host))
}
