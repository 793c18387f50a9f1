//! Paths that a source file names: imports, re-exports, paths in code and in macros.

use std::collections::BTreeMap;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree};

/// Returns the paths that the code names, without test code.
pub(super) fn named(file: &syn::File) -> Vec<Vec<String>> {
    let mut found = Paths::default();
    found.visit_file(file);
    found.paths
}

/// Returns what a module re-exports: the name outside, and the path that it stands for.
pub(super) fn reexports(file: &syn::File) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    for item in &file.items {
        if let Item::Use(item) = item
            && !matches!(item.vis, syn::Visibility::Inherited)
        {
            flatten(&item.tree, &mut Vec::new(), &mut |path, outside| {
                found.insert(outside.to_owned(), path.to_vec());
            });
        }
    }
    found
}

/// Calls `found` with each path of a `use` and the name that it has here.
fn flatten(tree: &UseTree, path: &mut Vec<String>, found: &mut impl FnMut(&[String], &str)) {
    match tree {
        UseTree::Path(part) => {
            path.push(part.ident.to_string());
            flatten(&part.tree, path, found);
            path.pop();
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, path, found)),
        UseTree::Glob(_) => found(path, "*"),
        UseTree::Name(leaf) if leaf.ident == "self" => {
            found(path, path.last().map_or("self", String::as_str));
        }
        UseTree::Name(leaf) => {
            path.push(leaf.ident.to_string());
            found(path, path.last().map_or("", String::as_str));
            path.pop();
        }
        UseTree::Rename(leaf) => {
            path.push(leaf.ident.to_string());
            found(path, &leaf.rename.to_string());
            path.pop();
        }
    }
}

/// Collects the paths that code names.
#[derive(Default)]
struct Paths {
    paths: Vec<Vec<String>>,
}

impl Paths {
    /// Paths inside of macros, which are not parsed: those that begin with `crate` or `super`.
    fn tokens(&mut self, stream: TokenStream) {
        let mut path: Option<Vec<String>> = None;
        for token in stream {
            match token {
                TokenTree::Ident(word) if word == "crate" || word == "super" || path.is_some() => {
                    path.get_or_insert_default().push(word.to_string());
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => {}
                other => {
                    self.paths.extend(path.take());
                    if let TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
        }
        self.paths.extend(path);
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .meta
                .require_list()
                .is_ok_and(|list| list.tokens.to_string() == "test")
    })
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Mod(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !is_test(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let paths = &mut self.paths;
        flatten(&item.tree, &mut Vec::new(), &mut |path, _| {
            paths.push(path.to_vec());
        });
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            self.paths
                .push(path.segments.iter().map(|part| part.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }
}
