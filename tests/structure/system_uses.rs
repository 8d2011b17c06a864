//! Finds code that only some operating systems can compile or run.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItemFn, Item, LitStr, Macro};

use crate::crate_source::is_test;

/// `std::os::unix`, crates for one system, sockets and signals.
const NAMES: [&str; 8] = [
    "unix",
    "rustix",
    "process_wrap",
    "UnixStream",
    "UnixListener",
    "ctrl_c",
    "SignalKind",
    "process_group",
];

/// Shells, as programs.
const SHELLS: [&str; 3] = ["sh", "/bin/sh", "cmd.exe"];

/// What a file without its tests uses of a single system.
pub(crate) fn of_file(file: &syn::File) -> Vec<String> {
    let mut uses = SystemUses::default();
    uses.visit_file(file);
    uses.0.sort();
    uses.0.dedup();
    uses.0
}

#[derive(Default)]
struct SystemUses(Vec<String>);

impl SystemUses {
    fn note_text(&mut self, text: &str) {
        if SHELLS.contains(&text) || text.starts_with("/proc") {
            self.0.push(format!("{text:?}"));
        }
    }

    fn scan(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.scan(group.stream()),
                TokenTree::Ident(ident) => self.visit_ident(&ident),
                TokenTree::Literal(literal) => {
                    if let Ok(text) = syn::parse_str::<LitStr>(&literal.to_string()) {
                        self.note_text(&text.value());
                    }
                }
                TokenTree::Punct(_) => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for SystemUses {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes: &[Attribute] = match item {
            Item::Mod(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            _ => &[],
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

    fn visit_ident(&mut self, ident: &'ast proc_macro2::Ident) {
        let name = ident.to_string();
        if NAMES.contains(&name.as_str()) {
            self.0.push(name);
        }
    }

    fn visit_lit_str(&mut self, text: &'ast LitStr) {
        self.note_text(&text.value());
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.scan(call.tokens.clone());
        visit::visit_macro(self, call);
    }
}
