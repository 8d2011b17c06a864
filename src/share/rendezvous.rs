//! Divides the rest of a run while the server is away.

/// Whether a worker takes a group, of those that were seen last: the one with the
/// highest hash of both names (rendezvous hashing, Thaler and Ravishankar 1996).
/// All workers come to the same result without talking to one another.
pub(super) fn takes(worker: &str, group: &str, workers: &[String]) -> bool {
    let weight = |worker: &str| {
        let mut hasher = blake3::Hasher::new();
        hasher.update(worker.as_bytes()).update(b"\n");
        hasher.update(group.as_bytes());
        *hasher.finalize().as_bytes()
    };
    let own = (weight(worker), worker);
    let mut others = workers.iter().filter(|other| *other != worker);
    others.all(|other| (weight(other), other.as_str()) < own)
}

#[cfg(test)]
mod tests {
    use super::takes;

    #[test]
    fn each_group_has_one_worker_and_the_load_is_even() {
        let workers: Vec<_> = (1..=4).map(|n| format!("ci-{n}:7")).collect();
        let mut load = [0; 4];
        for group in (0..400).map(|n| format!("story-{n}@chromium")) {
            let takers: Vec<_> = (0..4)
                .filter(|n| takes(&workers[*n], &group, &workers))
                .collect();
            assert_eq!(takers.len(), 1);
            load[takers[0]] += 1;
        }
        assert!(load.iter().all(|load| (70..130).contains(load)), "{load:?}");
        assert!(takes("ci-1:7", "a@chromium", &[]), "alone");
    }
}
