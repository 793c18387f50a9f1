//! Templates: golden files and invariants.

// Outbound ports, and the example of a database.
mod database;
// The command before a release.
mod before_release;
// Pipelines.
mod pipelines;
// Resources that hold data.
mod data;
// IAM policies and roles.
mod deploy_role;
mod rights;
// Secrets of the app.
mod secrets;
// Service, network and builds.
mod service;

use std::path::Path;

use infra::cfn::INLINE_LIMIT;
use infra::settings::{EXAMPLE, Settings};
use infra::stacks::{self, Graph, IMAGE_TAG_PARAMETER, Stack, StackKind};
use serde_json::Value as Json;

const EVERYTHING: &str = include_str!("../settings/everything.toml");

fn graph(text: &str) -> Graph {
    stacks::graph(&Settings::parse(text).unwrap()).unwrap()
}

/// Calls `look` for each resource of each stack, with default settings and with all options.
fn each(mut look: impl FnMut(&Stack, &str, &str, &Json)) {
    for text in [EXAMPLE, EVERYTHING] {
        for stack in graph(text).stacks() {
            let mut resources = 0;
            for (id, kind, properties) in stack.template.resources() {
                look(stack, id, kind, properties);
                resources += 1;
            }
            let least = if stack.kind == StackKind::BeforeRelease {
                1
            } else {
                4
            };
            assert!(resources >= least, "{} is empty", stack.name);
        }
    }
}

fn walk(json: &Json, visit: &mut impl FnMut(&Json)) {
    visit(json);
    match json {
        Json::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        Json::Object(map) => map.values().for_each(|value| walk(value, visit)),
        _ => {}
    }
}

fn texts(json: &Json) -> Vec<String> {
    match json {
        Json::String(text) => vec![text.clone()],
        Json::Array(items) => items.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn golden_templates_are_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let graph = graph(EXAMPLE);
    for stack in graph.stacks() {
        let file = folder.join(format!("{}.template.json", stack.name));
        let kept = fs_err::read_to_string(&file).unwrap_or_default();
        assert!(
            kept == stack.template.text(),
            "{} differs; to update it: cargo run -p infra --no-default-features -- --config \
             infra/infra.example.toml synth --out infra/tests/golden",
            file.display()
        );
        if stack.kind == StackKind::App {
            let file = folder.join(format!("{}.configuration.json", stack.name));
            assert!(
                fs_err::read_to_string(&file).unwrap_or_default() == stack.configuration(),
                "{} differs",
                file.display()
            );
        }
    }
    assert_eq!(
        fs_err::read_dir(&folder).unwrap().count(),
        graph.stacks().len() + 3,
        "unknown golden template"
    );
}

#[test]
fn stacks_are_in_dependency_order() {
    for text in [EXAMPLE, EVERYTHING] {
        let graph = graph(text);
        for (index, stack) in graph.stacks().iter().enumerate() {
            for needed in &stack.depends_on {
                assert!(
                    graph.stacks()[..index].iter().any(|other| other.name == *needed),
                    "{} needs {needed}",
                    stack.name
                );
            }
        }
    }
}

#[test]
fn imported_parameters_are_exported_by_dependencies() {
    for text in [EXAMPLE, EVERYTHING] {
        let graph = graph(text);
        for stack in graph.stacks() {
            let shared: Vec<String> = graph
                .stacks()
                .iter()
                .filter(|other| stack.depends_on.contains(&other.name))
                .flat_map(|other| other.template.resources())
                .filter(|(_, kind, _)| *kind == "AWS::SSM::Parameter")
                .map(|(_, _, properties)| properties["Name"].as_str().unwrap().to_owned())
                .collect();
            for (name, parameter) in stack.template.json()["Parameters"]
                .as_object()
                .into_iter()
                .flatten()
            {
                if name == IMAGE_TAG_PARAMETER {
                    assert!(parameter.get("Default").is_none());
                    continue;
                }
                if stack.zone_parameters.iter().any(|(zone, _)| zone == name) {
                    // The tool looks it up.
                    assert!(parameter.get("Default").is_none());
                    continue;
                }
                let source = parameter["Default"].as_str().unwrap();
                assert!(
                    shared.iter().any(|other| other == source),
                    "{}: no stack shares {source}",
                    stack.name
                );
            }
        }
    }
}

#[test]
fn templates_are_within_the_limit_without_exports() {
    for text in [EXAMPLE, EVERYTHING] {
        for stack in graph(text).stacks() {
            assert!(stack.body().len() < INLINE_LIMIT, "{}", stack.name);
            assert!(!stack.body().contains("\"Export\""), "{}", stack.name);
            assert!(!stack.body().contains("Fn::ImportValue"), "{}", stack.name);
        }
    }
}
