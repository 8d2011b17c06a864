//! The layout digest of a page, and its compressed form.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::{Deserialize, Serialize};

use crate::redact::redact;

/// The most bytes of a compressed digest.
const MAX_COMPRESSED: usize = 64 << 10;
/// The most bytes of a digest after decompression.
const MAX_PLAIN: u64 = 16 << 20;
/// The version of the format.
const VERSION: u32 = 1;

/// A digest as `scripts/page/digest.js` and the chunk have it.
#[derive(Serialize, Deserialize)]
struct DigestDocument {
    version: u32,
    properties: Vec<String>,
    values: Vec<String>,
    /// `property:value` pairs of indices.
    styles: Vec<String>,
    elements: Vec<DigestRow>,
    fonts: Vec<String>,
}

/// Parent, tag, ordinal, id, classes, role, label, text, left, top, width,
/// height, style, attributes, hash of the picture, custom properties.
type DigestRow = (
    i64,
    String,
    u32,
    String,
    String,
    String,
    String,
    String,
    f64,
    f64,
    f64,
    f64,
    usize,
    String,
    String,
    String,
);

/// The painted elements of a page, with what is painted of each.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LayoutDigest {
    /// In document order, parents before their children.
    pub(super) elements: Vec<LaidOutElement>,
    /// The web fonts in use with their states.
    pub(super) fonts: Vec<String>,
}

/// An element or pseudo-element.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct LaidOutElement {
    pub(super) parent: Option<usize>,
    pub(super) children: Vec<usize>,
    /// `div`, or `::before`.
    pub(super) tag: String,
    /// Its number among siblings of its tag, from 1.
    pub(super) ordinal: u32,
    pub(super) id: String,
    pub(super) classes: Vec<String>,
    pub(super) role: String,
    /// What names it for tests and people: `data-testid=save`.
    pub(super) label: String,
    pub(super) text: String,
    /// Left, top, width and height in pixels of the image.
    pub(super) area: [f64; 4],
    /// Computed values by property. A value after `~` is a used one.
    pub(super) style: HashMap<String, String>,
    pub(super) attributes: HashMap<String, String>,
    /// A hash of the content of an image or canvas, if it could be read.
    pub(super) picture: String,
    /// Custom properties that are declared for this element.
    pub(super) tokens: HashMap<String, String>,
}

/// Compresses the digest that a page has returned, without secrets. `None` if
/// it is invalid or remains too large without its texts.
pub fn compress(json: &str) -> Option<Vec<u8>> {
    let mut document: DigestDocument = serde_json::from_str(json).ok()?;
    for row in &mut document.elements {
        let texts = [&mut row.3, &mut row.6, &mut row.7, &mut row.13, &mut row.15];
        texts.into_iter().for_each(hide_secrets);
    }
    document.values.iter_mut().for_each(hide_secrets);
    let full = deflate(&document)?;
    if full.len() <= MAX_COMPRESSED {
        return Some(full);
    }
    for row in &mut document.elements {
        if let Some((end, _)) = row.7.char_indices().nth(24) {
            let hash = blake3::hash(row.7.as_bytes()).to_hex();
            row.7 = format!("{}…{}", &row.7[..end], &hash[..8]);
        }
    }
    deflate(&document).filter(|bytes| bytes.len() <= MAX_COMPRESSED)
}

fn hide_secrets(text: &mut String) {
    if let Cow::Owned(redacted) = redact(text) {
        *text = redacted;
    }
}

fn deflate(document: &DigestDocument) -> Option<Vec<u8>> {
    let json = serde_json::to_vec(document).ok()?;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(8));
    encoder.write_all(&json).ok()?;
    encoder.finish().ok()
}

impl LayoutDigest {
    /// Reads a compressed digest. `None` if it is damaged or of another version.
    pub(crate) fn read(compressed: &[u8]) -> Option<Self> {
        let mut json = Vec::new();
        let mut decoder = ZlibDecoder::new(compressed).take(MAX_PLAIN);
        decoder.read_to_end(&mut json).ok()?;
        let document: DigestDocument = serde_json::from_slice(&json).ok()?;
        if document.version != VERSION {
            return None;
        }
        let styles: Option<Vec<_>> = document
            .styles
            .iter()
            .map(|style| style_of(style, &document.properties, &document.values))
            .collect();
        let styles = styles?;
        let mut digest = Self {
            elements: Vec::with_capacity(document.elements.len()),
            fonts: document.fonts,
        };
        for row in document.elements {
            let index = digest.elements.len();
            let element = element_of(row, &styles, index)?;
            if let Some(parent) = element.parent {
                digest.elements[parent].children.push(index);
            }
            digest.elements.push(element);
        }
        Some(digest)
    }
}

fn style_of(
    style: &str,
    properties: &[String],
    values: &[String],
) -> Option<HashMap<String, String>> {
    let pairs = style.split(',').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (property, value) = pair.split_once(':')?;
            let property = properties.get(property.parse::<usize>().ok()?)?;
            let value = values.get(value.parse::<usize>().ok()?)?;
            Some((property.clone(), value.clone()))
        })
        .collect()
}

fn element_of(
    row: DigestRow,
    styles: &[HashMap<String, String>],
    index: usize,
) -> Option<LaidOutElement> {
    let parent = usize::try_from(row.0).ok();
    if parent.is_some_and(|parent| parent >= index) {
        return None;
    }
    Some(LaidOutElement {
        parent,
        children: Vec::new(),
        tag: row.1,
        ordinal: row.2,
        id: row.3,
        classes: row.4.split_whitespace().map(str::to_owned).collect(),
        role: row.5,
        label: row.6,
        text: row.7,
        area: [row.8, row.9, row.10, row.11],
        style: styles.get(row.12)?.clone(),
        attributes: pairs_of(&row.13),
        picture: row.14,
        tokens: pairs_of(&row.15),
    })
}

/// Names and values in lines of their own.
fn pairs_of(lines: &str) -> HashMap<String, String> {
    let lines: Vec<&str> = lines.split('\n').collect();
    let pairs = lines.chunks_exact(2);
    pairs
        .map(|pair| (pair[0].to_owned(), pair[1].to_owned()))
        .collect()
}
