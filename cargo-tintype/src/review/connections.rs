//! Serves connections, of which there are a limited number.
//!
//! A client that sends a request slowly, or none, must not keep others out.
//! While the server is full, a new connection replaces the one that has been
//! idle for longest.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse as _, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tower_service::Service as _;

/// The most connections that are open at a time.
const MAX_CONNECTIONS: usize = 200;
/// How long a client may take to send the head of a request, and its body. It
/// also ends connections that are idle.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest body of a request, in bytes.
const MAX_BODY: usize = 2 << 20;
/// The pause after a failure to accept a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts and serves connections.
pub(super) async fn serve(listener: TcpListener, router: Router) {
    let connections = Connections::default();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                if let Some(connection) = connections.add() {
                    let (connections, router) = (connections.clone(), router.clone());
                    tokio::spawn(async move {
                        serve_connection(stream, peer, router, &connection).await;
                        connections.remove(&connection);
                    });
                }
            }
            // Usually too many files are open.
            Err(_) => {
                connections.close_idle();
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    connection: &Arc<ConnectionState>,
) {
    let service = service_fn(|request| respond(request, peer, router.clone(), connection));
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_TIMEOUT);
    tokio::select! {
        // The client is told what is wrong with a request, or is gone.
        _ = builder.serve_connection(TokioIo::new(stream), service) => {}
        () = connection.closed.notified() => {}
    }
}

async fn respond(
    request: Request<Incoming>,
    peer: SocketAddr,
    mut router: Router,
    connection: &Arc<ConnectionState>,
) -> Result<Response, std::convert::Infallible> {
    let (head, body) = request.into_parts();
    let body = match timeout(REQUEST_TIMEOUT, to_bytes(Body::new(body), MAX_BODY)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return Ok(StatusCode::PAYLOAD_TOO_LARGE.into_response()),
        Err(_) => return Ok(StatusCode::REQUEST_TIMEOUT.into_response()),
    };
    let connection = ConnectionUse(Arc::clone(connection));
    let _active = connection.begin();
    let mut request = Request::from_parts(head, Body::from(body));
    request.extensions_mut().insert(ConnectInfo(peer));
    request.extensions_mut().insert(connection);
    router.call(request).await
}

/// All open connections.
#[derive(Clone, Default)]
struct Connections(Arc<Mutex<Vec<Arc<ConnectionState>>>>);

#[derive(Default)]
struct ConnectionState {
    /// The number of requests and event streams that are in progress.
    active: AtomicUsize,
    /// When it was used last, as a number that rises with every use.
    last_used: AtomicU64,
    closed: Notify,
}

impl Connections {
    fn all(&self) -> MutexGuard<'_, Vec<Arc<ConnectionState>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a connection; `None` if there are too many, and all are in use.
    fn add(&self) -> Option<Arc<ConnectionState>> {
        if self.all().len() >= MAX_CONNECTIONS && !self.close_idle() {
            return None;
        }
        let connection = Arc::new(ConnectionState::default());
        connection.touch();
        self.all().push(Arc::clone(&connection));
        Some(connection)
    }

    /// Closes the connection that has been idle for longest, if there is one.
    fn close_idle(&self) -> bool {
        let mut all = self.all();
        let idle = all
            .iter()
            .enumerate()
            .filter(|(_, connection)| connection.active.load(Ordering::Relaxed) == 0);
        let oldest =
            idle.min_by_key(|(_, connection)| connection.last_used.load(Ordering::Relaxed));
        let Some((index, _)) = oldest else {
            return false;
        };
        all.swap_remove(index).closed.notify_one();
        true
    }

    fn remove(&self, connection: &Arc<ConnectionState>) {
        self.all().retain(|other| !Arc::ptr_eq(other, connection));
    }
}

impl ConnectionState {
    fn touch(&self) {
        static USES: AtomicU64 = AtomicU64::new(0);
        let now = USES.fetch_add(1, Ordering::Relaxed);
        self.last_used.store(now, Ordering::Relaxed);
    }
}

/// The connection of a request, for handlers.
#[derive(Clone)]
pub(super) struct ConnectionUse(Arc<ConnectionState>);

impl ConnectionUse {
    /// Keeps the connection open until the result is dropped.
    pub(super) fn begin(&self) -> ActiveConnection {
        self.0.active.fetch_add(1, Ordering::Relaxed);
        ActiveConnection(Arc::clone(&self.0))
    }
}

/// A request or an event stream that is in progress.
pub(super) struct ActiveConnection(Arc<ConnectionState>);

impl Drop for ActiveConnection {
    fn drop(&mut self) {
        self.0.touch();
        self.0.active.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_server_closes_the_connection_that_is_idle_for_longest() {
        let connections = Connections::default();
        let all: Vec<_> = (0..MAX_CONNECTIONS)
            .map(|_| connections.add().unwrap())
            .collect();
        let active = ConnectionUse(Arc::clone(&all[0])).begin();
        // It was used after the others.
        drop(ConnectionUse(Arc::clone(&all[1])).begin());
        assert!(connections.add().is_some());
        let open = |n: usize| connections.all().iter().any(|c| Arc::ptr_eq(c, &all[n]));
        assert!(open(0) && open(1) && !open(2) && open(3));
        drop(active);
        while connections.close_idle() {}
        assert!(connections.all().is_empty());
    }

    #[test]
    fn connections_in_use_are_never_closed() {
        let connections = Connections::default();
        let active: Vec<_> = (0..MAX_CONNECTIONS)
            .map(|_| ConnectionUse(connections.add().unwrap()).begin())
            .collect();
        assert!(connections.add().is_none());
        drop(active);
        assert!(connections.add().is_some());
    }
}
