//! Wraps a service of the user: any `tower` service for HTTP requests, such as
//! an axum router.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http_body_util::{Either, Empty};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;

use super::host_names::HostNames;

type ConnectionFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A type-erased service.
#[derive(Clone)]
pub struct Service(Arc<dyn Fn(TcpStream, HostNames) -> ConnectionFuture + Send + Sync>);

impl Service {
    /// Wraps a service for HTTP requests. It is cloned for every connection.
    pub fn new<S, B>(service: S) -> Self
    where
        S: tower_service::Service<Request<Incoming>, Response = Response<B>>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
        S::Error: Into<Box<dyn Error + Send + Sync>> + Send,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        Self(Arc::new(move |stream, hosts| {
            let service = TowerToHyperService::new(service.clone());
            let service = service_fn(move |request: Request<Incoming>| {
                let is_allowed = hosts.allow(request.headers());
                let response = is_allowed.then(|| service.call(request));
                async move {
                    match response {
                        Some(response) => Ok(response.await?.map(Either::Left)),
                        None => Ok::<_, S::Error>(misdirected().map(Either::Right)),
                    }
                }
            });
            Box::pin(async move {
                // Browsers close connections early, which is not an error.
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .with_upgrades()
                    .await;
            })
        }))
    }

    /// Handles the requests of one connection.
    pub(super) fn serve(&self, stream: TcpStream, hosts: HostNames) -> ConnectionFuture {
        (self.0)(stream, hosts)
    }
}

/// The response to a request for another host.
fn misdirected<D>() -> Response<Empty<D>> {
    let mut response = Response::new(Empty::new());
    *response.status_mut() = StatusCode::MISDIRECTED_REQUEST;
    response
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Service")
    }
}
