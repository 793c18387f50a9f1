//! Import graph of a crate: reads `src/`, finds circles and upward imports, draws the top-level modules.
//!
//! Included by the `layers` tests of the crates. Test code (`#[cfg(test)]`, `tests.rs`) is left out. A path through a
//! re-export counts as an import of the module that defines the item. A module may use what its parents define.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

#[path = "imports/paths.rs"]
mod paths;
#[path = "imports/planted.rs"]
mod planted;

/// A module's path below the crate root, for example `["connection", "accept"]`; empty for the root itself.
type Module = Vec<String>;

/// Modules of one crate and what each of them imports.
pub(crate) struct Graph {
    edges: BTreeMap<Module, BTreeSet<Module>>,
}

impl Graph {
    /// Reads the sources below `src`.
    pub(crate) fn read(src: &Path) -> Self {
        let mut files = Vec::new();
        collect(src, &mut files);
        let sources = files
            .iter()
            .map(|file| (module_of(src, file), fs_err::read_to_string(file).unwrap()));
        Self::of(sources.collect())
    }

    /// The graph of sources given as text, by module.
    pub(crate) fn of(sources: BTreeMap<Module, String>) -> Self {
        let parsed: BTreeMap<_, _> = sources
            .into_iter()
            .map(|(module, text)| {
                let file =
                    syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", name(&module)));
                (module, file)
            })
            .collect();
        let modules: BTreeSet<_> = parsed.keys().cloned().collect();
        let reexports: BTreeMap<_, _> = parsed
            .iter()
            .map(|(module, file)| (module.clone(), paths::reexports(file)))
            .collect();
        let names = Names { modules, reexports };
        let edges = parsed
            .iter()
            .map(|(module, file)| {
                let written = paths::named(file);
                let targets = written.iter().filter_map(|path| names.resolve(module, path, 8));
                // What a parent defines for its children is no import: without this every such pair would be a circle.
                let imports = targets.filter(|target| target.is_empty() || !module.starts_with(target));
                (module.clone(), imports.collect())
            })
            .collect();
        Self { edges }
    }

    /// Panics if an import runs up, if modules import each other in a circle or if `layers` does not name a module.
    pub(crate) fn assert_layers(&self, layers: &[&[&str]]) {
        let mut found = self.circles();
        found.extend(self.violations(layers));
        assert!(found.is_empty(), "{}", found.join("\n"));
    }

    /// Panics if the section `title` of ARCHITECTURE.md has another drawing of the top-level modules.
    pub(crate) fn assert_drawn_in_section(&self, title: &str) {
        let document = include_str!("../ARCHITECTURE.md");
        let (_, below) = document
            .split_once(&format!("\n## {title}\n"))
            .unwrap_or_else(|| panic!("ARCHITECTURE.md has no section {title}"));
        let section = below.split("\n## ").next().unwrap_or(below);
        let drawing = format!("```mermaid\n{}```\n", self.mermaid());
        assert!(
            section.contains(&drawing),
            "put this into ARCHITECTURE.md, section {title}:\n\n{drawing}"
        );
    }

    /// Groups of modules that import each other, directly or through others.
    pub(crate) fn circles(&self) -> Vec<String> {
        circles(&self.edges)
            .into_iter()
            .map(|members| members.iter().map(name).collect::<Vec<_>>().join(", "))
            .collect()
    }

    /// Imports that run up. `layers` lists the top-level modules, highest first; modules on one line may import each
    /// other, but not in a circle. A module that no line names is reported too.
    pub(crate) fn violations(&self, layers: &[&[&str]]) -> Vec<String> {
        let line = |top: &str| layers.iter().position(|line| line.contains(&top));
        let mut found = BTreeSet::new();
        for (from, targets) in &self.edges {
            if line(top(from)).is_none() {
                found.insert(format!("{}: not in the list of layers", top(from)));
            }
            for to in targets {
                if let (Some(above), Some(below)) = (line(top(from)), line(top(to)))
                    && above > below
                {
                    found.insert(format!("{} imports {}, which is above it", name(from), name(to)));
                }
            }
        }
        let circles = circles(&self.top_level());
        found.extend(circles.iter().map(|members| {
            format!(
                "circle of top-level modules: {}",
                members.iter().map(name).collect::<Vec<_>>().join(", ")
            )
        }));
        found.into_iter().collect()
    }

