//! Finds circles in a graph of files.

use std::collections::{BTreeMap, BTreeSet};

/// For each file the files that it references, each with a path that does so.
pub(crate) type Graph = BTreeMap<String, BTreeMap<String, String>>;

/// Every circle: the strongly connected components of more than one file,
/// members in order of their name.
pub(crate) fn cycles(graph: &Graph) -> Vec<Vec<String>> {
    let reach: BTreeMap<&str, BTreeSet<&str>> = graph
        .keys()
        .map(|file| (file.as_str(), reachable(graph, file)))
        .collect();
    let mut found = BTreeSet::new();
    for (file, targets) in &reach {
        let members: Vec<String> = targets
            .iter()
            .filter(|target| reach.get(*target).is_some_and(|back| back.contains(file)))
            .map(|&target| target.to_owned())
            .collect();
        if members.len() > 1 {
            found.insert(members);
        }
    }
    found.into_iter().collect()
}

fn reachable<'a>(graph: &'a Graph, from: &'a str) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(file) = open.pop() {
        for target in graph.get(file).into_iter().flat_map(BTreeMap::keys) {
            if seen.insert(target.as_str()) {
                open.push(target);
            }
        }
    }
    seen
}
