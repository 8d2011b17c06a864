//! Edits `quarantine.toml`. Comments and the order of its entries stay.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use jiff::civil::Date;
use tintype::internals::files;
use tintype::internals::manifest::{Quarantine, SnapshotSelector};
use tintype::internals::model::today;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

const ENTRIES: &str = "quarantine";

/// The file and its text.
pub(super) struct QuarantineFile {
    path: PathBuf,
    document: DocumentMut,
    /// What each entry is about, in the order of the file.
    entries: Vec<(SnapshotSelector, Option<String>)>,
}

impl QuarantineFile {
    /// Reads the file, which need not exist.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("failed to read {}", path.display()));
            }
        };
        let entries = Quarantine::parse(path, &text)?;
        let entries = entries
            .into_iter()
            .map(|entry| (entry.snapshots, entry.difference));
        Ok(Self {
            path: path.to_owned(),
            document: text.parse()?,
            entries: entries.collect(),
        })
    }

    /// Sets a quarantine in place of the one that is about the same snapshots, and
    /// the same difference.
    pub(super) fn set(
        &mut self,
        subject: &SnapshotSelector,
        until: Date,
        reason: &str,
        commit: Option<&str>,
        difference: Option<&str>,
    ) {
        let mut table = Table::new();
        table["story"] = value(&subject.story);
        if let Some(theme) = &subject.theme {
            table["theme"] = value(theme);
        }
        if let Some(viewport) = subject.viewport {
            table["viewport"] = value(viewport.to_string());
        }
        table["until"] = date(until);
        table["reason"] = value(reason);
        table["since"] = date(today());
        if let Some(commit) = commit {
            table["commit"] = value(commit);
        }
        if let Some(difference) = difference {
            table["difference"] = value(difference);
        }
        let entry = (subject.clone(), difference.map(str::to_owned));
        let position = self.entries.iter().position(|it| *it == entry);
        let after = self.document.trailing().as_str().map(str::to_owned);
        let tables = self.tables();
        if let Some(old) = position.and_then(|at| tables.get_mut(at)) {
            // The comment above it stays.
            *table.decor_mut() = old.decor().clone();
            *old = table;
        } else {
            // What stands below the last entry stays above this one.
            let above = after.unwrap_or_default();
            let gap = if tables.is_empty() { "" } else { "\n" };
            let above = format!("{gap}{}", above.trim_start_matches('\n'));
            table.decor_mut().set_prefix(above);
            tables.push(table);
            self.document.set_trailing("");
            self.entries.push(entry);
        }
    }

    /// Removes every quarantine of these snapshots, and returns how many those
    /// were.
    pub(super) fn remove(&mut self, subject: &SnapshotSelector) -> u64 {
        let mut removed = 0;
        for at in (0..self.entries.len()).rev() {
            if subject.includes(&self.entries[at].0) {
                self.entries.remove(at);
                self.tables().remove(at);
                removed += 1;
            }
        }
        removed
    }

    pub(super) fn write(&self) -> Result<()> {
        let text = self.document.to_string();
        files::replace_durably(&self.path, text.as_bytes())
            .with_context(|| format!("failed to write {}", self.path.display()))
    }

    /// The entries. An array of inline tables becomes an array of tables.
    fn tables(&mut self) -> &mut ArrayOfTables {
        let item = self.document.entry(ENTRIES).or_insert(Item::None);
        let tables = std::mem::take(item).into_array_of_tables();
        *item = Item::ArrayOfTables(tables.unwrap_or_default());
        match item {
            Item::ArrayOfTables(tables) => tables,
            _ => unreachable!("it was just set"),
        }
    }
}

/// A date without quotes.
fn date(day: Date) -> Item {
    let day = day.to_string().parse::<toml_edit::Datetime>();
    day.map_or(Item::None, value)
}
