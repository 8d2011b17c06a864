//! Writes the files about a failure beside its images.

use std::io::{self, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::artifacts::ImageFolder;
use super::evidence::Evidence;
use crate::files;
use crate::model::{FailureArtifacts, PageError, PageErrorKind, VisualTestResult};

/// The maximum size of the compressed document of a page, in bytes.
const MAX_DOM: usize = 256 << 10;

impl ImageFolder {
    /// Writes the evidence of a failure, and notes its files and steps in the
    /// result.
    pub(crate) fn write_evidence(&self, result: &mut VisualTestResult, evidence: Evidence) {
        if let Some(error) = result
            .error
            .as_mut()
            .filter(|error| error.kind == "page-errors")
        {
            error.stack = evidence.stack();
        }
        let console = console_text(&evidence);
        let console = console.map(|text| ("console.txt", text.into_bytes()));
        let dom = evidence.dom.as_deref().map(compressed).transpose();
        let dom = dom.unwrap_or_else(|error| {
            tracing::warn!("failed to compress the document of the page: {error}");
            None
        });
        let dom = dom.map(|bytes| ("dom.txt.gz", bytes));
        let write = |file: Option<(&str, Vec<u8>)>| {
            let (name, bytes) = file?;
            let path = self.path(result, name);
            match files::replace(&path, &bytes) {
                Ok(()) => Some(self.relative(&path)),
                Err(error) => {
                    tracing::warn!("failed to write {}: {error}", path.display());
                    None
                }
            }
        };
        let artifacts = FailureArtifacts {
            console: write(console),
            dom: write(dom),
        };
        if artifacts != FailureArtifacts::default() {
            result.artifacts = Some(artifacts);
        }
        result.steps = evidence.steps;
        if result.page_errors.is_empty() {
            let told = result.message.as_deref().unwrap_or_default();
            // The failure is that of the page's own address.
            let is_told = |error: &PageError| {
                let url = error.url.as_deref().unwrap_or_default();
                told.contains(&format!("{url}: {}", error.message))
            };
            result.page_errors = evidence.page_errors;
            result.page_errors.retain(|error| !is_told(error));
        }
    }
}

/// The console and the failed requests as text, if there are any.
fn console_text(evidence: &Evidence) -> Option<String> {
    let is_request = |kind: PageErrorKind| kind == PageErrorKind::Request;
    let failed = evidence.page_errors.iter();
    let failed: Vec<String> = failed
        .filter(|error| is_request(error.kind))
        .map(ToString::to_string)
        .collect();
    let sections = [("Console", &evidence.console), ("Failed requests", &failed)];
    let sections: Vec<String> = sections
        .into_iter()
        .filter(|(_, lines)| !lines.is_empty())
        .map(|(title, lines)| format!("# {title}\n\n{}\n", lines.join("\n")))
        .collect();
    (!sections.is_empty()).then(|| sections.join("\n"))
}

/// A text compressed with gzip. A longer one is cut, and says so at its end.
fn compressed(text: &str) -> io::Result<Vec<u8>> {
    let mut kept = text.len();
    loop {
        while !text.is_char_boundary(kept) {
            kept -= 1;
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&text.as_bytes()[..kept])?;
        if kept < text.len() {
            let rest = text.len() - kept;
            write!(encoder, "\n\n# {rest} more bytes were cut\n")?;
        }
        let bytes = encoder.finish()?;
        if bytes.len() <= MAX_DOM {
            return Ok(bytes);
        }
        // A little less than what would fit if all parts compressed alike.
        kept = kept * MAX_DOM / bytes.len() * 9 / 10;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::{MAX_DOM, compressed};

    fn plain(bytes: &[u8]) -> String {
        let mut text = String::new();
        GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_document_that_is_too_long_is_cut_and_says_so() {
        let mut seed = 7_u64;
        let mut word = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            format!("{seed:x}ä")
        };
        let text: String = (0..60_000).map(|_| word()).collect();
        let bytes = compressed(&text).unwrap();
        assert!(bytes.len() <= MAX_DOM, "{}", bytes.len());
        let kept = plain(&bytes);
        let (kept, rest) = kept.split_once("\n\n# ").unwrap();
        assert!(
            text.starts_with(kept) && kept.len() > MAX_DOM,
            "{}",
            kept.len()
        );
        let expected = format!("{} more bytes were cut\n", text.len() - kept.len());
        assert_eq!(rest, expected);
        assert_eq!(plain(&compressed("short").unwrap()), "short");
    }
}
