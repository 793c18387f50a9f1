//! Metrics of the proxy: dashboard, alarms and saved queries match what its README documents.

use std::collections::{BTreeMap, BTreeSet};

use infra::cost::Assumptions;
use infra::settings::{EXAMPLE, EnvironmentName, Settings};
use infra::stacks::{self, Stack};
use serde_json::Value as Json;

/// Its tables are generated from the proxy's code, and a test of the proxy compares them.
const PROXY: &str = include_str!("../../../penguin-proxy/README.md");

fn section(name: &str) -> &'static str {
    let (_, after) = PROXY.split_once(&format!("<!-- {name} -->")).unwrap();
    after.split_once(&format!("<!-- end of {name} -->")).unwrap().0
}

/// Rows of a table of the README: cells without their backquotes.
fn rows(table: &str) -> impl Iterator<Item = Vec<String>> {
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| {
        line.trim_matches('|')
            .split(" | ")
            .map(|cell| cell.trim().trim_matches('`').to_owned())
            .collect()
    })
}

/// Names of the metrics that the proxy can write.
fn documented() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for row in rows(section("metrics")) {
        match row[0].as_str() {
            "Errors.<end>" => {
                let ends = rows(section("endings")).filter(|end| {
                    // A tunnel has the status 101.
                    end[1].starts_with('5') || (end[1] == "the app's" && end[0] != "ok.tunnel")
                });
                names.extend(ends.map(|end| format!("Errors.{}", end[0])));
            }
            name => {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

fn app(settings: &str, environment: EnvironmentName) -> Stack {
    let graph = stacks::graph(&Settings::parse(settings).unwrap()).unwrap();
    graph.app(environment).unwrap().clone()
}

/// The body of the dashboard; references stay `${…}`.
fn dashboard(stack: &Stack) -> Option<Json> {
    let (_, _, properties) = stack
        .template
        .resources()
        .find(|(_, kind, _)| *kind == "AWS::CloudWatch::Dashboard")?;
    Some(serde_json::from_str(properties["DashboardBody"]["Fn::Sub"].as_str()?).unwrap())
}

fn widgets(body: &Json) -> &Vec<Json> {
    body["widgets"].as_array().unwrap()
}

fn metrics(body: &Json) -> impl Iterator<Item = &Vec<Json>> {
    let of_widgets = widgets(body)
        .iter()
        .filter_map(|widget| widget["properties"]["metrics"].as_array());
    of_widgets.flatten().map(|metric| metric.as_array().unwrap())
}

#[test]
fn dashboard_shows_exactly_the_documented_metrics() {
    let stack = app(EXAMPLE, EnvironmentName::Prod);
    let body = dashboard(&stack).unwrap();
    let mut shown = BTreeSet::new();
    for metric in metrics(&body).filter(|metric| metric[0] == "PenguinProxy") {
        assert_eq!(metric[2..6], ["Service", "penguin-school", "Environment", "prod"]);
        shown.insert(metric[1].as_str().unwrap().to_owned());
    }
    assert_eq!(shown, documented());
}

#[test]
fn task_and_dashboard_name_the_same_dimensions() {
    for environment in EnvironmentName::ALL {
        let stack = app(EXAMPLE, environment);
        let (_, _, task) = stack
            .template
            .resources()
            .find(|(id, ..)| *id == "TaskDefinition")
            .unwrap();
        let proxy = &task["ContainerDefinitions"][0];
        assert_eq!(proxy["Name"], "proxy");
        let variables: BTreeMap<&str, &Json> = proxy["Environment"]
            .as_array()
            .unwrap()
            .iter()
            .map(|variable| (variable["Name"].as_str().unwrap(), &variable["Value"]))
            .collect();
        assert_eq!(variables["PROXY_METRICS_LOG"], "emf");
        let body = dashboard(&stack).unwrap();
        for metric in metrics(&body).filter(|metric| metric[0] == "PenguinProxy") {
            assert_eq!(&metric[3], variables["PROXY_METRICS_SERVICE"]);
            assert_eq!(&metric[5], variables["PROXY_METRICS_ENVIRONMENT"]);
        }
    }
}

#[test]
fn widgets_neither_overlap_nor_leave_the_grid() {
    let mut taken = BTreeSet::new();
    let body = dashboard(&app(EXAMPLE, EnvironmentName::Prod)).unwrap();
    for widget in widgets(&body) {
        let place = ["x", "y", "width", "height"].map(|key| widget[key].as_u64().unwrap());
        let [x, y, width, height] = place;
        assert!(x + width <= 24, "{widget}");
        for cell in (x..x + width).flat_map(|x| (y..y + height).map(move |y| (x, y))) {
            assert!(taken.insert(cell), "{widget} covers another");
        }
        assert!(
            widget["properties"]["title"]
                .as_str()
                .is_some_and(|title| !title.is_empty())
        );
    }
    // No holes either.
    let rows = taken.iter().map(|(_, y)| y + 1).max().unwrap();
    assert_eq!(taken.len() as u64, rows * 24);
}

#[test]
fn metrics_can_be_switched_off() {
    let off = EXAMPLE.replace("metrics = true", "metrics = false");
    assert_ne!(off, EXAMPLE);
    let stack = app(&off, EnvironmentName::Dev);
    assert_eq!(dashboard(&stack), None);
    assert!(!stack.body().contains("PROXY_METRICS"));
    // Saved queries cost nothing.
    assert!(stack.body().contains("AWS::Logs::QueryDefinition"));
}

#[test]
fn cost_counts_the_metrics_of_each_minute() {
    let (always, _) = Assumptions::PROXY_METRICS;
    let each_minute = rows(section("metrics")).filter(|row| row[0] != "Errors.<end>");
    assert_eq!(each_minute.count(), 8);
    assert!((always - 8.0).abs() < f64::EPSILON);
}

/// Words of a query that are no fields.
const LANGUAGE: [&str; 27] = [
    "and",
    "as",
    "asc",
    "by",
    "clients",
    "count",
    "count_distinct",
    "desc",
    "fields",
    "filter",
    "for_example",
    "in",
    "ispresent",
    "its_id",
    "latest",
    "like",
    "limit",
    "log",
    "message",
    "or",
    "requests",
    "sort",
    "stats",
    "timestamp",
    "why",
    "client_head",
    "REQUEST_ID",
];

#[test]
fn queries_ask_for_fields_of_the_access_log() {
    let (_, log) = PROXY.split_once("One JSON object a line").unwrap();
    let fields: BTreeSet<&str> = log
        .split("Fields without a value")
        .next()
        .unwrap()
        .split('`')
        .skip(1)
        .step_by(2)
        .collect();
    assert!(
        fields.contains("total_ms") && fields.contains("rule"),
        "{fields:?}"
    );
    let stack = app(EXAMPLE, EnvironmentName::Staging);
    let mut names = Vec::new();
    for (_, _, query) in stack
        .template
        .resources()
        .filter(|(_, kind, _)| *kind == "AWS::Logs::QueryDefinition")
    {
        names.push(query["Name"].as_str().unwrap().to_owned());
        let text = query["QueryString"].as_str().unwrap();
        let text = text
            .replace("client\\.head", "client_head")
            .replace("REQUEST-ID", "REQUEST_ID");
        for word in text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_') {
            let number = word.parse::<u32>().is_ok();
            assert!(
                word.is_empty() || number || fields.contains(word) || LANGUAGE.contains(&word),
                "{word} is no field: {text}"
            );
        }
    }
    assert_eq!(
        names,
        [
            "why 5xx",
            "one request by id",
            "slowest requests",
            "what strangers try"
        ]
        .map(|name| format!("penguin-school/staging/{name}"))
    );
}
