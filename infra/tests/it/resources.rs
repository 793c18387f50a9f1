//! `docs/resources.md` matches the templates.

use std::collections::BTreeSet;

use infra::settings::{EXAMPLE, Settings};
use infra::stacks::{self, Graph};

const DOCUMENT: &str = include_str!("../../../docs/resources.md");

fn graph() -> Graph {
    stacks::graph(&Settings::parse(EXAMPLE).unwrap()).unwrap()
}

/// A section of the document: stacks, and rows with number, type and replacement.
struct Section<'a> {
    stacks: Vec<&'a str>,
    rows: Vec<[&'a str; 3]>,
}

fn sections() -> Vec<Section<'static>> {
    DOCUMENT
        .split("\n## ")
        .skip(1)
        .map(|text| {
            let (title, rest) = text.split_once('\n').unwrap();
            let rows = rest.lines().filter_map(|line| {
                let cells: Vec<_> = line.strip_prefix("| ")?.split(" | ").map(str::trim).collect();
                let [number, kind, _, here] = cells[..] else {
                    return None;
                };
                let kind = kind.strip_prefix('`')?.strip_suffix('`')?;
                Some([number, kind, here.strip_suffix('|')?.trim()])
            });
            Section {
                stacks: title.split(", ").collect(),
                rows: rows.collect(),
            }
        })
        .filter(|section: &Section<'_>| !section.rows.is_empty())
        .collect()
}

/// Returns the logical IDs between backticks, alone or after a stack name.
fn ids(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2).filter(|word| {
        word.starts_with(|first: char| first.is_ascii_uppercase())
            && word
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '/')
    })
}

fn type_of(graph: &Graph, stack: &str, id: &str) -> Option<String> {
    let stack = graph.get(stack)?;
    let found = stack.template.resources().find(|(other, _, _)| *other == id)?;
    Some(found.1.to_owned())
}

#[test]
fn counts_match_the_sections() {
    let counts: Vec<_> = sections()
        .iter()
        .map(|section| (section.stacks.len(), section.rows.len()))
        .collect();
    assert_eq!(counts, [(2, 24), (1, 22), (1, 23), (3, 16)]);
    assert_eq!(
        counts.iter().map(|(stacks, rows)| stacks * rows).sum::<usize>(),
        141
    );
    assert!(DOCUMENT.contains("| all | | 141 |"));
    let sections = sections();
    let types: BTreeSet<_> = sections
        .iter()
        .flat_map(|section| &section.rows)
        .map(|row| row[1])
        .collect();
    assert_eq!(types.len(), 31);
    for section in &sections {
        for (row, number) in section.rows.iter().zip(1..) {
            assert_eq!(row[0], number.to_string());
        }
    }
}

#[test]
fn names_are_resources_of_the_same_type() {
    let graph = graph();
    let mut seen = 0;
    for section in sections() {
        for [number, kind, here] in &section.rows {
            let mut kinds = BTreeSet::new();
            for word in ids(here) {
                let places: Vec<(&str, &str)> = match word.split_once('/') {
                    Some(place) => vec![place],
                    None => section.stacks.iter().map(|stack| (*stack, word)).collect(),
                };
                for (stack, id) in places {
                    let found = type_of(&graph, stack, id);
                    kinds.insert(found.unwrap_or_else(|| panic!("{stack} {number}: no resource {id}")));
                    seen += 1;
                }
            }
            // A trigger of the pipeline and unneeded roles have no resource.
            let explained = here.starts_with("none: ") || *kind == "AWS::CodePipeline::Webhook";
            assert!(
                kinds.contains(*kind) || (explained && !kinds.is_empty()),
                "{:?} {number}: {kind} is not in {kinds:?}",
                section.stacks
            );
        }
    }
    assert!(seen > 120, "{seen}");
}

#[test]
fn new_resources_exist() {
    let (_, new) = DOCUMENT.split_once("## New resources").unwrap();
    let graph = graph();
    let all: BTreeSet<&str> = graph
        .stacks()
        .iter()
        .flat_map(|stack| stack.template.resources().map(|(id, _, _)| id))
        .collect();
    let named: Vec<_> = ids(new).collect();
    assert!(
        named.len() > 15 && named.iter().all(|id| all.contains(id)),
        "{named:?}"
    );
}
