//! A small app for the tests that records its requests.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, WWW_AUTHENTICATE};
use hyper::{Request, Response, StatusCode};
use tower_service::Service;

/// The pages of an app:
/// - `/open` is for everybody;
/// - `/headers` needs `X-Token: sesame-by-header`;
/// - `/cookies` needs the cookie `session=sesame-by-cookie`;
/// - `/password` needs the user `ada` with the password `sesame-by-password`;
/// - `/menu` has a menu that a button opens and shuts.
#[derive(Clone, Default)]
pub(crate) struct App {
    seen: Arc<Mutex<Vec<String>>>,
}

impl App {
    /// The requested paths, in order.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    fn answer(&self, request: &Request<Incoming>) -> Response<String> {
        let path = request.uri().path().to_owned();
        self.seen.lock().unwrap().push(path.clone());
        let header = |name: &str| {
            let value = request.headers().get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        let cookie = header(COOKIE.as_str()).unwrap_or_default();
        let authorization = header(AUTHORIZATION.as_str()).unwrap_or_default();
        // `ada:sesame-by-password`
        let password = "Basic YWRhOnNlc2FtZS1ieS1wYXNzd29yZA==";
        let may = match path.as_str() {
            "/headers" => header("x-token").as_deref() == Some("sesame-by-header"),
            "/cookies" => cookie.contains("session=sesame-by-cookie"),
            "/password" => authorization == password,
            _ => true,
        };
        let mut response = Response::builder().header(CONTENT_TYPE, "text/html");
        if !may {
            response = response.status(StatusCode::UNAUTHORIZED);
            if path == "/password" {
                response = response.header(WWW_AUTHENTICATE, "Basic realm=\"tests\"");
            }
            return response.body(format!("no entry to {path}")).unwrap();
        }
        response.body(page(&path)).unwrap()
    }
}

fn page(path: &str) -> String {
    let content = match path {
        "/menu" => {
            "<button style='width: 100px; height: 40px'>More</button>
             <div id=menu hidden style='width: 100px; height: 80px; background: teal'></div>
             <script>
               document.querySelector('button').onclick = () =>
                 document.querySelector('#menu').toggleAttribute('hidden');
             </script>"
        }
        path => &format!("<p style='background: #cde'>{path}</p>"),
    };
    format!("<!doctype html><title>app</title><body>{content}")
}

impl Service<Request<Incoming>> for App {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        ready(Ok(self.answer(&request)))
    }
}
