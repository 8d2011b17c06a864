//! Runs a proxy on a loopback port.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

use crate::browser::injected_script;
use crate::manifest::{BrowserProxy, HostPort, StorySpec};

use super::handler::handle;
use super::story_policy::{OwnOrigin, StoryPolicy, Traffic};

/// Which requests of a browser go through a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coverage {
    /// Those to other servers than the story server, which keeps its requests
    /// as fast as without a proxy. No rules apply.
    OtherServers,
    /// All.
    All,
    /// All, and the page scripts of each story are added to its pages, for
    /// browsers that cannot run them before the page's own.
    AllWithScripts,
}

/// A running proxy. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    own: OwnOrigin,
    coverage: Coverage,
    current: Arc<Mutex<Arc<StoryPolicy>>>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a free port of the loopback interface. `base` is the address
    /// of the story server. No rules apply before the first story.
    ///
    /// # Errors
    /// When no port is available, or `base` is not a URL.
    pub(crate) async fn start(base: &str, coverage: Coverage) -> io::Result<Self> {
        let base = Url::parse(base).map_err(io::Error::other)?;
        let own = OwnOrigin {
            origin: base.origin().ascii_serialization(),
            host: HostPort::of_url(&base),
            is_covered: coverage != Coverage::OtherServers,
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let current = Arc::new(Mutex::new(Arc::new(StoryPolicy::without_rules(&own))));
        let shared = Arc::clone(&current);
        let task = tokio::spawn(async move {
            loop {
                // The browser retries a connection that cannot be accepted.
                if let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, Arc::clone(&shared)));
                }
            }
        });
        Ok(Self {
            address,
            own,
            coverage,
            current,
            task,
        })
    }

    /// The setting of the browser whose requests go through it.
    pub(crate) fn browser_setting(&self) -> BrowserProxy {
        let direct = (!self.may_have_rules()).then(|| self.own.host.clone());
        BrowserProxy {
            address: self.address,
            direct: direct.flatten(),
        }
    }

    /// Whether stories may have rules: whether it gets all requests.
    pub(crate) fn may_have_rules(&self) -> bool {
        self.own.is_covered
    }

    /// Applies the rules of `story` from now on, and resets the traffic. Requests
    /// in progress keep the rules under which they arrived.
    pub(crate) fn set_story(&self, story: &StorySpec) {
        let injects = self.coverage == Coverage::AllWithScripts;
        let script = injects.then(|| injected_script(&story.capture));
        let next = Arc::new(StoryPolicy::new(&self.own, story, script));
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *current, next).end();
    }

    /// The requests since the story was set.
    pub(crate) fn traffic(&self) -> Traffic {
        current_policy(&self.current).traffic()
    }

    /// Whether requests were blocked since the story was set.
    pub(crate) fn has_blocked(&self) -> bool {
        current_policy(&self.current).has_blocked()
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

async fn serve(stream: TcpStream, current: Arc<Mutex<Arc<StoryPolicy>>>) {
    // Responses are small and must not be delayed.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        // The policy is read when the request arrives.
        handle(current_policy(&current), request)
    });
    // Blocked requests end in an error here.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
}
