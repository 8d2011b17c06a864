//! Finds what has changed of each element: texts, attributes, pictures, custom
//! properties and, in `style_changes`, computed properties.

use std::collections::BTreeSet;

use super::digest::{LaidOutElement, LayoutDigest};
use super::matching::Matching;
use super::properties::moves_boxes;
use super::values::{alternatives, canonical};
use crate::model::CauseKind;

/// The most characters of a text in a cause.
const MAX_TEXT: usize = 60;

/// A change of one element, before equal ones are put together.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) kind: CauseKind,
    pub(super) property: Option<String>,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    pub(super) element: ChangedElement,
}

/// Which element changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChangedElement {
    /// By its index in the baseline.
    Baseline(usize),
    /// By its index in the current page.
    Current(usize),
    /// None: a web font.
    Page,
}

/// How a change shows on an element.
#[derive(Clone, Debug)]
pub(super) struct Effect {
    /// The index of the change.
    pub(super) change: usize,
    /// The property, or `text`, `attribute`, `picture`.
    pub(super) property: String,
    pub(super) from: String,
    pub(super) to: String,
}

impl Effect {
    /// Whether this is another effect of a changed attribute than itself.
    pub(super) fn follows(&self, change: &Change) -> bool {
        let is_own = self.property == "attribute"
            || change.property.as_deref() == Some(self.property.as_str());
        change.kind == CauseKind::Attribute && !is_own
    }

    pub(super) fn moves_boxes(&self) -> bool {
        moves_boxes(&self.property)
    }
}

/// All changes between two pages.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) all: Vec<Change>,
    /// For each element of the current page.
    pub(super) effects: Vec<Vec<Effect>>,
    /// Used values that changed, for each element of the current page: they may
    /// follow from any other change.
    pub(super) used: Vec<Vec<(String, String, String)>>,
    /// Outermost elements of the current page that are new, with their changes.
    pub(super) added: Vec<(usize, usize)>,
    /// Outermost elements of the baseline that are gone, with their changes.
    pub(super) removed: Vec<(usize, usize)>,
    /// The change of a web font.
    pub(super) font: Option<usize>,
}

/// Finds all changes.
pub(super) fn changes(
    baseline: &LayoutDigest,
    current: &LayoutDigest,
    matching: &Matching,
) -> Changes {
    let mut finder = ChangeFinder {
        current,
        tokens: vec![Vec::new(); current.elements.len()],
        changes: Changes {
            effects: vec![Vec::new(); current.elements.len()],
            used: vec![Vec::new(); current.elements.len()],
            ..Changes::default()
        },
    };
    for (old, new) in matching.pairs() {
        finder.compare(&baseline.elements[old], new);
    }
    finder.note_added(matching);
    finder.note_removed(baseline, matching);
    finder.note_fonts(baseline);
    finder.changes
}

/// Collects the changes, element by element.
pub(super) struct ChangeFinder<'a> {
    pub(super) current: &'a LayoutDigest,
    /// Changed custom properties for each element: change, from and to.
    pub(super) tokens: Vec<Vec<(usize, String, String)>>,
    pub(super) changes: Changes,
}

