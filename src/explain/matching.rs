//! Finds the elements of a baseline in the current page, by what they mean:
//! id, label, role, classes, text and place. Generated names do not count.

use std::collections::{HashMap, HashSet};

use super::digest::LayoutDigest;

/// The most pairs of children that are scored against each other.
const MAX_SCORED: usize = 160_000;

/// Which element of the baseline is which of the current page.
#[derive(Debug)]
pub(super) struct Matching {
    pub(super) to_current: Vec<Option<usize>>,
    pub(super) to_baseline: Vec<Option<usize>>,
    /// Elements of the current page that have another place among their
    /// siblings, or another parent.
    pub(super) reordered: Vec<usize>,
}

impl Matching {
    /// Pairs of indices, parents before their children.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        let pairs = self.to_baseline.iter().enumerate();
        pairs.filter_map(|(current, baseline)| baseline.map(|baseline| (baseline, current)))
    }
}

/// Matches the elements of two digests.
pub(super) fn matching(baseline: &LayoutDigest, current: &LayoutDigest) -> Matching {
    let mut matcher = Matcher {
        baseline,
        current,
        content: [content_hashes(baseline), content_hashes(current)],
        found: Matching {
            to_current: vec![None; baseline.elements.len()],
            to_baseline: vec![None; current.elements.len()],
            reordered: Vec::new(),
        },
    };
    if !baseline.elements.is_empty() && !current.elements.is_empty() {
        matcher.pair(0, 0);
    }
    matcher.match_elsewhere();
    matcher.found
}

struct Matcher<'a> {
    baseline: &'a LayoutDigest,
    current: &'a LayoutDigest,
    /// Hashes of tag, classes and text of each element with its descendants.
    content: [Vec<u64>; 2],
    found: Matching,
}

