//! The request rules and the traffic of one story.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use url::Url;

use crate::manifest::{Network, RequestAction, RequestRule, StorySpec};

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
}

/// The rules and the traffic of one story.
#[derive(Debug)]
pub(super) struct StoryPolicy {
    origin: String,
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
    /// No rules, as before the first story.
    pub(super) fn unrestricted(origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            rules: Vec::new(),
            network: Network::On,
            script: None,
            traffic: Mutex::default(),
            ended: watch::Sender::new(false),
        }
    }

    /// The rules of a story, and the script for its pages.
    pub(super) fn new(origin: &str, story: &StorySpec, script: Option<String>) -> Self {
        Self {
            rules: story.requests.clone(),
            network: story.capture.network,
            script,
            ..Self::unrestricted(origin)
        }
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
        rules.find(|rule| rule.applies(method, address, &self.origin))
    }

    /// Whether a rule blocks an origin as a whole, which also applies to TLS.
    pub(super) fn blocks(&self, origin: &str) -> bool {
        let blocks = |rule: &Arc<RequestRule>| {
            let all = rule.method.is_none() && rule.url.is_of_whole_hosts();
            all && rule.action == RequestAction::Block
                && rule.url.matches(&format!("{origin}/"), &self.origin)
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
        if self.network == Network::Off {
            traffic.refused.insert(address.to_owned());
            return NetworkAccess::Refused;
        }
        traffic.to_network.insert(address.to_owned());
        NetworkAccess::Allowed
    }

    /// Whether an address belongs to the story server.
    pub(super) fn is_own(&self, address: &str) -> bool {
        origin(address).is_some_and(|origin| origin == self.origin)
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
                let rule = rules.find(|rule| rule.url.matches(address, &self.origin))?;
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
