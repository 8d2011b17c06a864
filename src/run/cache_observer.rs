//! Passes to the cache what pages have loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use percent_encoding::percent_decode_str;

use crate::browser::PageResources;
use crate::cache::{Cache, Loads};
use crate::model::CacheMissReason;
use crate::plan::Snapshot;
use crate::proxy::Traffic;
use crate::snapshot::PageVisit;

/// Passes to the cache what pages have loaded.
pub(super) struct CacheObserver {
    pub(super) cache: Cache,
    /// Stories that cannot be cached, with the reason.
    uncacheable: Mutex<BTreeMap<String, String>>,
    /// Why the cache does not pass a snapshot, by index.
    misses: Vec<Option<CacheMissReason>>,
}

impl CacheObserver {
    pub(super) fn new(cache: Cache, misses: Vec<Option<CacheMissReason>>) -> Self {
        Self {
            cache,
            misses,
            uncacheable: Mutex::default(),
        }
    }

    /// Why the cache does not pass a snapshot.
    pub(super) fn miss(&self, index: usize) -> Option<CacheMissReason> {
        self.misses.get(index).copied().flatten()
    }

    /// Caches the snapshots that passed on a page of the story server at
    /// `base`.
    pub(super) fn observe(&self, base: &str, snapshots: &[Snapshot], visit: PageVisit) {
        let loads = loads(base, visit.loads, visit.traffic.as_ref());
        for (index, pass) in visit.passed {
            let snapshot = &snapshots[index];
            if let Err(reason) = self.cache.record_pass(snapshot, pass, &loads) {
                let stories = self.uncacheable.lock();
                let mut stories = stories.unwrap_or_else(PoisonError::into_inner);
                stories.insert(snapshot.story.id.clone(), reason);
            }
        }
    }

    /// The stories that cannot be cached, with the reason.
    pub(super) fn uncacheable(&self) -> BTreeMap<String, String> {
        let stories = self.uncacheable.lock();
        stories.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Divides what a page of the story server at `base`, which has no trailing
/// slash, has loaded into files and everything else. The cache already covers
/// requests that are decided by rules, since those are part of the story.
fn loads(base: &str, page: PageResources, traffic: Option<&Traffic>) -> Loads {
    let mut loads = Loads {
        files: Vec::new(),
        untracked: page.untracked,
    };
    // A rule may decide for one method only.
    let is_ruled = |address: &str| {
        let address = address.split('#').next().unwrap_or_default();
        traffic.is_some_and(|traffic| {
            let is_sent =
                traffic.to_story_server.contains(address) || traffic.to_network.contains(address);
            traffic.matched.contains(address) && !is_sent
        })
    };
    let reached = traffic.into_iter().flat_map(|traffic| &traffic.to_network);
    let all: BTreeSet<String> = page.files.into_iter().chain(reached.cloned()).collect();
    for address in all {
        if is_ruled(&address) {
            continue;
        }
        match address.strip_prefix(base) {
            Some(path) if path.is_empty() || path.starts_with(['/', '?', '#']) => {
                let path = path.split(['?', '#']).next().unwrap_or_default();
                let path = percent_decode_str(path).decode_utf8_lossy();
                loads.files.push(path.into_owned());
            }
            _ if is_inline(&address) => {}
            _ => loads.untracked.push(format!("a request to {address}")),
        }
    }
    loads.files.sort();
    loads.files.dedup();
    loads
}

/// Whether an address contains its content, or has none.
fn is_inline(address: &str) -> bool {
    let schemes = ["data:", "blob:", "about:"];
    schemes.iter().any(|scheme| address.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::loads;
    use crate::browser::PageResources;
    use crate::proxy::Traffic;

    #[test]
    fn files_are_separated_from_everything_else() {
        let page = PageResources {
            files: [
                "http://127.0.0.1:80/a%20b.html?x=1#y",
                "http://127.0.0.1:80/style.css",
                "http://127.0.0.1:8080/other.css",
                "data:image/png;base64,AAAA",
            ]
            .map(str::to_owned)
            .into(),
            untracked: vec!["a WebSocket".to_owned()],
        };
        let loads = loads("http://127.0.0.1:80", page, None);
        assert_eq!(loads.files, ["/a b.html", "/style.css"]);
        assert_eq!(
            loads.untracked,
            [
                "a WebSocket",
                "a request to http://127.0.0.1:8080/other.css"
            ]
        );
    }

    #[test]
    fn requests_decided_by_rules_for_every_method_are_left_out() {
        let all = |names: &[&str]| {
            let addresses = names
                .iter()
                .map(|name| format!("http://127.0.0.1:80{name}"));
            addresses.collect::<Vec<_>>()
        };
        let foreign = "http://127.0.0.1:8080/data.json".to_owned();
        let traffic = Traffic {
            matched: all(&["/ruled.json", "/posted.json"])
                .into_iter()
                .chain([foreign.clone()])
                .collect(),
            to_story_server: all(&["/posted.json"]).into_iter().collect(),
            to_network: [foreign.clone()].into(),
            ..Traffic::default()
        };
        let page = PageResources {
            files: all(&["/a.html", "/ruled.json", "/posted.json#x"]),
            untracked: Vec::new(),
        };
        let loads = loads("http://127.0.0.1:80", page, Some(&traffic));
        assert_eq!(loads.files, ["/a.html", "/posted.json"]);
        assert_eq!(loads.untracked, [format!("a request to {foreign}")]);
    }
}