    /// The top-level modules as a Mermaid graph. An import that a longer way implies is not drawn.
    pub(crate) fn mermaid(&self) -> String {
        let edges = self.top_level();
        let mut text = "graph TD\n".to_owned();
        for (from, targets) in &edges {
            for to in targets {
                let implied = targets
                    .iter()
                    .any(|other| other != to && reaches(&edges, other, to));
                if !implied {
                    writeln!(text, "    {} --> {}", name(from), name(to)).unwrap();
                }
            }
        }
        text
    }

    fn top_level(&self) -> BTreeMap<Module, BTreeSet<Module>> {
        let mut edges: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
        for (from, targets) in &self.edges {
            let group = edges.entry(vec![top(from).to_owned()]).or_default();
            group.extend(
                targets
                    .iter()
                    .filter(|to| top(to) != top(from))
                    .map(|to| vec![top(to).to_owned()]),
            );
        }
        edges
    }
}

fn top(module: &Module) -> &str {
    module.first().map_or("lib", String::as_str)
}

fn name(module: &Module) -> String {
    if module.is_empty() {
        "lib".to_owned()
    } else {
        module.join("::")
    }
}

fn reaches(edges: &BTreeMap<Module, BTreeSet<Module>>, from: &Module, to: &Module) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(next) = open.pop() {
        for target in edges.get(next).into_iter().flatten() {
            if target == to {
                return true;
            }
            if seen.insert(target) {
                open.push(target);
            }
        }
    }
    false
}

fn circles(edges: &BTreeMap<Module, BTreeSet<Module>>) -> BTreeSet<BTreeSet<Module>> {
    let members = edges.keys().filter(|module| reaches(edges, module, module));
    members
        .map(|module| {
            edges
                .keys()
                .filter(|other| {
                    *other == module || (reaches(edges, module, other) && reaches(edges, other, module))
                })
                .cloned()
                .collect()
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("tests") {
                collect(&path, files);
            }
        } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("tests.rs") {
            files.push(path);
        }
    }
}

fn module_of(src: &Path, file: &Path) -> Module {
    let below = file.strip_prefix(src).unwrap().with_extension("");
    let module: Module = below
        .iter()
        .map(|part| part.to_str().unwrap().to_owned())
        .collect();
    if module == ["lib"] { Module::new() } else { module }
}

struct Names {
    modules: BTreeSet<Module>,
    reexports: BTreeMap<Module, BTreeMap<String, Vec<String>>>,
}

impl Names {
    /// The module that a path written in `here` leads to, if it is one of the crate's.
    fn resolve(&self, here: &Module, path: &[String], depth: u32) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        let (mut module, mut rest) = match first.as_str() {
            "crate" => (Module::new(), rest),
            "self" => (here.clone(), rest),
            "super" => (here[..here.len().checked_sub(1)?].to_vec(), rest),
            child if self.modules.contains(&child_of(here, child)) => (here.clone(), path),
            _ => return None,
        };
        while let Some((part, after)) = rest.split_first() {
            if part == "super" {
                module.pop();
            } else if self.modules.contains(&child_of(&module, part)) {
                module.push(part.clone());
            } else {
                break;
            }
            rest = after;
        }
        let reexported = rest
            .first()
            .and_then(|item| self.reexports.get(&module)?.get(item));
        match reexported {
            Some(path) if depth > 0 => self.resolve(&module, path, depth - 1),
            _ => Some(module),
        }
    }
}

fn child_of(module: &Module, child: &str) -> Module {
    let mut path = module.clone();
    path.push(child.to_owned());
    path
}
