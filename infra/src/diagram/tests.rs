//! Tests of diagrams: completeness, no overlaps, valid Mermaid.

use std::collections::BTreeSet;

use super::picture::{Picture, Place};
use super::*;
use crate::inventory;
use crate::settings::{EXAMPLE, Settings};
use crate::stacks;

const EVERYTHING: &str = include_str!("../../tests/settings/everything.toml");

fn inventory(text: &str) -> Inventory {
    inventory::of(&stacks::graph(&Settings::parse(text).unwrap()).unwrap())
}

/// Settings that differ as much as possible.
fn settings() -> Vec<String> {
    let long = EXAMPLE
        .replace("name = \"penguin-school\"", "name = \"a-name-as-long-as-can-be\"")
        .replace("# stack-prefix = \"\"", "stack-prefix = \"Rather-Long-\"")
        .replace("zones = 2", "zones = 3");
    vec![EXAMPLE.to_owned(), EVERYTHING.to_owned(), long]
}

fn pictures(inventory: &Inventory) -> [Picture; 2] {
    [architecture::draw(inventory), pipelines::draw(inventory)]
}

#[test]
fn texts_do_not_overlap_or_leave_the_drawing() {
    for text in settings() {
        let inventory = inventory(&text);
        for picture in pictures(&inventory) {
            let page = Place::new(0, 0, picture.width, 2000);
            for (index, (place, text)) in picture.texts.iter().enumerate() {
                assert!(
                    place.x >= 0 && place.right() <= page.right(),
                    "{text} leaves the drawing"
                );
                for (other, its) in &picture.texts[..index] {
                    assert!(!place.overlaps(*other), "{text:?} overlaps {its:?}");
                }
            }
            assert!(picture.texts.len() > 20);
        }
    }
}

#[test]
fn texts_of_the_example_are_not_truncated() {
    let before = EXAMPLE.replace("# before = ", "before = ");
    let all = [EXAMPLE, &before].map(inventory);
    for picture in all.iter().flat_map(pictures) {
        for (_, text) in &picture.texts {
            assert!(!text.contains('…'), "{text}");
        }
    }
}

#[test]
fn architecture_shows_the_settings() {
    let texts = |text: &str| -> Vec<String> {
        architecture::draw(&inventory(text))
            .texts
            .into_iter()
            .map(|(_, text)| text)
            .collect()
    };
    let count = |texts: &[String], wanted: &str| texts.iter().filter(|text| *text == wanted).count();
    let usual = texts(EXAMPLE);
    assert_eq!((count(&usual, "NAT"), count(&usual, "no NAT")), (3, 1));
    assert_eq!(
        (count(&usual, "HTTP 80"), count(&usual, "rolling updates")),
        (3, 3)
    );
    assert_eq!(count(&usual, "10.3.8.0/22"), 1);
    let all = texts(EVERYTHING);
    assert_eq!(
        (count(&all, "NAT"), count(&all, "no NAT"), count(&all, "zone 3")),
        (3, 3, 4)
    );
    assert_eq!(count(&all, "HTTPS 443, 80 redirects"), 3);
    for wanted in [
        "blue/green updates",
        "canary updates",
        "5 endpoints",
        "3 to 30 tasks",
        "50 % Spot",
    ] {
        assert_eq!(count(&all, wanted), 1, "{wanted}: {all:?}");
    }
}

#[test]
fn only_networks_with_nat_have_outbound_lines() {
    let outward = |text: &str| {
        architecture::draw(&inventory(text))
            .finish()
            .matches("class=\"out\"")
            .count()
    };
    assert_eq!(outward(EXAMPLE), 4 + 1);
    // dev has only endpoints; one line belongs to the legend.
    assert_eq!(outward(EVERYTHING), 2 + 1);
}

#[test]
fn drawings_are_accessible_and_have_no_active_content() {
    let inventory = inventory(&EXAMPLE.replace("owner = \"OWNER\"", "owner = \"a-and-b\""));
    for subject in [Subject::Architecture, Subject::Pipelines] {
        let svg = svg(subject, &inventory);
        for wanted in [
            "role=\"img\"",
            "<title id=\"title\">",
            "<desc id=\"desc\">",
            "prefers-color-scheme: dark",
        ] {
            assert!(svg.contains(wanted), "{wanted}");
        }
        assert!(!svg.contains("<script") && !svg.contains("http://www.w3.org/1999/xlink"));
        let open = svg.matches("<text ").count();
        assert!(open > 20 && open == svg.matches("</text>").count());
    }
    let drawing = svg(Subject::Pipelines, &inventory);
    assert!(drawing.contains(
        "BuildImages (both images) beside SynthTemplate (templates) beside RunTests (of the commit), then DeployDev (DevAppStack), then SmokeTest (from the internet), then RecordRelease (the tag)"
    ));
}

