//! Finds the computed properties of an element that changed. A change that follows
//! from another one belongs to that one: an inherited value to the ancestor, a
//! border in `currentcolor` to the colour, a length in `em` to the font size, a
//! value to its custom property.

use std::collections::{BTreeMap, HashMap};

use super::changes::{ChangeFinder, Effect};
use super::digest::LaidOutElement;
use super::properties::{is_inherited, is_unused, shorthand, side};
use super::values::{length, replaces, scales};
use crate::model::CauseKind;

/// Properties from which others on the same element follow.
const LEADING: [&str; 5] = ["color", "font-size", "display", "position", "float"];

impl ChangeFinder<'_> {
    /// Notes the changed properties of an element.
    pub(super) fn compare_style(
        &mut self,
        old: &LaidOutElement,
        index: usize,
        trigger: Option<usize>,
    ) {
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

    /// The change of the attribute that sets a property: `fill`, `width`.
    fn attribute_named(&self, index: usize, name: &str) -> Option<usize> {
        let effects = self.changes.effects[index].iter();
        let mut changes = effects.map(|effect| effect.change);
        changes.find(|&change| {
            let change = &self.changes.all[change];
            change.kind == CauseKind::Attribute && change.property.as_deref() == Some(name)
        })
    }
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
