//! Collects the documents that were skipped, for warnings.

use std::collections::HashSet;
use std::fmt::Display;
use std::sync::{Mutex, PoisonError};

use crate::model::{MAX_LINE, bounded};

/// The most documents that a process names.
const MAX_NAMED: usize = 20;

/// Documents that a reader has skipped because they are invalid. Others can
/// write to the record, so one of them must not hide the rest.
#[derive(Debug, Default)]
pub struct SkippedDocuments(Mutex<SkippedState>);

#[derive(Debug, Default)]
struct SkippedState {
    /// All sentences, so that each is given once.
    known: HashSet<String>,
    /// Sentences that have not been taken.
    new: Vec<String>,
}

impl SkippedDocuments {
    /// Notes that `document` was skipped, once.
    pub(crate) fn add(&self, document: impl Display, problem: impl Display) {
        self.note(&format!("{document} was skipped: {problem}"));
    }

    /// Notes a sentence, once.
    pub(crate) fn note(&self, sentence: &str) {
        let sentence = escape_control(sentence);
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.known.len() > MAX_NAMED || !state.known.insert(sentence.clone()) {
            return;
        }
        let next = if state.known.len() > MAX_NAMED {
            "more invalid documents were skipped, which are not named".to_owned()
        } else {
            sentence
        };
        state.new.push(next);
    }

    /// Takes a sentence for each document that was skipped since the last call.
    pub(crate) fn take(&self) -> Vec<String> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut state.new)
    }
}

/// A text for a terminal or a log: one line of limited length, in which control
/// characters are escaped.
pub(super) fn escape_control(text: &str) -> String {
    let escaped = text.chars().fold(String::new(), |mut escaped, c| {
        if c.is_control() {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
        escaped
    });
    bounded(escaped, MAX_LINE)
}

#[cfg(test)]
mod tests {
    use super::SkippedDocuments;

    #[test]
    fn each_document_is_named_once_and_few_are_named() {
        let skipped = SkippedDocuments::default();
        for n in (0..25).chain(0..25) {
            skipped.add(format!("the run `{n}`"), "\u{1b}]0;owned\u{7}\r\n::error::");
        }
        let sentences = skipped.take();
        assert_eq!(sentences.len(), 21);
        assert_eq!(
            sentences[0],
            r"the run `0` was skipped: \u{1b}]0;owned\u{7}\r\n::error::"
        );
        assert!(sentences[20].starts_with("more invalid documents"));
        assert_eq!(skipped.take(), Vec::<String>::new());
    }
}