impl ChangeFinder<'_> {
    fn compare(&mut self, old: &LaidOutElement, index: usize) {
        let new = &self.current.elements[index];
        self.compare_text(old, index);
        let trigger = self.compare_attributes(old, index);
        if !old.picture.is_empty() && !new.picture.is_empty() && old.picture != new.picture {
            let has_source = (self.changes.effects[index].iter())
                .any(|effect| self.changes.all[effect.change].kind == CauseKind::Image);
            if !has_source {
                let (from, to) = (Some(&*old.picture), Some(&*new.picture));
                let change = self.add(CauseKind::Image, index, Some("content"), from, to);
                self.note(index, change, "picture", "", "");
            }
        }
        self.compare_tokens(old, index, trigger);
        self.compare_style(old, index, trigger);
    }

    pub(super) fn add(
        &mut self,
        kind: CauseKind,
        index: usize,
        property: Option<&str>,
        from: Option<&str>,
        to: Option<&str>,
    ) -> usize {
        self.changes.all.push(Change {
            kind,
            property: property.map(str::to_owned),
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
            element: ChangedElement::Current(index),
        });
        self.changes.all.len() - 1
    }

    pub(super) fn note(
        &mut self,
        index: usize,
        change: usize,
        property: &str,
        from: &str,
        to: &str,
    ) {
        self.changes.effects[index].push(Effect {
            change,
            property: property.to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
        });
    }

    fn compare_text(&mut self, old: &LaidOutElement, index: usize) {
        let new = &self.current.elements[index];
        if old.text == new.text {
            return;
        }
        let (from, to) = (shortened(&old.text), shortened(&new.text));
        let change = match new.is_pseudo() && new.tag != "::placeholder" {
            true => self.add(
                CauseKind::Style,
                index,
                Some("content"),
                Some(&from),
                Some(&to),
            ),
            false => self.add(CauseKind::Text, index, None, Some(&from), Some(&to)),
        };
        self.note(index, change, "text", "", "");
    }

    /// Returns the change of a class or another attribute, from which changes of
    /// the style follow.
    fn compare_attributes(&mut self, old: &LaidOutElement, index: usize) -> Option<usize> {
        let new = &self.current.elements[index];
        let mut trigger = None;
        let (from, to) = (
            old.stable_classes().join(" "),
            new.stable_classes().join(" "),
        );
        if from != to {
            let change = self.add(
                CauseKind::Attribute,
                index,
                Some("class"),
                Some(&from),
                Some(&to),
            );
            self.note(index, change, "attribute", "", "");
            trigger = Some(change);
        }
        let names: BTreeSet<&String> = old.attributes.keys().chain(new.attributes.keys()).collect();
        for name in names {
            let (from, to) = (old.attributes.get(name), new.attributes.get(name));
            if from == to {
                continue;
            }
            let kind = match &**name {
                "src" | "srcset" | "poster" => CauseKind::Image,
                _ => CauseKind::Attribute,
            };
            let (from, to) = (from.map(|v| shortened(v)), to.map(|v| shortened(v)));
            let change = self.add(kind, index, Some(name), from.as_deref(), to.as_deref());
            let property = if kind == CauseKind::Image {
                "picture"
            } else {
                "attribute"
            };
            self.note(index, change, property, "", "");
            if kind == CauseKind::Attribute && selects_rules(name) {
                trigger = trigger.or(Some(change));
            }
        }
        trigger
    }

    /// Custom properties that changed here or on an ancestor.
    fn compare_tokens(&mut self, old: &LaidOutElement, index: usize, trigger: Option<usize>) {
        let new = &self.current.elements[index];
        let inherited = new.parent.map(|parent| self.tokens[parent].clone());
        let mut tokens = inherited.unwrap_or_default();
        let names: BTreeSet<&String> = old.tokens.keys().chain(new.tokens.keys()).collect();
        for name in names {
            let (from, to) = (old.tokens.get(name), new.tokens.get(name));
            let (Some(from), Some(to)) = (from, to) else {
                continue;
            };
            if from != to {
                let change = trigger.unwrap_or_else(|| {
                    self.add(CauseKind::Style, index, Some(name), Some(from), Some(to))
                });
                if trigger.is_some() {
                    self.note(index, change, name, from, to);
                }
                let (old, new) = (alternatives(from), alternatives(to));
                for at in 0..old.len().max(new.len()) {
                    // A value that is the same in both schemes stands for both.
                    let of = |values: &[&str]| canonical(values[at.min(values.len() - 1)]);
                    tokens.insert(0, (change, of(&old), of(&new)));
                }
            }
        }
        self.tokens[index] = tokens;
    }

    fn note_added(&mut self, matching: &Matching) {
        for (index, element) in self.current.elements.iter().enumerate() {
            let outer = element.parent;
            let is_outermost = outer.is_none_or(|outer| matching.to_baseline[outer].is_some());
            if matching.to_baseline[index].is_some() || !is_outermost {
                continue;
            }
            let change = outer
                .filter(|_| element.is_pseudo())
                .and_then(|outer| self.attribute_of(outer))
                .unwrap_or_else(|| {
                    let text = shortened(&deep_text(self.current, index));
                    let text = Some(&*text).filter(|text| !text.is_empty());
                    self.add(CauseKind::Added, index, None, None, text)
                });
            self.changes.added.push((index, change));
        }
    }

    fn note_removed(&mut self, baseline: &LayoutDigest, matching: &Matching) {
        for (index, element) in baseline.elements.iter().enumerate() {
            let outer = element.parent.map(|outer| matching.to_current[outer]);
            if matching.to_current[index].is_some() || outer == Some(None) {
                continue;
            }
            let host = outer.flatten().filter(|_| element.is_pseudo());
            let change = host
                .and_then(|host| self.attribute_of(host))
                .unwrap_or_else(|| {
                    let text = shortened(&deep_text(baseline, index));
                    self.changes.all.push(Change {
                        kind: CauseKind::Removed,
                        property: None,
                        from: Some(text).filter(|text| !text.is_empty()),
                        to: None,
                        element: ChangedElement::Baseline(index),
                    });
                    self.changes.all.len() - 1
                });
            self.changes.removed.push((index, change));
        }
    }

    /// The change of an attribute of an element.
    fn attribute_of(&self, index: usize) -> Option<usize> {
        let effects = self.changes.effects[index].iter();
        let mut attributes = effects.filter(|effect| effect.property == "attribute");
        attributes.next().map(|effect| effect.change)
    }

    fn note_fonts(&mut self, baseline: &LayoutDigest) {
        let (old, new): (BTreeSet<_>, BTreeSet<_>) = (
            baseline.fonts.iter().collect(),
            self.current.fonts.iter().collect(),
        );
        let join = |fonts: Vec<&&String>| {
            let fonts = fonts.into_iter().map(|font| font.as_str());
            Some(fonts.collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty())
        };
        if old == new {
            return;
        }
        self.changes.all.push(Change {
            kind: CauseKind::Font,
            property: None,
            from: join(old.difference(&new).collect()),
            to: join(new.difference(&old).collect()),
            element: ChangedElement::Page,
        });
        self.changes.font = Some(self.changes.all.len() - 1);
    }
}

/// Whether rules select elements by an attribute, so that a change of it changes
/// other properties.
fn selects_rules(attribute: &str) -> bool {
    let names = [
        "class",
        "type",
        "checked",
        "is-checked",
        "disabled",
        "open",
        "hidden",
        "inert",
        "dir",
        "lang",
        "selected",
        "multiple",
        "part",
        "slot",
        "contenteditable",
    ];
    names.contains(&attribute) || attribute.starts_with("data-") || attribute.starts_with("aria-")
}

/// The text of an element with its descendants.
fn deep_text(digest: &LayoutDigest, index: usize) -> String {
    let element = &digest.elements[index];
    let mut texts = vec![element.text.clone()];
    for &child in &element.children {
        texts.push(deep_text(digest, child));
    }
    texts.retain(|text| !text.is_empty());
    texts.join(" ")
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => {
            let hash = blake3::hash(text.as_bytes()).to_hex();
            format!("{}…{}", &text[..end], &hash[..6])
        }
        None => text.to_owned(),
    }
}
