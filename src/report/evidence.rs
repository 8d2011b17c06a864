//! Reads the texts about a failure that are beside its images.

use std::io::Read as _;
use std::path::Path;

use flate2::read::GzDecoder;
use serde::Serialize;

use crate::files;
use crate::model::VisualTestResult;

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// How much of a text is read, in bytes.
const MAX_READ: u64 = 16 << 20;

/// How much of a text is shown, in bytes.
const MAX_SHOWN: usize = 64 << 10;

/// The texts about a failure, for a page that shows them as text.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct EvidenceTexts {
    /// The last lines of the console, and the failed requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub console: Option<String>,
    /// The page as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dom: Option<String>,
}

impl EvidenceTexts {
    /// Reads the texts of a result from the folder of its run. Their names follow
    /// from the snapshot: others can write to the record, so a path in it is never
    /// opened.
    pub fn read(folder: &Path, result: &VisualTestResult) -> Self {
        let Some(artifacts) = &result.artifacts else {
            return Self::default();
        };
        let stem = result.story_identifier.file_stem();
        let read = |ending: &str| {
            let name = format!("{stem}-{ending}");
            Some((files::read(&folder.join(&name), MAX_FILE).ok()?, name))
        };
        let console = artifacts.console.as_ref().and_then(|_| read("console.txt"));
        let dom = artifacts.dom.as_ref().and_then(|_| read("dom.txt.gz"));
        let dom = dom.and_then(|(bytes, name)| {
            let mut plain = Vec::new();
            let mut decoder = GzDecoder::new(bytes.as_slice()).take(MAX_READ);
            decoder.read_to_end(&mut plain).ok()?;
            Some((plain, name))
        });
        Self {
            console: console.map(shown),
            dom: dom.map(shown),
        }
    }

    /// The size of the texts, in bytes.
    pub(super) fn len(&self) -> usize {
        let texts = [&self.console, &self.dom].into_iter().flatten();
        texts.map(String::len).sum()
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A text, or its beginning and the name of the file with the rest.
fn shown((bytes, name): (Vec<u8>, String)) -> String {
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    if text.len() > MAX_SHOWN {
        let mut end = MAX_SHOWN;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let rest = text.len() - end;
        text.truncate(end);
        text.push_str(&format!("\n\n# {rest} more bytes are in {name}\n"));
    }
    text
}
