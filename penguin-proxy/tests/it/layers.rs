//! Import rules of the crate: modules import downward, and no modules import each other in a circle.

use std::path::Path;

use crate::imports::Graph;

/// Top-level modules, highest layer first. A module may import its own line and the lines below.
const LAYERS: &[&[&str]] = &[
    &["main"],
    &["lib"],
    &["cli"],
    &["server"],
    &["admin", "connection", "gateway"],
    &["upstream", "upgrade"],
    &["context"],
    &["resolver"],
    &["config"],
    &["request_body", "access_log", "error_page"],
    &[
        "metrics",
        "readiness",
        "limits",
        "forwarding",
        "compression",
        "head_scan",
        "filtered_stream",
    ],
    &["request_rules", "drain", "telemetry", "grpc"],
    &["client_state", "http2_filter"],
    &[
        "reject_reason",
        "termination_code",
        "request_limits",
        "content_length",
    ],
    &["buffer", "cgroup", "decimal", "log_writer"],
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
    graph().assert_drawn_in_section("penguin-proxy");
}
