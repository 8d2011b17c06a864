//! `[themes]`: the themes in which stories are shown.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::manifest::error::Problem;
use crate::manifest::reader::{Named, Problems, Table, Value};
use crate::manifest::storybook;
use crate::manifest::types::{ColorScheme, Device, Theme};
use crate::manifest::values::one_of;
use crate::model::StoryIdentifier;

use super::device;

/// The themes in the order of their lines; without any, a single `light`.
pub(super) fn themes(
    value: Option<Value<'_>>,
    in_storybook: bool,
    problems: &mut Problems,
) -> Vec<Arc<Theme>> {
    let table = value.and_then(|value| value.table(problems));
    let themes: Vec<_> = table
        .map(Table::named)
        .into_iter()
        .flatten()
        .filter_map(|entry| theme(&entry, in_storybook, problems))
        .map(Arc::new)
        .collect();
    if themes.is_empty() {
        return vec![Arc::new(Theme {
            name: "light".to_owned(),
            color_scheme: Some(ColorScheme::Light),
            attributes: BTreeMap::new(),
            classes: Vec::new(),
            query: BTreeMap::new(),
            globals: String::new(),
            device: Device::default(),
        })];
    }
    themes
}

fn theme(entry: &Named<'_>, in_storybook: bool, problems: &mut Problems) -> Option<Theme> {
    if let Err(error) = StoryIdentifier::check_theme(entry.name) {
        problems.add(Problem::new(entry.name_span.clone(), error.to_string()));
    }
    let mut table = entry.value.table(problems)?;
    let schemes = [("light", ColorScheme::Light), ("dark", ColorScheme::Dark)];
    let color_scheme = table.take("color-scheme");
    let attributes = table.take("attributes");
    let query = table.take("query");
    let classes = table.take("classes").and_then(|v| v.texts(problems));
    let globals = table.take("globals");
    let device = device::take(&mut table, problems);
    table.finish(problems);
    if let (Some(globals), false) = (&globals, in_storybook) {
        problems.add(globals.wrong("requires `storybook` in [stories]"));
    }
    let globals = globals.and_then(|value| storybook::globals(&value, problems));
    let classes = classes.into_iter().flatten();
    Some(Theme {
        name: entry.name.to_owned(),
        color_scheme: color_scheme.and_then(|v| one_of(&v, &schemes, problems)),
        attributes: pairs(attributes, problems),
        classes: classes.map(|(class, _)| class.to_owned()).collect(),
        query: pairs(query, problems),
        globals: globals.unwrap_or_default(),
        device,
    })
}

/// The entries of a table of strings.
fn pairs(value: Option<Value<'_>>, problems: &mut Problems) -> BTreeMap<String, String> {
    let table = value.and_then(|value| value.table(problems));
    let entries = table.map(Table::named).into_iter().flatten();
    let pair = |entry: Named<'_>| {
        let text = entry.value.text(problems)?;
        Some((entry.name.to_owned(), text.to_owned()))
    };
    entries.filter_map(pair).collect()
}
