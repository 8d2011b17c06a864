//! Checks that the stories named in `after` exist and do not wait for each
//! other.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::error::Problem;
use super::types::{Dependency, StorySpec};

/// The most ids in a message about an unknown one.
const MAX_NAMES: usize = 8;

/// The stories that wait for others, by id.
struct DependencyGraph<'a> {
    stories: HashMap<&'a str, &'a StorySpec>,
    /// In the manifest's order.
    ids: Vec<&'a str>,
}

/// A problem with `after`.
pub(super) struct DependencyProblem {
    /// The story that has it.
    pub(super) story: String,
    /// Where it is in the manifest; empty for a story of the test target.
    pub(super) declared: Range<usize>,
    pub(super) problem: Problem,
}

/// The problems with `after` of these stories. Unless the list of stories is
/// complete, unknown ids are no problem.
pub(super) fn problems<'a>(
    stories: impl Iterator<Item = &'a StorySpec> + Clone,
    is_complete: bool,
) -> Vec<DependencyProblem> {
    if stories.clone().all(|story| story.after.is_empty()) {
        return Vec::new();
    }
    let all = DependencyGraph {
        ids: stories.clone().map(|story| story.id.as_str()).collect(),
        stories: stories.map(|story| (story.id.as_str(), story)).collect(),
    };
    let mut found = Vec::new();
    // Stories of one `glob` share their entry, and so its errors.
    let mut reported = HashSet::new();
    let mut add = |story: &str, dependency: &Dependency, problem: Problem| {
        let declared = dependency.declared.clone();
        if declared.is_empty() || reported.insert(declared.clone()) {
            found.push(DependencyProblem {
                story: story.to_owned(),
                declared,
                problem,
            });
        }
    };
    for (id, dependency) in all.edges() {
        if dependency.story == id {
            add(id, dependency, after_itself(id, dependency));
        } else if is_complete && !all.stories.contains_key(dependency.story.as_str()) {
            add(id, dependency, all.unknown(dependency));
        }
    }
    for cycle in all.cycles() {
        let (id, dependency) = cycle[0];
        add(id, dependency, in_a_cycle(&cycle));
    }
    found
}

/// A story and one that it waits for.
type Edge<'a> = (&'a str, &'a Dependency);

impl<'a> DependencyGraph<'a> {
    fn of(&self, id: &str) -> &'a [Dependency] {
        self.stories.get(id).map_or(&[], |story| &story.after)
    }

    fn edges(&self) -> impl Iterator<Item = Edge<'a>> {
        let edges = |id: &&'a str| {
            let id = *id;
            self.of(id).iter().map(move |dependency| (id, dependency))
        };
        self.ids.iter().flat_map(edges)
    }

    fn unknown(&self, dependency: &Dependency) -> Problem {
        let name = &dependency.story;
        let problem = at(
            dependency,
            format!("`after` names the unknown story `{name}`"),
        );
        let close = problem.clone().suggest(name, self.ids.iter().copied());
        match close.label {
            Some(_) => close,
            None => problem.suggest(name, self.ids.iter().copied().take(MAX_NAMES)),
        }
    }

    /// Every cycle of two or more stories that has a story of no other cycle
    /// before it, as its edges.
    fn cycles(&self) -> Vec<Vec<Edge<'a>>> {
        let remaining = self.unordered();
        let mut visited = HashSet::new();
        let mut cycles = Vec::new();
        for &start in self.ids.iter().filter(|id| remaining.contains(**id)) {
            let (mut path, mut id): (Vec<Edge<'a>>, &str) = (Vec::new(), start);
            while visited.insert(id) {
                let mut next = self.of(id).iter();
                let next = next.find(|d| remaining.contains(d.story.as_str()) && d.story != id);
                let Some(dependency) = next else { break };
                path.push((id, dependency));
                id = &dependency.story;
            }
            // A walk that ends in an earlier one has no cycle of its own.
            let first = path.iter().position(|(story, _)| *story == id);
            cycles.extend(first.map(|first| path.split_off(first)));
        }
        cycles
    }

    /// The stories that are in a cycle or after one: those that remain when
    /// every story that can run has run.
    fn unordered(&self) -> HashSet<&'a str> {
        let mut open: HashMap<&str, usize> = HashMap::new();
        let mut waiting: HashMap<&str, Vec<&'a str>> = HashMap::new();
        for (id, dependency) in self.edges() {
            if self.stories.contains_key(dependency.story.as_str()) && dependency.story != id {
                *open.entry(id).or_default() += 1;
                waiting.entry(&dependency.story).or_default().push(id);
            }
        }
        let is_ready = |id: &&&str| !open.contains_key(**id);
        let mut ready: Vec<&str> = self.ids.iter().filter(is_ready).copied().collect();
        while let Some(done) = ready.pop() {
            for id in waiting.remove(done).into_iter().flatten() {
                if let Some(count) = open.get_mut(id) {
                    *count -= 1;
                    if *count == 0 {
                        open.remove(id);
                        ready.push(id);
                    }
                }
            }
        }
        let is_open = |id: &&&'a str| open.contains_key(**id);
        self.ids.iter().filter(is_open).copied().collect()
    }
}

fn at(dependency: &Dependency, message: String) -> Problem {
    Problem::new(dependency.declared.clone(), message)
}

fn after_itself(id: &str, dependency: &Dependency) -> Problem {
    let problem = at(dependency, format!("`after` makes `{id}` wait for itself"));
    problem.help(format!(
        "remove `{id}` from `after`, or give `{id}` an entry of its own without it"
    ))
}

/// `a` → `b` → `a`
fn in_a_cycle(cycle: &[Edge<'_>]) -> Problem {
    let (first, dependency) = cycle[0];
    let ids = cycle.iter().map(|(id, _)| *id).chain([first]);
    let ids: Vec<_> = ids.map(|id| format!("`{id}`")).collect();
    let message = format!("`after` forms a cycle: {}", ids.join(" → "));
    let problem = at(dependency, message).label(format!("`{first}` waits for this story"));
    problem.help("remove one of these stories from the `after` of the one before it")
}
