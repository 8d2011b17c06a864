//! Wraps a service of the user: any `tower` service for HTTP requests, such as
//! an axum router.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;

type ConnectionFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A type-erased service.
#[derive(Clone)]
pub struct Service(Arc<dyn Fn(TcpStream) -> ConnectionFuture + Send + Sync>);

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
        Self(Arc::new(move |stream| {
            let service = TowerToHyperService::new(service.clone());
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
    pub(super) fn serve(&self, stream: TcpStream) -> ConnectionFuture {
        (self.0)(stream)
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Service")
    }
}
