//! Import rules of the crate: modules import downward, and no modules import each other in a circle.

use std::path::Path;

use crate::imports::Graph;

/// Top-level modules, highest layer first. A module may import its own line and the lines below.
const LAYERS: &[&[&str]] = &[
    &["main"],
    &["lib"],
    &["cli"],
    &["router", "server"],
    &["pages", "api"],
    &["health", "static_files", "well_known", "middleware"],
    &["state"],
    &["error", "mailbox", "class_search"],
    &["form", "rate_limit", "shutdown", "telemetry"],
    &["site"],
    &["templates"],
    &["assets", "content"],
    &["representation", "source", "config"],
    &["encoding"],
];

fn graph() -> Graph {
    Graph::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

#[test]
fn modules_import_downward_without_a_circle() {
    graph().assert_layers(LAYERS);
}

#[test]
fn drawing_in_the_documentation_matches_the_imports() {
    graph().assert_drawn_in_section("penguin-app");
}