impl Matcher<'_> {
    /// Notes a pair and matches its children.
    fn pair(&mut self, baseline: usize, current: usize) {
        let mut open = vec![(baseline, current)];
        while let Some((baseline, current)) = open.pop() {
            self.found.to_current[baseline] = Some(current);
            self.found.to_baseline[current] = Some(baseline);
            let (old, new) = (self.baseline, self.current);
            let old = &old.elements[baseline].children;
            let new = &new.elements[current].children;
            let aligned = self.align(old, new);
            let (mine, its): (HashSet<_>, HashSet<_>) = aligned.iter().copied().unzip();
            let free = |index: &usize| self.found.to_current[*index].is_none();
            let old = old.iter().copied().filter(|i| !mine.contains(i) && free(i));
            let free = |index: &usize| self.found.to_baseline[*index].is_none();
            let new = new.iter().copied().filter(|i| !its.contains(i) && free(i));
            let same = self.same_content(&old.collect::<Vec<_>>(), &new.collect::<Vec<_>>());
            self.found.reordered.extend(same.iter().map(|pair| pair.1));
            open.extend(aligned.into_iter().chain(same));
        }
    }

    /// The pairs of two lists of children with the highest score that keep their
    /// order.
    fn align(&self, old: &[usize], new: &[usize]) -> Vec<(usize, usize)> {
        if old.len() * new.len() > MAX_SCORED {
            let pairs = old.iter().copied().zip(new.iter().copied());
            return pairs.filter(|&(a, b)| self.score(a, b) > 0).collect();
        }
        // `best[i][j]`: the score of the lists from i and from j on.
        let mut best = vec![vec![0_u32; new.len() + 1]; old.len() + 1];
        for i in (0..old.len()).rev() {
            for j in (0..new.len()).rev() {
                let score = self.score(old[i], new[j]);
                let both = if score > 0 {
                    score + best[i + 1][j + 1]
                } else {
                    0
                };
                best[i][j] = both.max(best[i + 1][j]).max(best[i][j + 1]);
            }
        }
        let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
        while i < old.len() && j < new.len() {
            let score = self.score(old[i], new[j]);
            if score > 0 && best[i][j] == score + best[i + 1][j + 1] {
                pairs.push((old[i], new[j]));
                (i, j) = (i + 1, j + 1);
            } else if best[i][j] == best[i + 1][j] {
                i += 1;
            } else {
                j += 1;
            }
        }
        pairs
    }

    /// How much two elements are alike; 0 if they are not the same one.
    fn score(&self, old: usize, new: usize) -> u32 {
        let (a, b) = (&self.baseline.elements[old], &self.current.elements[new]);
        if a.tag != b.tag {
            return 0;
        }
        let mut score = 2;
        match (a.stable_id(), b.stable_id()) {
            (Some(one), Some(other)) if one == other => score += 20,
            (Some(_), Some(_)) => return 0,
            _ => {}
        }
        if self.content[0][old] == self.content[1][new] {
            score += 12;
        }
        if !a.label.is_empty() && a.label == b.label {
            score += 8;
        }
        if a.text == b.text && !a.text.is_empty() {
            score += 6;
        }
        if a.role == b.role {
            score += 1;
        }
        let (mine, its) = (a.stable_classes(), b.stable_classes());
        let shared = mine.iter().filter(|class| its.contains(class)).count();
        if shared == 0 && !(mine.is_empty() && its.is_empty()) {
            return score - 1;
        }
        score + 3 * u32::try_from(shared).unwrap_or(1).min(3)
    }

    /// The pairs of elements with the same content, in any order.
    fn same_content(&self, old: &[usize], new: &[usize]) -> Vec<(usize, usize)> {
        let mut by_content: HashMap<u64, Vec<usize>> = HashMap::new();
        for &index in old.iter().rev() {
            let same = by_content.entry(self.content[0][index]).or_default();
            same.push(index);
        }
        let pairs = new.iter().filter_map(|&index| {
            let same = by_content.get_mut(&self.content[1][index])?;
            same.pop().map(|found| (found, index))
        });
        pairs.collect()
    }

    /// Matches what has another parent now: elements with the same id or label,
    /// or with the same text.
    fn match_elsewhere(&mut self) {
        for new in 0..self.current.elements.len() {
            let element = &self.current.elements[new];
            if self.found.to_baseline[new].is_some() || element.is_pseudo() {
                continue;
            }
            let is_named = element.stable_id().is_some() || !element.label.is_empty();
            if !is_named && self.current.deep_text_len(new) < 3 {
                continue;
            }
            let mut candidates = (0..self.baseline.elements.len()).filter(|&old| {
                let other = &self.baseline.elements[old];
                self.found.to_current[old].is_none()
                    && other.tag == element.tag
                    && (self.content[0][old] == self.content[1][new]
                        || (element.stable_id().is_some()
                            && other.stable_id() == element.stable_id()))
            });
            if let (Some(old), None) = (candidates.next(), candidates.next()) {
                self.found.reordered.push(new);
                self.pair(old, new);
            }
        }
    }
}

impl LayoutDigest {
    /// The length of the text of an element and its descendants.
    fn deep_text_len(&self, index: usize) -> usize {
        let element = &self.elements[index];
        let inner = element
            .children
            .iter()
            .map(|&child| self.deep_text_len(child));
        element.text.len() + inner.sum::<usize>()
    }
}

/// A hash of tag, classes, text and picture of each element with its descendants.
fn content_hashes(digest: &LayoutDigest) -> Vec<u64> {
    let mut hashes = vec![0; digest.elements.len()];
    for (index, element) in digest.elements.iter().enumerate().rev() {
        let mut hasher = blake3::Hasher::new();
        for part in [&element.tag, &element.text, &element.picture, &element.id] {
            hasher.update(part.as_bytes());
            hasher.update(b"\0");
        }
        for class in element.stable_classes() {
            hasher.update(class.as_bytes());
            hasher.update(b" ");
        }
        for &child in &element.children {
            let inner: u64 = hashes[child];
            hasher.update(&inner.to_le_bytes());
        }
        let bytes = hasher.finalize();
        let start = bytes.as_bytes().first_chunk::<8>();
        hashes[index] = start.map_or(0, |start| u64::from_le_bytes(*start));
    }
    hashes
}
