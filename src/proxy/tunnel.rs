//! Connections that nobody can look into: TLS, WebSockets.

use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;

use super::answer::{Body, Broken, plain};
use super::scene::{Pass, Scene};

/// Connects the browser with `host:port`, for as long as the story is shown.
pub(super) async fn open(
    scene: &Scene,
    request: Request<Incoming>,
) -> Result<Response<Body>, Broken> {
    let host = request.uri().authority().ok_or(Broken)?.to_string();
    let refused = || Ok(plain(StatusCode::FORBIDDEN, Bytes::new()));
    let secure = secure_origin(&host);
    if scene.blocks(&secure) {
        scene.ruled(&secure);
        return refused();
    }
    // The browser does not say what it is for; port 443 speaks for itself.
    let address = if host.ends_with(":443") || scene.is_own(&secure) {
        secure
    } else {
        format!("http://{host}")
    };
    if scene.pass(&address) == Pass::Refused {
        return refused();
    }
    let mut over = scene.over();
    let mut server = TcpStream::connect(&host).await.map_err(|_| Broken)?;
    tokio::spawn(async move {
        let Ok(browser) = hyper::upgrade::on(request).await else {
            return;
        };
        let mut browser = TokioIo::new(browser);
        tokio::select! {
            _ = copy_bidirectional(&mut browser, &mut server) => {}
            _ = over.wait_for(|over| *over) => {}
        }
    });
    Ok(plain(StatusCode::OK, Bytes::new()))
}

/// `https://host`, with its port where that is not 443.
fn secure_origin(host: &str) -> String {
    format!("https://{}", host.strip_suffix(":443").unwrap_or(host))
}
