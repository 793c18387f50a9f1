//! Tests of the pictures: what must show does, nothing lies on anything else, and Mermaid's grammar is kept.

use std::collections::BTreeSet;

use super::picture::{Picture, Place};
use super::*;
use crate::facts;
use crate::settings::{EXAMPLE, Settings};
use crate::stacks;

const EVERYTHING: &str = include_str!("../../tests/settings/everything.toml");

fn facts(text: &str) -> Facts {
    facts::of(&stacks::graph(&Settings::parse(text).unwrap()).unwrap())
}

/// Settings that look as different as they can.
fn settings() -> Vec<String> {
    let long = EXAMPLE
        .replace("name = \"penguin-school\"", "name = \"a-name-as-long-as-can-be\"")
        .replace("# stack-prefix = \"\"", "stack-prefix = \"Rather-Long-\"")
        .replace("zones = 2", "zones = 3");
    vec![EXAMPLE.to_owned(), EVERYTHING.to_owned(), long]
}

fn pictures(facts: &Facts) -> [Picture; 2] {
    [architecture::draw(facts), pipelines::draw(facts)]
}

#[test]
fn no_text_lies_on_another_or_leaves_the_picture() {
    for text in settings() {
        let facts = facts(&text);
        for picture in pictures(&facts) {
            let page = Place::new(0, 0, 900, 2000);
            for (index, (place, text)) in picture.texts.iter().enumerate() {
                assert!(
                    place.x >= 0 && place.right() <= page.right(),
                    "{text} leaves the page"
                );
                for (other, its) in &picture.texts[..index] {
                    assert!(!place.overlaps(*other), "{text:?} lies on {its:?}");
                }
            }
            assert!(picture.texts.len() > 20);
        }
    }
}

#[test]
fn no_text_of_the_example_is_cut_off() {
    let facts = facts(EXAMPLE);
    for picture in pictures(&facts) {
        for (_, text) in &picture.texts {
            assert!(!text.contains('…'), "{text}");
        }
    }
}

#[test]
fn the_architecture_shows_what_is_set() {
    let texts = |text: &str| -> Vec<String> {
        architecture::draw(&facts(text))
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
    assert_eq!(count(&all, "HTTPS 443, 80 redirects"), 2);
    for wanted in [
        "blue/green updates",
        "canary updates",
        "6 endpoints",
        "3 to 30 tasks",
        "50 % on spot",
    ] {
        assert_eq!(count(&all, wanted), 1, "{wanted}: {all:?}");
    }
}

#[test]
fn only_a_network_with_a_gateway_has_lines_to_the_outside() {
    let outward = |text: &str| {
        architecture::draw(&facts(text))
            .finish()
            .matches("class=\"out\"")
            .count()
    };
    assert_eq!(outward(EXAMPLE), 4 + 1);
    // dev has endpoints alone; one line is the legend's.
    assert_eq!(outward(EVERYTHING), 2 + 1);
}

#[test]
fn the_pictures_can_be_heard_and_hold_nothing_dangerous() {
    let facts = facts(&EXAMPLE.replace("owner = \"OWNER\"", "owner = \"a-and-b\""));
    for subject in [Subject::Architecture, Subject::Pipelines] {
        let svg = svg(subject, &facts);
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
    let told = svg(Subject::Pipelines, &facts);
    assert!(told.contains(
        "BuildImages (both images) beside SynthTemplate (templates), then DeployDev (DevAppStack)"
    ));
}

#[test]
fn what_means_something_in_xml_is_escaped() {
    let mut picture = Picture::new(100, 100, "a < b", "c & d".to_owned());
    picture.text((0, 20), picture::Side::Right, picture::Font::Plain, 90, "<e>");
    let svg = picture.finish();
    assert!(svg.contains("a &lt; b") && svg.contains("c &amp; d") && svg.contains("&lt;e&gt;"));
}

/// Reads a flowchart more strictly than Mermaid does: every line is one of four kinds, names are declared once and
/// before they are used, and groups are closed.
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
                    "{name} is used before it is declared: {line}"
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
fn mermaid_gets_what_it_understands() {
    for text in settings() {
        let facts = facts(&text);
        for subject in [Subject::Architecture, Subject::Pipelines] {
            let (names, edges) = read(&mermaid(subject, &facts));
            assert!(names.len() > 8 && edges.len() > 7, "{names:?} {edges:?}");
        }
    }
}

#[test]
fn mermaid_shows_the_way_of_a_request_and_of_a_release() {
    let has = |edges: &[(String, String)], from: &str, to: &str| {
        edges.iter().any(|edge| edge == &(from.to_owned(), to.to_owned()))
    };
    let (names, edges) = read(&mermaid(Subject::Architecture, &facts(EXAMPLE)));
    for (from, to) in [
        ("internet", "prod_balancer"),
        ("prod_balancer", "prod_proxy"),
        ("prod_proxy", "prod_app"),
        ("dev_app", "dev_nat1"),
        ("prod_nat2", "internet"),
    ] {
        assert!(has(&edges, from, to), "{from} {to}");
    }
    // Nothing but the proxy is reached from the load balancer.
    assert!(!has(&edges, "prod_balancer", "prod_app") && !names.contains("dev_nat2"));
    let (_, edges) = read(&mermaid(Subject::Pipelines, &facts(EXAMPLE)));
    for (from, to) in [
        ("dev_SynthTemplate", "dev_DeployDev"),
        ("dev_BuildImages", "tag"),
        ("tag", "release_Settle"),
        ("release_Approve", "release_DeployProd"),
    ] {
        assert!(has(&edges, from, to), "{from} {to}");
    }
}
