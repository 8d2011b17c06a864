//! Finds what has changed of each element: texts, attributes, pictures and
//! computed properties. A change that follows from another one belongs to that
//! one: an inherited value to the ancestor, a border in `currentcolor` to the
//! colour, a length in `em` to the font size, a value to its custom property.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::digest::{LaidOutElement, LayoutDigest};
use super::matching::Matching;
use super::properties::{is_inherited, is_unused, moves_boxes, shorthand, side};
use super::values::{canonical, length, replaces, scales};
use crate::model::CauseKind;

/// Properties from which others on the same element follow.
const LEADING: [&str; 5] = ["color", "font-size", "display", "position", "float"];

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

struct ChangeFinder<'a> {
    current: &'a LayoutDigest,
    /// Changed custom properties for each element: change, from and to.
    tokens: Vec<Vec<(usize, String, String)>>,
    changes: Changes,
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

    fn add(
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

    fn note(&mut self, index: usize, change: usize, property: &str, from: &str, to: &str) {
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
                tokens.insert(0, (change, canonical(from), canonical(to)));
            }
        }
        self.tokens[index] = tokens;
    }

    fn compare_style(&mut self, old: &LaidOutElement, index: usize, trigger: Option<usize>) {
        let new = &self.current.elements[index];
        let of = |style: &HashMap<String, String>, name: &str| style.get(name).cloned();
        let mut names: Vec<&String> = new.style.keys().collect();
        names.sort_by_key(|name| (!LEADING.contains(&name.as_str()), name.as_str()));
        let mut own: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for name in names {
            let (Some(from), Some(to)) = (of(&old.style, name), of(&new.style, name)) else {
                continue;
            };
            if from == to || is_unused_in_both(name, old, new) {
                continue;
            }
            if from.starts_with('~') || to.starts_with('~') {
                let plain = |value: &str| value.trim_start_matches('~').to_owned();
                self.changes.used[index].push((name.clone(), plain(&from), plain(&to)));
                continue;
            }
            match self.origin(index, name, &from, &to, trigger) {
                Some(change) => self.note(index, change, name, &from, &to),
                None if LEADING.contains(&name.as_str()) => {
                    let change =
                        self.add(CauseKind::Style, index, Some(name), Some(&from), Some(&to));
                    self.note(index, change, name, &from, &to);
                }
                None => own
                    .entry(group(name, &old.style, &new.style))
                    .or_default()
                    .push(name.clone()),
            }
        }
        for (whole, longhands) in own {
            self.add_style(old, index, &whole, &longhands);
        }
    }

    /// A change of its own, of one property or of several of a shorthand.
    fn add_style(&mut self, old: &LaidOutElement, index: usize, whole: &str, longhands: &[String]) {
        let new = &self.current.elements[index];
        let (property, from, to) = match longhands {
            [one] => (one.as_str(), old.style[one].clone(), new.style[one].clone()),
            several => (
                whole,
                together(whole, several, &old.style),
                together(whole, several, &new.style),
            ),
        };
        let change = self.add(
            CauseKind::Style,
            index,
            Some(property),
            Some(&from),
            Some(&to),
        );
        for name in longhands {
            self.note(index, change, name, &old.style[name], &new.style[name]);
        }
    }

    /// The change from which a change of a property follows, if it does.
    fn origin(
        &self,
        index: usize,
        property: &str,
        from: &str,
        to: &str,
        trigger: Option<usize>,
    ) -> Option<usize> {
        let effects = &self.changes.effects;
        let parent = self.current.elements[index].parent;
        let outer = parent.map_or(&[][..], |parent| &effects[parent]);
        let find = |effects: &[Effect], name: &str| {
            effects
                .iter()
                .find(|effect| effect.property == name)
                .cloned()
        };
        if is_inherited(property)
            && let Some(effect) = find(outer, property)
            && effect.from == from
            && effect.to == to
        {
            return Some(effect.change);
        }
        // A line height without a unit is inherited as a factor.
        if property == "line-height"
            && let Some(effect) = find(outer, property)
            && let (Some(old), Some(new)) = (length(&effect.from), length(&effect.to))
            && scales(from, to, new / old)
        {
            return Some(effect.change);
        }
        if let Some(change) = trigger.or_else(|| self.attribute_named(index, property)) {
            return Some(change);
        }
        let own = &effects[index];
        if let Some(colour) = find(own, "color")
            && replaces(from, to, &colour.from, &colour.to)
        {
            return Some(colour.change);
        }
        let root = find(&effects[0], "font-size");
        for size in [find(own, "font-size"), root].into_iter().flatten() {
            if let (Some(old), Some(new)) = (length(&size.from), length(&size.to))
                && scales(from, to, new / old)
            {
                return Some(size.change);
            }
        }
        let follows_parent = matches!(
            property,
            "display" | "min-width" | "min-height" | "align-self" | "justify-self"
        );
        if let Some(display) = find(outer, "display").filter(|_| follows_parent) {
            return Some(display.change);
        }
        if property == "display"
            && let Some(cause) = find(own, "position").or_else(|| find(own, "float"))
        {
            return Some(cause.change);
        }
        let tokens = self.tokens[index].iter();
        let mut tokens = tokens.filter(|(_, old, new)| replaces(from, to, old, new));
        tokens.next().map(|(change, ..)| *change)
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

    /// The change of the attribute that sets a property: `fill`, `width`.
    fn attribute_named(&self, index: usize, name: &str) -> Option<usize> {
        let effects = self.changes.effects[index].iter();
        let mut changes = effects.map(|effect| effect.change);
        changes.find(|&change| {
            let change = &self.changes.all[change];
            change.kind == CauseKind::Attribute && change.property.as_deref() == Some(name)
        })
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

fn is_unused_in_both(property: &str, old: &LaidOutElement, new: &LaidOutElement) -> bool {
    [old, new].iter().all(|element| {
        is_unused(property, |name| {
            element.style.get(name).map_or("", String::as_str)
        })
    })
}

/// What a longhand is told under: its shorthand; a border, outline or line that
/// comes or goes as a whole.
fn group(property: &str, old: &HashMap<String, String>, new: &HashMap<String, String>) -> String {
    let is_none = |style: &HashMap<String, String>, name: &str| {
        style.get(name).is_none_or(|value| value == "none")
    };
    let switched = |name: &str| is_none(old, name) != is_none(new, name);
    let parts: Vec<&str> = property.split('-').collect();
    match parts[..] {
        ["border", side, "width" | "style" | "color"]
            if switched(&format!("border-{side}-style")) =>
        {
            "border".to_owned()
        }
        ["outline", ..] if switched("outline-style") => "outline".to_owned(),
        ["text", "decoration", ..] if switched("text-decoration-line") => {
            "text-decoration".to_owned()
        }
        _ => shorthand(property).to_owned(),
    }
}

/// The value of several longhands of a shorthand.
fn together(whole: &str, longhands: &[String], style: &HashMap<String, String>) -> String {
    let value = |name: &String| style.get(name).map_or("", String::as_str);
    let has_sides = longhands.iter().all(|name| side(name).is_some());
    if !has_sides || whole == "border" {
        let mut values: Vec<&str> = longhands.iter().map(value).collect();
        values.dedup();
        return values.join(" ");
    }
    let mut sides = [""; 4];
    for (name, value) in style {
        if shorthand(name) == whole
            && let Some(at) = side(name)
        {
            sides[at] = value;
        }
    }
    match sides {
        [a, b, c, d] if a == b && b == c && c == d => a.to_owned(),
        [a, b, c, d] if a == c && b == d => format!("{a} {b}"),
        [a, b, c, d] => format!("{a} {b} {c} {d}"),
    }
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
