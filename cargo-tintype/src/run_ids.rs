//! Resolves what a user writes for a run: its id, a unique prefix of it, or
//! `latest`.

use anyhow::{Result, bail};
use tintype::internals::model::RunId;

/// The newest run.
pub(crate) const LATEST: &str = "latest";

/// The run that `text` identifies, among `ids`. `None` if no run matches.
pub(crate) fn find<'a>(
    text: &str,
    ids: impl IntoIterator<Item = &'a RunId>,
) -> Result<Option<RunId>> {
    let mut matches = Vec::new();
    for id in ids {
        if id.as_str() == text {
            return Ok(Some(id.clone()));
        }
        if self::matches(text, id) {
            matches.push(id);
        }
    }
    match matches.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some((*only).clone())),
        several => {
            let shown: Vec<_> = several.iter().take(5).map(|id| id.as_str()).collect();
            bail!(
                "`{text}` is ambiguous: {} runs start with it (help: use more of the id, for \
                 example {})",
                several.len(),
                shown.join(", ")
            )
        }
    }
}

/// Whether `text` is the id or a prefix of it, with or without `run-`.
pub(crate) fn matches(text: &str, id: &RunId) -> bool {
    // On Redis Cluster ids have braces.
    let bare = id.as_str().trim_start_matches('{');
    let short = bare.strip_prefix("run-").unwrap_or(bare);
    !text.is_empty() && (id.as_str() == text || bare.starts_with(text) || short.starts_with(text))
}

#[cfg(test)]
mod tests {
    use super::find;
    use tintype::internals::model::RunId;

    fn ids() -> Vec<RunId> {
        [
            "run-0198f0c2",
            "run-0198f1aa",
            "{run-0199}",
            "ci-7",
            "ci-71",
        ]
        .map(|id| RunId(id.to_owned()))
        .into()
    }

    #[test]
    fn a_unique_prefix_is_enough() {
        let found = |text| find(text, &ids()).unwrap().map(|id| id.0);
        assert_eq!(found("run-0198f0"), Some("run-0198f0c2".to_owned()));
        assert_eq!(found("0198f1"), Some("run-0198f1aa".to_owned()));
        assert_eq!(found("run-0199"), Some("{run-0199}".to_owned()));
        assert_eq!(found("run-7"), None);
        assert_eq!(found(""), None);
    }

    #[test]
    fn a_whole_id_is_never_ambiguous() {
        assert_eq!(find("ci-7", &ids()).unwrap().unwrap().0, "ci-7");
        let error = find("run-0198", &ids()).unwrap_err().to_string();
        assert!(
            error.starts_with("`run-0198` is ambiguous: 2 runs"),
            "{error}"
        );
    }
}
