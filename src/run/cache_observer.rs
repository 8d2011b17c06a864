//! What a page has loaded, as the cache wants to know it.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;

use crate::browser::PageLoads;
use crate::cache::Loads;
use crate::config::variables;
use crate::manifest::{Step, StorySpec};
use crate::proxy::Traffic;

/// Divides what a page of the story server at `base` has loaded into files and
/// what cannot be known. `base` has no trailing slash. What rules have decided
/// is known by the rules, which are part of the story.
pub(crate) fn loads(base: &str, page: PageLoads, traffic: Option<&Traffic>) -> Loads {
    let mut loads = Loads {
        files: Vec::new(),
        unseen: page.unseen,
    };
    // What a rule answers for one method may be asked for by another.
    let is_ruled = |address: &str| {
        let address = address.split('#').next().unwrap_or_default();
        traffic.is_some_and(|traffic| {
            let asked = traffic.passed.contains(address) || traffic.reached.contains(address);
            traffic.ruled.contains(address) && !asked
        })
    };
    let reached = traffic.into_iter().flat_map(|traffic| &traffic.reached);
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
            _ => loads.unseen.push(format!("a request to {address}")),
        }
    }
    loads.files.sort();
    loads.files.dedup();
    loads
}

/// Why a story can look otherwise though no file of it has changed.
pub(crate) fn unknowable(story: &StorySpec) -> Option<String> {
    if let Some(login) = &story.login {
        return Some(format!("the log-in `{}` decides what it shows", login.name));
    }
    let texts = story.steps.iter().filter_map(Step::text);
    let variable = texts.flat_map(variables).next()?;
    Some(format!("its steps use the variable {variable}"))
}

/// Whether an address carries its content itself, or has none.
fn is_inline(address: &str) -> bool {
    ["data:", "blob:", "about:"]
        .iter()
        .any(|scheme| address.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::loads;
    use crate::browser::PageLoads;
    use crate::proxy::Traffic;

    #[test]
    fn files_are_told_from_the_rest() {
        let page = PageLoads {
            files: [
                "http://127.0.0.1:80/a%20b.html?x=1#y",
                "http://127.0.0.1:80/style.css",
                "http://127.0.0.1:8080/other.css",
                "data:image/png;base64,AAAA",
            ]
            .map(str::to_owned)
            .into(),
            unseen: vec!["a WebSocket".to_owned()],
        };
        let loads = loads("http://127.0.0.1:80", page, None);
        assert_eq!(loads.files, ["/a b.html", "/style.css"]);
        assert_eq!(
            loads.unseen,
            [
                "a WebSocket",
                "a request to http://127.0.0.1:8080/other.css"
            ]
        );
    }

    #[test]
    fn what_rules_decide_for_every_method_is_known_by_them() {
        let all = |names: &[&str]| {
            let addresses = names
                .iter()
                .map(|name| format!("http://127.0.0.1:80{name}"));
            addresses.collect::<Vec<_>>()
        };
        let foreign = "http://127.0.0.1:8080/data.json".to_owned();
        let traffic = Traffic {
            ruled: all(&["/ruled.json", "/posted.json"])
                .into_iter()
                .chain([foreign.clone()])
                .collect(),
            passed: all(&["/posted.json"]).into_iter().collect(),
            reached: [foreign.clone()].into(),
            ..Traffic::default()
        };
        let page = PageLoads {
            files: all(&["/a.html", "/ruled.json", "/posted.json#x"]),
            unseen: Vec::new(),
        };
        let loads = loads("http://127.0.0.1:80", page, Some(&traffic));
        assert_eq!(loads.files, ["/a.html", "/posted.json"]);
        assert_eq!(loads.unseen, [format!("a request to {foreign}")]);
    }
}
