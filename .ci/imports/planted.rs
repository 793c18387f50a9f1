//! Planted faults, and what the graph reports of them.

use super::*;

fn graph(sources: &[(&str, &str)]) -> Graph {
    let module = |path: &str| {
        path.split("::")
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    };
    Graph::of(
        sources
            .iter()
            .map(|(path, text)| (module(path), (*text).to_owned()))
            .collect(),
    )
}

#[test]
fn upward_import_is_reported() {
    let graph = graph(&[
        ("cli", "use crate::model::Plan;"),
        ("model", "pub struct Plan; fn f() { crate::cli::run() }"),
    ]);
    let found = graph.violations(&[&["cli"], &["model"]]);
    assert_eq!(
        found,
        [
            "circle of top-level modules: cli, model",
            "model imports cli, which is above it"
        ]
    );
}

#[test]
fn circle_of_files_is_reported() {
    let graph = graph(&[
        ("aws", "mod fault; mod sign_in;"),
        ("aws::fault", "use super::sign_in::explain;"),
        (
            "aws::sign_in",
            "fn explain() { println!(\"{}\", super::fault::root()) }",
        ),
    ]);
    assert_eq!(graph.circles(), ["aws::fault, aws::sign_in"]);
}

#[test]
fn path_through_a_reexport_leads_to_the_definition() {
    let graph = graph(&[
        ("gateway", "mod log; pub(crate) use log::RequestLog;"),
        ("gateway::log", "pub struct RequestLog;"),
        ("body", "use crate::gateway::RequestLog;"),
    ]);
    assert!(graph.circles().is_empty());
    assert_eq!(graph.mermaid(), "graph TD\n    body --> gateway\n");
}

#[test]
fn test_code_is_left_out() {
    let graph = graph(&[
        ("a", "use crate::b::B;"),
        ("b", "#[cfg(test)] mod tests { use crate::a::A; }"),
    ]);
    assert!(graph.circles().is_empty());
}
