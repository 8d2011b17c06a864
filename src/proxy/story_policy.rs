//! The request rules, the permissions and the traffic of one story.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::sync::watch;
use url::Url;

use super::blocked::BlockedRequests;
use super::connector::Connector;
use crate::manifest::{HostPort, Network, RequestAction, RequestRule, StorySpec};

/// Forwards requests to the servers that a story may reach.
pub(super) type Forwarder = Client<Connector, Incoming>;

/// The requests since a story was loaded. Addresses have no fragments; for TLS
/// connections only the origin is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    /// Requests that a rule answered or blocked.
    pub matched: BTreeSet<String>,
    /// Requests forwarded to the story server.
    pub to_story_server: BTreeSet<String>,
    /// Requests forwarded to other origins.
    pub to_network: BTreeSet<String>,
    /// Requests refused because the story must not access the network.
    pub refused: BTreeSet<String>,
    /// Requests to servers that the story may not reach.
    pub blocked: BlockedRequests,
}

/// What a proxy knows of the stories' server, and which requests it gets.
#[derive(Clone, Debug)]
pub(super) struct OwnOrigin {
    /// `http://127.0.0.1:3000`
    pub(super) origin: String,
    pub(super) host: Option<HostPort>,
    /// Whether requests to the origin go through the proxy. Stories have rules
    /// only then.
    pub(super) is_covered: bool,
}

/// The rules, the permissions and the traffic of one story.
#[derive(Debug)]
pub(super) struct StoryPolicy {
    own: OwnOrigin,
    connector: Connector,
    forwarder: Forwarder,
    rules: Vec<Arc<RequestRule>>,
    network: Network,
    /// The script that runs in every page before its own.
    script: Option<String>,
    traffic: Mutex<Traffic>,
    /// True once another story is loaded.
    ended: watch::Sender<bool>,
}

/// Whether a request is forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NetworkAccess {
    Allowed,
    Refused,
}

impl StoryPolicy {
    /// No rules, as before the first story. Nothing but the story server is
    /// reached on this machine and in private networks.
    pub(super) fn without_rules(own: &OwnOrigin) -> Self {
        Self::with_connector(own, Connector::new(own.host.clone(), &[]))
    }

    /// The rules of a story, and the script for its pages.
    pub(super) fn new(own: &OwnOrigin, story: &StorySpec, script: Option<String>) -> Self {
        let connector = Connector::new(own.host.clone(), &story.capture.allow_hosts);
        Self {
            rules: story.requests.clone(),
            network: story.capture.network,
            script,
            ..Self::with_connector(own, connector)
        }
    }

    fn with_connector(own: &OwnOrigin, connector: Connector) -> Self {
        Self {
            own: own.clone(),
            // Its connections are not used for other stories, which may reach
            // other servers.
            forwarder: Client::builder(TokioExecutor::new()).build(connector.clone()),
            connector,
            rules: Vec::new(),
            network: Network::On,
            script: None,
            traffic: Mutex::default(),
            ended: watch::Sender::new(false),
        }
    }

    /// Connects to the servers that the story may reach.
    pub(super) fn connector(&self) -> &Connector {
        &self.connector
    }

    /// Forwards requests to the servers that the story may reach.
    pub(super) fn forwarder(&self) -> &Forwarder {
        &self.forwarder
    }

    /// Whether stories may have rules, which must not outlive their story.
    pub(super) fn may_have_rules(&self) -> bool {
        self.own.is_covered
    }

    /// The script that runs in every page before its own.
    pub(super) fn script(&self) -> Option<&str> {
        self.script.as_deref()
    }

    /// Closes the tunnels of this story.
    pub(super) fn end(&self) {
        self.ended.send_replace(true);
    }

    /// Becomes true when another story is loaded.
    pub(super) fn ended(&self) -> watch::Receiver<bool> {
        self.ended.subscribe()
    }

    /// The requests so far.
    pub(super) fn traffic(&self) -> Traffic {
        self.lock().clone()
    }

    /// The first rule that matches a request.
    pub(super) fn rule(&self, method: &str, address: &str) -> Option<&Arc<RequestRule>> {
        let mut rules = self.rules.iter();
        rules.find(|rule| rule.applies(method, address, &self.own.origin))
    }

    /// Whether a rule blocks an origin as a whole, which also applies to TLS.
    pub(super) fn blocks(&self, origin: &str) -> bool {
        let blocks = |rule: &Arc<RequestRule>| {
            let all = rule.method.is_none() && rule.url.is_of_whole_hosts();
            all && rule.action == RequestAction::Block
                && rule.url.matches(&format!("{origin}/"), &self.own.origin)
        };
        self.rules.iter().any(blocks)
    }

    /// Records a request that a rule answered or blocked.
    pub(super) fn record_match(&self, address: &str) {
        self.lock().matched.insert(address.to_owned());
    }

    /// Decides whether a request is forwarded, and records it.
    pub(super) fn check_access(&self, address: &str) -> NetworkAccess {
        let mut traffic = self.lock();
        if self.is_own(address) {
            traffic.to_story_server.insert(address.to_owned());
            return NetworkAccess::Allowed;
        }
        if self.network == Network::Off && !self.allows(address) {
            traffic.refused.insert(address.to_owned());
            return NetworkAccess::Refused;
        }
        traffic.to_network.insert(address.to_owned());
        NetworkAccess::Allowed
    }

    /// Records that a request that could be forwarded was blocked.
    pub(super) fn record_block(&self, address: &str, host: &HostPort, why: &str) {
        let mut traffic = self.lock();
        traffic.to_network.remove(address);
        traffic.blocked.add(address, host, why);
    }

    /// Whether requests were blocked.
    pub(super) fn has_blocked(&self) -> bool {
        !self.lock().blocked.is_empty()
    }

    /// Whether the manifest names the server of an address in `allow-hosts`.
    fn allows(&self, address: &str) -> bool {
        let host = Url::parse(address)
            .ok()
            .and_then(|url| HostPort::of_url(&url));
        host.is_some_and(|host| self.connector.allows(&host))
    }

    /// Whether an address belongs to the story server.
    pub(super) fn is_own(&self, address: &str) -> bool {
        origin(address).is_some_and(|origin| origin == self.own.origin)
    }

    /// The rules that match addresses over TLS and could not be applied, each as
    /// `pattern (address)`.
    pub(super) fn bypassed_rules<'a>(
        &self,
        addresses: impl IntoIterator<Item = &'a String>,
    ) -> Vec<String> {
        let over_tls = addresses.into_iter().filter(|a| a.starts_with("https:"));
        let traffic = self.traffic();
        let unmatched = over_tls.filter(|address| {
            origin(address).is_some_and(|origin| !traffic.matched.contains(&origin))
        });
        unmatched
            .filter_map(|address| {
                let mut rules = self.rules.iter();
                let rule = rules.find(|rule| rule.url.matches(address, &self.own.origin))?;
                Some(format!("\"{}\" ({address})", rule.url.as_str()))
            })
            .collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Scheme, host and port of an address.
fn origin(address: &str) -> Option<String> {
    Some(Url::parse(address).ok()?.origin().ascii_serialization())
}
