//! Reads the source files of a crate into its tree of modules.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use syn::{Attribute, File, Item, Meta};
use walkdir::WalkDir;

/// The parsed files of a crate, without those that only tests compile.
pub(crate) struct CrateSource {
    /// By path below `src`, with `/` as separator.
    files: BTreeMap<String, File>,
    /// The file of each module, by its path: `["browser", "driver"]`.
    modules: BTreeMap<Vec<String>, String>,
}

impl CrateSource {
    /// Reads all files below a crate's `src`.
    pub(crate) fn read(root: &Path) -> Result<Self, String> {
        let mut sources = Vec::new();
        for entry in WalkDir::new(root).sort_by_file_name() {
            let entry = entry.map_err(|error| error.to_string())?;
            let path = entry.path();
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
            let below = path.strip_prefix(root).map_err(|error| error.to_string())?;
            let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
            sources.push((parts.join("/"), text));
        }
        Self::parse(sources)
    }

    /// Parses files that are given as path below `src` and text.
    pub(crate) fn parse(
        sources: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, String> {
        let mut all = BTreeMap::new();
        for (path, text) in sources {
            let file = syn::parse_file(&text).map_err(|error| format!("{path}: {error}"))?;
            all.insert(path, file);
        }
        let mut source = Self {
            files: BTreeMap::new(),
            modules: BTreeMap::new(),
        };
        for root in ["lib.rs", "main.rs"] {
            if all.contains_key(root) {
                source.adopt(&mut all, root.to_owned(), Vec::new());
            }
        }
        Ok(source)
    }

    /// Adds a file and the modules that it declares, except for tests.
    fn adopt(&mut self, all: &mut BTreeMap<String, File>, path: String, module: Vec<String>) {
        let Some(file) = all.remove(&path) else {
            return;
        };
        for item in &file.items {
            let Item::Mod(declared) = item else { continue };
            if declared.content.is_some() || is_test(&declared.attrs) {
                continue;
            }
            let mut inner = module.clone();
            inner.push(declared.ident.to_string());
            let stem = inner.join("/");
            for candidate in [format!("{stem}.rs"), format!("{stem}/mod.rs")] {
                self.adopt(all, candidate, inner.clone());
            }
        }
        self.modules.insert(module, path.clone());
        self.files.insert(path, file);
    }

    /// The paths of all files.
    pub(crate) fn files(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// All modules with their file's path and content.
    pub(crate) fn modules(&self) -> impl Iterator<Item = (&[String], &str, &File)> {
        self.modules
            .iter()
            .map(|(module, path)| (module.as_slice(), path.as_str(), &self.files[path]))
    }

    /// The file of a module.
    pub(crate) fn file_of(&self, module: &[String]) -> Option<&str> {
        self.modules.get(module).map(String::as_str)
    }

    /// A file's content.
    pub(crate) fn content(&self, path: &str) -> &File {
        &self.files[path]
    }

    /// The room of a file: the crate's top-level module that it belongs to.
    pub(crate) fn room(path: &str) -> Option<&str> {
        if matches!(path, "lib.rs" | "main.rs") {
            return None;
        }
        let first = path.split('/').next()?;
        Some(first.strip_suffix(".rs").unwrap_or(first))
    }

    /// The rooms from the ground up, as the `# Layout` section of `lib.rs`
    /// lists them.
    pub(crate) fn layout(&self) -> Vec<String> {
        let docs = self.files["lib.rs"].attrs.iter().filter_map(doc_text);
        let text = docs.collect::<Vec<_>>().join("\n");
        let layout = text.split("# Layout").nth(1).unwrap_or_default();
        let layout = layout.split("\n # ").next().unwrap_or_default();
        let entries = layout
            .lines()
            .filter_map(|line| line.trim().strip_prefix("- "));
        entries
            .filter_map(|entry| entry.split('`').nth(1))
            .map(|name| name.trim_start_matches("mod@").to_owned())
            .collect()
    }
}

/// Whether an item is compiled for tests only.
pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let Meta::List(list) = &attribute.meta else {
            return attribute.path().is_ident("test");
        };
        let condition = list.tokens.to_string();
        let is_only_test = matches!(condition.as_str(), "test" | "doctest");
        list.path.is_ident("cfg") && (is_only_test || condition.starts_with("all (test"))
    })
}

fn doc_text(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    match &pair.value {
        syn::Expr::Lit(literal) if pair.path.is_ident("doc") => match &literal.lit {
            syn::Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}
