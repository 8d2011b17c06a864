//! The proxy between one browser session and everything else.
//!
//! Every engine can be told of a proxy, so rules for requests mean the same in
//! all of them. It serves one story after the other: what is asked is judged
//! by the rules of the story that was shown when the request arrived, and
//! connections that it cannot look into end with their story.

mod answer;
mod scene;
mod tunnel;

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

use crate::manifest::StorySpec;

use answer::{Forwarder, answer};
use scene::Scene;
pub use scene::Traffic;

/// A proxy that is up. Dropping it stops it.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    /// The story server's origin: `http://127.0.0.1:3000`.
    origin: String,
    current: Arc<Mutex<Arc<Scene>>>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a free port of the loopback interface. `base` is the address
    /// of the story server. Until a story is shown, no rules apply.
    ///
    /// # Errors
    /// When no port can be had, or `base` is no address.
    pub async fn start(base: &str) -> io::Result<Self> {
        let origin = Url::parse(base).map_err(io::Error::other)?.origin();
        let origin = origin.ascii_serialization();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let current = Arc::new(Mutex::new(Arc::new(Scene::open(&origin))));
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let forwarder = Client::builder(TokioExecutor::new()).build(connector);
        let scenes = Arc::clone(&current);
        let task = tokio::spawn(async move {
            loop {
                // A connection that cannot be taken is the browser's affair.
                if let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, Arc::clone(&scenes), forwarder.clone()));
                }
            }
        });
        Ok(Self {
            address,
            origin,
            current,
            task,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets the rules of `story` apply from now on, and begins a new account
    /// of the traffic. What is under way keeps the rules that it came under.
    pub fn show(&self, story: &StorySpec) {
        let next = Arc::new(Scene::of(&self.origin, story));
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *current, next).end();
    }

    /// What has been asked since the story was shown.
    pub fn traffic(&self) -> Traffic {
        scene(&self.current).traffic()
    }

    /// The rules that match addresses over TLS, into which nobody can look:
    /// each as `pattern (address)`.
    pub fn missed<'a>(&self, addresses: impl IntoIterator<Item = &'a String>) -> Vec<String> {
        scene(&self.current).missed(addresses)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        scene(&self.current).end();
    }
}

fn scene(current: &Mutex<Arc<Scene>>) -> Arc<Scene> {
    Arc::clone(&current.lock().unwrap_or_else(PoisonError::into_inner))
}

async fn serve(stream: TcpStream, scenes: Arc<Mutex<Arc<Scene>>>, forwarder: Forwarder) {
    // Answers are small; none shall wait for the next.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        // The story that is shown when a request arrives decides on it.
        answer(scene(&scenes), forwarder.clone(), request)
    });
    // A connection that ends early is how requests are made to fail.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
}
