//! `docs/deployment.svg`, which `.ci/record` draws, shows the resources of today's templates.

use std::collections::BTreeMap;

use infra::settings::{EXAMPLE, Settings};
use infra::stacks;

const PICTURE: &str = include_str!("../../../docs/deployment.svg");

/// Returns the lines of the terminal in the picture.
fn lines() -> Vec<String> {
    let mut rows: BTreeMap<u32, String> = BTreeMap::new();
    for element in PICTURE.split("<text ").skip(1) {
        let (_, rest) = element.split_once(" y=\"").unwrap();
        let (y, rest) = rest.split_once('"').unwrap();
        let (_, text) = rest.split_once('>').unwrap();
        let (text, _) = text.split_once("</text>").unwrap();
        let row = rows.entry(y.parse().unwrap()).or_default();
        row.push_str(&text.replace('\u{a0}', " "));
        row.push(' ');
    }
    rows.into_values().collect()
}

#[test]
fn picture_shows_resources_of_the_template() {
    let graph = stacks::graph(&Settings::parse(EXAMPLE).unwrap()).unwrap();
    let cluster = graph.get("DevCluster").unwrap();
    let types: BTreeMap<&str, &str> = cluster
        .template
        .resources()
        .map(|(id, kind, _)| (id, kind))
        .collect();
    let lines = lines();
    let total = format!(" of {}", types.len());
    let is_total = |line: &&String| line.contains("DevCluster") && line.contains("creating");
    let table = lines.iter().find(is_total).unwrap();
    assert!(
        table.trim_end().ends_with(&total),
        "{table} does not end with {total}: run .ci/record"
    );
    let mut seen = 0;
    // `0:02  creating     NatAddress1 (EC2::EIP)`
    for line in lines.iter().filter(|line| !line.contains("DevCluster")) {
        let Some((_, resource)) = line.split_once(" creating     ") else {
            continue;
        };
        let (id, kind) = resource.split_once(" (").unwrap();
        let kind = kind.trim_end().trim_end_matches([')', '…']);
        let known = types.get(id).copied().unwrap_or_default();
        assert!(
            known.contains(kind),
            "{line} is not in the template: run .ci/record"
        );
        seen += 1;
    }
    assert!(seen > 0, "{lines:?}");
}
