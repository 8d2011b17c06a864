//! Finds which files of a crate reference which others.
//!
//! A reference is a path in a `use`, an expression, a type or a macro call. It
//! counts for the file that defines the item: re-exports are followed, and a
//! re-export itself is no reference.

use std::collections::BTreeMap;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{File, ImplItemFn, Item, ItemUse, Macro, UseTree, Visibility};

use crate::crate_source::{CrateSource, is_test};
use crate::graph::Graph;

/// The number of re-exports that are followed before a path counts as resolved.
const MOST_HOPS: usize = 16;

/// A name that a file brings into scope, with its full path.
struct Import {
    name: String,
    path: Vec<String>,
    is_public: bool,
}

/// Which files reference which.
pub(crate) fn graph(source: &CrateSource) -> Graph {
    let imports: BTreeMap<&str, Vec<Import>> = source
        .modules()
        .map(|(module, path, file)| (path, imports(module, file)))
        .collect();
    let mut graph = Graph::new();
    for (module, path, file) in source.modules() {
        let mut found = References {
            module,
            imports: &imports[path],
            paths: Vec::new(),
        };
        found.visit_file(file);
        let uses = imports[path].iter().filter(|import| !import.is_public);
        let uses = uses.map(|import| import.path.clone());
        let targets = graph.entry(path.to_owned()).or_default();
        for reference in found.paths.into_iter().chain(uses) {
            let Some(target) = definer(source, &imports, &reference, MOST_HOPS) else {
                continue;
            };
            if target != path {
                targets.insert(target.to_owned(), reference.join("::"));
            }
        }
    }
    graph
}

/// The file that defines the item of a path from the crate's root. A module is
/// not an item: an import of one counts for the items that are used through it.
fn definer<'a>(
    source: &'a CrateSource,
    imports: &BTreeMap<&str, Vec<Import>>,
    path: &[String],
    hops: usize,
) -> Option<&'a str> {
    let depth = (0..=path.len())
        .rev()
        .find(|&depth| source.file_of(&path[..depth]).is_some())?;
    let file = source.file_of(&path[..depth])?;
    let name = path.get(depth)?;
    if hops == 0 || defines(source.content(file), name) {
        return Some(file);
    }
    let through = imports[file].iter().find(|import| import.name == *name);
    match through {
        Some(import) => {
            let mut onward = import.path.clone();
            onward.extend_from_slice(&path[depth + 1..]);
            definer(source, imports, &onward, hops - 1)
        }
        None => {
            let globs = imports[file].iter().filter(|import| import.name == "*");
            let mut behind = globs.filter_map(|glob| {
                let mut onward = glob.path[..glob.path.len() - 1].to_vec();
                onward.extend_from_slice(&path[depth..]);
                let target = definer(source, imports, &onward, hops - 1)?;
                defines(source.content(target), name).then_some(target)
            });
            Some(behind.next().unwrap_or(file))
        }
    }
}

fn defines(file: &File, name: &str) -> bool {
    file.items.iter().any(|item| {
        let ident = match item {
            Item::Const(item) => &item.ident,
            Item::Enum(item) => &item.ident,
            Item::Fn(item) => &item.sig.ident,
            Item::Static(item) => &item.ident,
            Item::Struct(item) => &item.ident,
            Item::Trait(item) => &item.ident,
            Item::Type(item) => &item.ident,
            Item::Union(item) => &item.ident,
            Item::Mod(item) if item.content.is_some() => &item.ident,
            Item::Macro(item) => match &item.ident {
                Some(ident) => ident,
                None => return false,
            },
            _ => return false,
        };
        ident == name
    })
}

fn imports(module: &[String], file: &File) -> Vec<Import> {
    let mut found = Vec::new();
    for item in &file.items {
        if let Item::Use(item) = item
            && !is_test(&item.attrs)
        {
            let is_public = !matches!(item.vis, Visibility::Inherited);
            collect(&item.tree, module, Vec::new(), is_public, &mut found);
        }
    }
    found
}

fn collect(
    tree: &UseTree,
    module: &[String],
    mut prefix: Vec<String>,
    is_public: bool,
    found: &mut Vec<Import>,
) {
    let mut add = |name: String, path: Vec<String>| {
        if let Some(path) = absolute(module, &path) {
            found.push(Import {
                name,
                path,
                is_public,
            });
        }
    };
    match tree {
        UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            collect(&path.tree, module, prefix, is_public, found);
        }
        UseTree::Name(name) => {
            let ident = name.ident.to_string();
            if ident == "self" {
                add(prefix.last().cloned().unwrap_or_default(), prefix);
            } else {
                prefix.push(ident.clone());
                add(ident, prefix);
            }
        }
        UseTree::Rename(rename) => {
            prefix.push(rename.ident.to_string());
            add(rename.rename.to_string(), prefix);
        }
        UseTree::Glob(_) => {
            prefix.push("*".to_owned());
            add("*".to_owned(), prefix);
        }
        UseTree::Group(group) => {
            for tree in &group.items {
                collect(tree, module, prefix.clone(), is_public, found);
            }
        }
    }
}

/// A path from the crate's root. A first segment that is neither `crate`,
/// `self` nor `super` may be a sibling module; paths of other crates are not
/// found.
fn absolute(module: &[String], path: &[String]) -> Option<Vec<String>> {
    let mut base = module.to_vec();
    let mut rest = path;
    match path.first()?.as_str() {
        "crate" => {
            base.clear();
            rest = &path[1..];
        }
        "self" => rest = &path[1..],
        "super" => {
            while rest.first().is_some_and(|segment| segment == "super") {
                base.pop()?;
                rest = &rest[1..];
            }
        }
        _ => {}
    }
    base.extend_from_slice(rest);
    Some(base)
}

struct References<'a> {
    module: &'a [String],
    imports: &'a [Import],
    paths: Vec<Vec<String>>,
}

impl References<'_> {
    fn note(&mut self, segments: &[String]) {
        let Some(first) = segments.first() else {
            return;
        };
        let is_rooted = matches!(first.as_str(), "crate" | "self" | "super");
        let imported = self.imports.iter().find(|import| import.name == *first);
        let path = match imported {
            Some(import) if !is_rooted => {
                let mut path = import.path.clone();
                path.extend_from_slice(&segments[1..]);
                Some(path)
            }
            _ if is_rooted || segments.len() > 1 => absolute(self.module, segments),
            _ => None,
        };
        self.paths.extend(path);
    }

    /// Paths inside a macro call, whose arguments are tokens.
    fn scan(&mut self, tokens: TokenStream) {
        let mut segments: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.note(&std::mem::take(&mut segments));
                    }
                    segments.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && !segments.is_empty() => {
                    colons += 1;
                }
                other => {
                    self.note(&std::mem::take(&mut segments));
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.scan(group.stream());
                    }
                }
            }
        }
        self.note(&segments);
    }
}

impl<'ast> Visit<'ast> for References<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Mod(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Struct(item) => &item.attrs,
            _ => &Vec::new(),
        };
        if !is_test(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        if !is_test(&function.attrs) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    // Those at the top of the file are read by `imports`.
    fn visit_item_use(&mut self, _: &'ast ItemUse) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<_> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        self.note(&segments);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.note(
            &call
                .path
                .segments
                .iter()
                .map(|s| s.ident.to_string())
                .collect::<Vec<_>>(),
        );
        self.scan(call.tokens.clone());
    }
}
