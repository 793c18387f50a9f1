//! `infra cost`: table, JSON, and comparison with the replaced stacks.

use std::fmt::Write as _;
use std::process::{Command, Output};

use infra::cost::{self, Assumptions, Estimate, Prices};
use infra::inventory::{
    self, Action, ActionKind, App, Build, Capacity, Cluster, Foundation, Insights, Inventory, Listener,
    Listeners, Pipeline, Purpose, Size, Stage, Zone,
};
use infra::settings::{ClusterName, EXAMPLE, EnvironmentName, Settings};
use infra::stacks;
use serde_json::Value as Json;

fn infra(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_infra"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["--config", "infra.example.toml"])
        .args(arguments)
        .output()
        .unwrap()
}

fn out(arguments: &[&str]) -> String {
    let output = infra(arguments);
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_estimate_fits_80_columns() {
    let text = out(&["cost", "--region", "eu-central-1"]);
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    insta::assert_snapshot!(text);
}

#[test]
fn json_has_the_same_amounts() {
    let json: Json = serde_json::from_str(&out(&["--json", "cost", "dev", "--region", "us-east-1"])).unwrap();
    let names: Vec<_> = json["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| &group["name"])
        .collect();
    assert_eq!(names, ["dev", "images"]);
    let sum = |key: &str| -> f64 {
        let lines = json["groups"].as_array().unwrap().iter();
        lines
            .flat_map(|group| group["lines"].as_array().unwrap())
            .map(|line| line[key].as_f64().unwrap())
            .sum()
    };
    for key in ["least", "most"] {
        assert!((sum(key) - json[key].as_f64().unwrap()).abs() < 1e-9, "{key}");
    }
    assert_eq!(json["currency"], "USD");
    assert_eq!(json["pricesAsOf"]["oldest"], "2025-10-28");
}

#[test]
fn region_without_prices_is_an_error() {
    let printed = |arguments: &[&str]| {
        let output = infra(arguments);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
        String::from_utf8(output.stderr).unwrap()
    };
    insta::assert_snapshot!(printed(&["cost"]), @r"
    error: prices depend on the region: no region in the settings or on the command line

    hint: pass `--region eu-central-1`, or set `region` in section `[project]` of the settings
    ");
    insta::assert_snapshot!(printed(&["cost", "--region", "mars-north-1"]), @r"
    error: no prices for region `mars-north-1`

    hint: pass `--region` with one of: eu-central-1, us-east-1
    hint: add prices of other regions to infra/src/cost/prices.json
    ");
    assert!(printed(&["cost", "prdo"]).contains("did you mean `prod`?"));
    assert!(printed(&["cost", "--requests", "-1"]).contains("expected a number of at least 0"));
}

/// The inventory of the CDK application that this project replaces: two networks with a NAT gateway per zone, x86 tasks
/// with 256 CPU units and 512 MiB, the same bounds and schedule, no Container Insights, two V1 pipelines, unlimited log
/// retention (here: one year).
fn replaced(ours: &Inventory) -> Inventory {
    let zone = || Zone {
        public: String::new(),
        private: String::new(),
        nat: true,
        way_out: true,
    };
    let clusters = ClusterName::ALL.map(|name| Cluster {
        stack: format!("{name:?}Cluster"),
        name,
        cidr: String::new(),
        zones: vec![zone(), zone()],
        endpoints: Vec::new(),
        s3_endpoint: false,
        insights: Insights::Off,
        keys: 0,
        flow_log_days: None,
        access_log_days: None,
    });
    let apps = EnvironmentName::ALL.map(|environment| App {
        stack: format!("{environment:?}AppStack"),
        environment,
        listeners: Listeners(vec![Listener {
            port: 80,
            protocol: "HTTP".to_owned(),
            redirects: false,
        }]),
        containers: vec![("app".to_owned(), 3000), ("nginx".to_owned(), 80)],
        cpu: 256,
        memory: 512,
        architecture: "x86_64".to_owned(),
        tasks: (1, 4),
        schedules: ours.apps[0].schedules.clone(),
        scaling_policies: 1,
        capacity: Capacity {
            base: 0,
            steady: 1,
            spot: 0,
        },
        deployment: "rolling".to_owned(),
        alarms: 0,
        alarm_metrics: 0,
        dashboards: 0,
        metrics: false,
        log_days: 365,
        protected: false,
    });
    Inventory {
        foundation: Foundation {
            stack: "DevPipelineStack".to_owned(),
            ..ours.foundation.clone()
        },
        clusters: clusters.into(),
        apps: apps.into(),
        pipelines: replaced_pipelines(),
    }
}

fn replaced_pipelines() -> Vec<Pipeline> {
    let action = |name: &str, kind| Action {
        name: name.to_owned(),
        kind,
    };
    let build = |purpose| {
        ActionKind::Build(Build {
            purpose,
            arm: false,
            size: Size::Small,
        })
    };
    let deploy = || ActionKind::Deploy { stack: String::new() };
    let source = || ActionKind::Source {
        repository: String::new(),
    };
    let pipeline = |stack: &str, releases, actions| Pipeline {
        stack: stack.to_owned(),
        name: String::new(),
        releases,
        mode: String::new(),
        on_push: !releases,
        branch: String::new(),
        by_the_minute: false,
        stages: vec![Stage {
            name: String::new(),
            actions,
            on_failure: String::new(),
        }],
        keys: 1,
    };
    vec![
        pipeline(
            "DevPipelineStack",
            false,
            vec![
                action("Source", source()),
                action("Images", build(Purpose::Images)),
                action("Template", build(Purpose::Templates)),
                action("Dev", deploy()),
            ],
        ),
        pipeline(
            "StagingProdPipelineStack",
            true,
            vec![
                action("Source", source()),
                action("Templates", build(Purpose::Templates)),
                action("Staging", deploy()),
                action("Approval", ActionKind::Approval),
                action("Prod", deploy()),
            ],
        ),
    ]
}

/// Returns the table of infra/README.md.
fn comparison(ours: &Estimate, theirs: &Estimate) -> String {
    let mut text = String::from(
        "| USD per month, eu-central-1 | minimum | maximum | CDK minimum | CDK maximum |\n|---|--:|--:|--:|--:|\n",
    );
    let mut row = |name: &str, here: cost::Amount, there: cost::Amount| {
        let _ = writeln!(
            text,
            "| {name} | {:.0} | {:.0} | {:.0} | {:.0} |",
            here.least, here.most, there.least, there.most
        );
    };
    for (here, there) in ours.groups.iter().zip(&theirs.groups) {
        assert_eq!(here.name, there.name);
        row(&here.name, here.amount, there.amount);
    }
    row("total", ours.amount, theirs.amount);
    text
}

#[test]
fn readme_has_the_cost_comparison() {
    let ours = inventory::of(&stacks::graph(&Settings::parse(EXAMPLE).unwrap()).unwrap());
    let prices = Prices::of("eu-central-1").unwrap();
    let estimate =
        |inventory: &Inventory| cost::estimate(inventory, &|_| true, &prices, &Assumptions::default());
    let table = comparison(&estimate(&ours), &estimate(&replaced(&ours)));
    let manual = fs_err::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    assert!(
        manual.contains(&table),
        "infra/README.md should contain:\n{table}"
    );
}
