//! Runs a proxy on a loopback port.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

use crate::browser::injected_script;
use crate::manifest::StorySpec;

use super::handler::{Forwarder, handle};
use super::story_policy::{StoryPolicy, Traffic};

/// A running proxy. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    /// The story server's origin: `http://127.0.0.1:3000`.
    origin: String,
    /// Whether it adds a script to pages.
    injects: bool,
    current: Arc<Mutex<Arc<StoryPolicy>>>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a free port of the loopback interface. `base` is the address
    /// of the story server. No rules apply before the first story. With `injects`,
    /// the page scripts of each story are added to its pages, for browsers that
    /// cannot run them before the page's own.
    ///
    /// # Errors
    /// When no port is available, or `base` is not a URL.
    pub(crate) async fn start(base: &str, injects: bool) -> io::Result<Self> {
        let origin = Url::parse(base).map_err(io::Error::other)?.origin();
        let origin = origin.ascii_serialization();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let current = Arc::new(Mutex::new(Arc::new(StoryPolicy::unrestricted(&origin))));
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let forwarder = Client::builder(TokioExecutor::new()).build(connector);
        let shared = Arc::clone(&current);
        let task = tokio::spawn(async move {
            loop {
                // The browser retries a connection that cannot be accepted.
                if let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, Arc::clone(&shared), forwarder.clone()));
                }
            }
        });
        Ok(Self {
            address,
            origin,
            injects,
            current,
            task,
        })
    }

    /// The address of the proxy.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Applies the rules of `story` from now on, and resets the traffic. Requests
    /// in progress keep the rules under which they arrived.
    pub(crate) fn set_story(&self, story: &StorySpec) {
        let script = self.injects.then(|| injected_script(&story.capture));
        let next = Arc::new(StoryPolicy::new(&self.origin, story, script));
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *current, next).end();
    }

    /// The requests since the story was set.
    pub(crate) fn traffic(&self) -> Traffic {
        current_policy(&self.current).traffic()
    }

    /// The rules that match addresses over TLS, where they cannot be applied,
    /// each as `pattern (address)`.
    pub(crate) fn bypassed_rules<'a>(
        &self,
        addresses: impl IntoIterator<Item = &'a String>,
    ) -> Vec<String> {
        current_policy(&self.current).bypassed_rules(addresses)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        current_policy(&self.current).end();
    }
}

fn current_policy(current: &Mutex<Arc<StoryPolicy>>) -> Arc<StoryPolicy> {
    Arc::clone(&current.lock().unwrap_or_else(PoisonError::into_inner))
}

async fn serve(stream: TcpStream, current: Arc<Mutex<Arc<StoryPolicy>>>, forwarder: Forwarder) {
    // Responses are small and must not be delayed.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        // The policy is read when the request arrives.
        handle(current_policy(&current), forwarder.clone(), request)
    });
    // Blocked requests end in an error here.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
}