#[test]
fn xml_special_characters_are_escaped() {
    let mut picture = Picture::new(100, 100, "a < b", "c & d".to_owned());
    picture.left((0, 20), picture::Font::Plain, 90, "<e>");
    let svg = picture.finish();
    assert!(svg.contains("a &lt; b") && svg.contains("c &amp; d") && svg.contains("&lt;e&gt;"));
}

/// Parses a flowchart more strictly than Mermaid: four kinds of lines, names declared once and before use, closed groups.
fn read(chart: &str) -> (BTreeSet<String>, Vec<(String, String)>) {
    let mut lines = chart.lines();
    assert!(matches!(lines.next(), Some("flowchart TB" | "flowchart LR")));
    let (mut names, mut edges, mut depth) = (BTreeSet::new(), Vec::new(), 0);
    let is_name = |name: &str| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !["", "end", "graph"].contains(&name)
    };
    for line in lines.map(str::trim) {
        let words: Vec<&str> = line.split(' ').collect();
        if let [from, "-->" | "==>" | "-.->", to] = words[..] {
            for name in [from, to] {
                assert!(
                    names.contains(name),
                    "{name} is used before its declaration: {line}"
                );
            }
            edges.push((from.to_owned(), to.to_owned()));
        } else if line == "end" {
            depth -= 1;
        } else if line.starts_with("direction ") {
            assert!(
                depth > 0 && ["direction LR", "direction TB"].contains(&line),
                "{line}"
            );
        } else {
            let declared = line
                .strip_prefix("subgraph ")
                .inspect(|_| depth += 1)
                .unwrap_or(line);
            let (name, shape) = declared.split_at(declared.find(['[', '(', '{']).unwrap());
            assert!(is_name(name) && names.insert(name.to_owned()), "{line}");
            let label = ["[", "([", "{{"]
                .into_iter()
                .zip(["]", "])", "}}"])
                .find_map(|(open, close)| {
                    shape
                        .strip_prefix(open)?
                        .strip_suffix(close)?
                        .strip_prefix('"')?
                        .strip_suffix('"')
                });
            assert!(
                label.is_some_and(|text| !text.is_empty() && !text.contains('"')),
                "{line}"
            );
        }
        assert!(depth >= 0, "{line}");
    }
    assert_eq!(depth, 0, "a group is not closed");
    (names, edges)
}

#[test]
fn mermaid_syntax_is_valid() {
    for text in settings() {
        let inventory = inventory(&text);
        for subject in [Subject::Architecture, Subject::Pipelines] {
            let (names, edges) = read(&mermaid(subject, &inventory));
            assert!(names.len() > 8 && edges.len() > 7, "{names:?} {edges:?}");
        }
    }
}

#[test]
fn mermaid_shows_request_path_and_release_path() {
    let has = |edges: &[(String, String)], from: &str, to: &str| {
        edges.iter().any(|edge| edge == &(from.to_owned(), to.to_owned()))
    };
    let (names, edges) = read(&mermaid(Subject::Architecture, &inventory(EXAMPLE)));
    for (from, to) in [
        ("internet", "prod_balancer"),
        ("prod_balancer", "prod_proxy"),
        ("prod_proxy", "prod_app"),
        ("dev_app", "dev_nat1"),
        ("prod_nat2", "internet"),
    ] {
        assert!(has(&edges, from, to), "{from} {to}");
    }
    // The load balancer reaches only the proxy.
    assert!(!has(&edges, "prod_balancer", "prod_app") && !names.contains("dev_nat2"));
    let (_, edges) = read(&mermaid(Subject::Pipelines, &inventory(EXAMPLE)));
    for (from, to) in [
        ("dev_SynthTemplate", "dev_DeployDev"),
        ("dev_RecordRelease", "tag"),
        ("tag", "release_Settle"),
        ("release_Approve", "release_DeployProd"),
    ] {
        assert!(has(&edges, from, to), "{from} {to}");
    }
}
