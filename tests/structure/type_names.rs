//! Finds type names that are defined more than once.

use std::collections::BTreeMap;

use syn::Item;

use crate::crate_source::{CrateSource, is_test};

/// The files that define each type, by its name.
pub(crate) type Definitions = BTreeMap<String, Vec<String>>;

/// Adds the structs, enums, traits and type aliases of a crate, except those
/// of tests. `folder` is put before the paths of its files.
pub(crate) fn collect(folder: &str, source: &CrateSource, found: &mut Definitions) {
    for (_, path, file) in source.modules() {
        for item in &file.items {
            let (name, attributes) = match item {
                Item::Struct(item) => (&item.ident, &item.attrs),
                Item::Enum(item) => (&item.ident, &item.attrs),
                Item::Trait(item) => (&item.ident, &item.attrs),
                Item::Type(item) => (&item.ident, &item.attrs),
                _ => continue,
            };
            if !is_test(attributes) {
                let files = found.entry(name.to_string()).or_default();
                files.push(format!("{folder}/{path}"));
            }
        }
    }
}
