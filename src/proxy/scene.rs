//! What applies to requests while one story is shown, and what came of them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use url::Url;

use crate::manifest::{Network, RequestAction, RequestRule, StorySpec};

/// What has been asked while a story was shown. Addresses have no fragments;
/// of what is said over TLS only the origin is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Answered or blocked by a rule.
    pub ruled: BTreeSet<String>,
    /// Passed on to the story server.
    pub passed: BTreeSet<String>,
    /// Passed on to other origins than the story server's.
    pub reached: BTreeSet<String>,
    /// Refused, since the story may not reach the open network.
    pub refused: BTreeSet<String>,
}

/// One story's rules and traffic.
#[derive(Debug)]
pub(super) struct Scene {
    origin: String,
    rules: Vec<Arc<RequestRule>>,
    network: Network,
    traffic: Mutex<Traffic>,
    /// Whether the story is no longer shown.
    over: watch::Sender<bool>,
}

/// What a request may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    Granted,
    Refused,
}

impl Scene {
    /// Before any story: without rules.
    pub(super) fn open(origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            rules: Vec::new(),
            network: Network::On,
            traffic: Mutex::default(),
            over: watch::Sender::new(false),
        }
    }

    pub(super) fn of(origin: &str, story: &StorySpec) -> Self {
        Self {
            rules: story.requests.clone(),
            network: story.capture.network,
            ..Self::open(origin)
        }
    }

    /// Ends the connections that were opened for this story.
    pub(super) fn end(&self) {
        self.over.send_replace(true);
    }

    /// Comes true when the story is no longer shown.
    pub(super) fn over(&self) -> watch::Receiver<bool> {
        self.over.subscribe()
    }

    pub(super) fn traffic(&self) -> Traffic {
        self.noted().clone()
    }

    /// The rule that decides on a request.
    pub(super) fn rule(&self, method: &str, address: &str) -> Option<&Arc<RequestRule>> {
        let mut rules = self.rules.iter();
        rules.find(|rule| rule.applies(method, address, &self.origin))
    }

    /// Whether a rule blocks all of an origin that is spoken to over TLS.
    pub(super) fn blocks(&self, origin: &str) -> bool {
        let blocks = |rule: &Arc<RequestRule>| {
            let all = rule.method.is_none() && rule.url.is_of_whole_hosts();
            all && rule.action == RequestAction::Block
                && rule.url.matches(&format!("{origin}/"), &self.origin)
        };
        self.rules.iter().any(blocks)
    }

    /// Notes that a rule has decided.
    pub(super) fn ruled(&self, address: &str) {
        self.noted().ruled.insert(address.to_owned());
    }

    /// Lets a request pass to its server, or not.
    pub(super) fn pass(&self, address: &str) -> Pass {
        let mut traffic = self.noted();
        if self.is_own(address) {
            traffic.passed.insert(address.to_owned());
            return Pass::Granted;
        }
        if self.network == Network::Off {
            traffic.refused.insert(address.to_owned());
            return Pass::Refused;
        }
        traffic.reached.insert(address.to_owned());
        Pass::Granted
    }

    /// Whether an address is the story server's own.
    pub(super) fn is_own(&self, address: &str) -> bool {
        origin(address).is_some_and(|origin| origin == self.origin)
    }

    /// See [`Proxy::missed`](super::Proxy::missed).
    pub(super) fn missed<'a>(
        &self,
        addresses: impl IntoIterator<Item = &'a String>,
    ) -> Vec<String> {
        let over_tls = addresses.into_iter().filter(|a| a.starts_with("https:"));
        let traffic = self.traffic();
        let open = over_tls.filter(|address| {
            origin(address).is_some_and(|origin| !traffic.ruled.contains(&origin))
        });
        open.filter_map(|address| {
            let mut rules = self.rules.iter();
            let rule = rules.find(|rule| rule.url.matches(address, &self.origin))?;
            Some(format!("\"{}\" ({address})", rule.url.as_str()))
        })
        .collect()
    }

    fn noted(&self) -> std::sync::MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Scheme, host and port of an address.
fn origin(address: &str) -> Option<String> {
    Some(Url::parse(address).ok()?.origin().ascii_serialization())
}
