//! A service of the user's own: any `tower` service that answers HTTP requests,
//! such as an axum router.

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

type Serving = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A service that is ready to be served, whatever its type was.
#[derive(Clone)]
pub struct Service(Arc<dyn Fn(TcpStream) -> Serving + Send + Sync>);

impl Service {
    /// Takes any service that answers HTTP requests. It is cloned for every
    /// connection.
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
                // A browser that closes a connection early is no error of ours.
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .with_upgrades()
                    .await;
            })
        }))
    }

    /// Answers the requests of one connection.
    pub(super) fn serve(&self, stream: TcpStream) -> Serving {
        (self.0)(stream)
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Service")
    }
}
