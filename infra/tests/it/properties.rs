//! Property tests: invariants for random valid settings.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use infra::cfn::INLINE_LIMIT;
use infra::settings::{Nat, Settings};
use infra::stacks::{self, Stack, StackKind};
use infra::{cost, diagram, inventory};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value as Json;

/// Lines of a section.
type Lines = Vec<String>;

/// Generates one of the values, or omits the setting.
fn setting(
    key: &'static str,
    values: impl Strategy<Value = String> + 'static,
) -> impl Strategy<Value = Lines> {
    proptest::option::of(values).prop_map(move |value| {
        value
            .map(|value| format!("{key} = {value}"))
            .into_iter()
            .collect()
    })
}

fn quoted(values: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    values.prop_map(|value| format!("{value:?}"))
}

fn one_of(values: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(values).prop_map(str::to_owned)
}

fn number(range: std::ops::RangeInclusive<u32>) -> impl Strategy<Value = String> {
    range.prop_map(|number| number.to_string())
}

fn section(name: impl Into<String>, parts: Vec<BoxedStrategy<Lines>>) -> impl Strategy<Value = String> {
    let name = name.into();
    parts.prop_map(move |lines| format!("[{name}]\n{}\n", lines.concat().join("\n")))
}

fn project() -> impl Strategy<Value = String> {
    let name = "[b-r][a-z0-9]{0,11}(-[a-z0-9]{1,11})?";
    section(
        "project",
        vec![
            setting("name", quoted(name)).boxed(),
            setting("stack-prefix", quoted("([A-Z][A-Za-z0-9-]{0,39})?")).boxed(),
            setting(
                "region",
                quoted(one_of(&["eu-central-1", "us-gov-west-1", "cn-north-1"])),
            )
            .boxed(),
            setting("account", quoted("[0-9]{12}")).boxed(),
            setting("architecture", quoted(one_of(&["arm64", "x86_64"]))).boxed(),
        ],
    )
}

fn source() -> impl Strategy<Value = String> {
    let arn =
        "\"arn:aws:codeconnections:eu-west-3:123456789012:connection/5d8c0a52-0000-4000-8000-000000000001\"";
    let access = prop_oneof![
        Just(Vec::new()),
        Just(vec![format!("connection-arn = {arn}")]),
        "[A-Za-z0-9/_+=.@-]{1,120}".prop_map(|secret| vec![format!("token-secret = {secret:?}")]),
    ];
    section(
        "source",
        vec![
            "[A-Za-z0-9._-]{1,39}"
                .prop_map(|owner| vec![format!("owner = {owner:?}")])
                .boxed(),
            "[A-Za-z0-9._-]{1,100}"
                .prop_map(|name| vec![format!("repository = {name:?}")])
                .boxed(),
            setting("dev-branch", quoted("dev(/[a-z0-9#@_-]{1,30}){0,3}")).boxed(),
            setting("prod-branch", quoted("release(/[a-z0-9#@_-]{1,30}){0,3}")).boxed(),
            access.boxed(),
        ],
    )
}

fn release() -> impl Strategy<Value = String> {
    section(
        "release",
        vec![
            setting("image-tag-parameter", quoted("(/[b-r][A-Za-z0-9._-]{0,40}){1,3}")).boxed(),
            "[a-z0-9+._-]{1,60}@[a-z0-9]{1,20}\\.example"
                .prop_map(|email| vec![format!("email = {email:?}")])
                .boxed(),
            setting(
                "before",
                one_of(&["false", r#"["migrate"]"#, r#"["sh", "-c", "a \"b\" ${c}"]"#]),
            )
            .boxed(),
            setting("before-timeout", quoted(one_of(&["5m", "8h"]))).boxed(),
        ],
    )
}

fn retention() -> impl Strategy<Value = String> {
    one_of(&["1", "30", "90", "400", "3653"])
}

fn cluster(name: &'static str, second: std::ops::RangeInclusive<u32>) -> impl Strategy<Value = String> {
    let cidr = (second, 16_u32..=22).prop_map(|(second, prefix)| format!("10.{second}.0.0/{prefix}"));
    section(
        format!("clusters.{name}"),
        vec![
            // Different halves, so that they never overlap.
            quoted(cidr)
                .prop_map(|cidr| vec![format!("cidr = {cidr}")])
                .boxed(),
            setting("zones", one_of(&["2", "3"])).boxed(),
            setting("egress-ports", one_of(&["[]", "[5432]", "[1, 442, 444, 65535]"])).boxed(),
            setting("nat", quoted(one_of(&["per-az", "single", "none"]))).boxed(),
            setting("insights", quoted(one_of(&["enhanced", "enabled", "disabled"]))).boxed(),
            setting("log-days", retention()).boxed(),
        ],
    )
}

fn schedules(most: u32) -> impl Strategy<Value = Lines> {
    let crons = one_of(&[
        "0 0/2 * * ? *",
        "*/15 8-17 ? * MON-FRI *",
        "0 6 L * ? *",
        "30 22 ? * 6#3 2026-2030",
    ]);
    let one = ("[a-z][a-z0-9-]{0,60}", crons, 0..=most);
    proptest::collection::vec(one, 0..8).prop_map(|all| {
        let all = all.iter().zip(0..).map(|((name, cron, tasks), number)| {
            format!("{{ name = \"{name}{number}\", cron = \"{cron}\", min-tasks = {tasks} }}")
        });
        vec![format!("schedules = [{}]", all.collect::<Vec<_>>().join(", "))]
    })
}

fn environment(name: &'static str) -> impl Strategy<Value = String> {
    let size = select(
        &[
            (256, 512),
            (256, 2048),
            (512, 3072),
            (1024, 8192),
            (4096, 30720),
            (8192, 20480),
            (16384, 122_880),
        ][..],
    );
    let bounds = (1..=1000_u32).prop_flat_map(|most| (1..=most, Just(most)));
    let tasks = bounds.prop_flat_map(|(least, most)| {
        proptest::option::of(schedules(most)).prop_map(move |schedules| {
            let mut lines = vec![format!("min-tasks = {least}"), format!("max-tasks = {most}")];
            lines.extend(schedules.into_iter().flatten());
            lines
        })
    });
    // Different domains, which ACM issues certificates for.
    let zone = "[a-z0-9]{1,30}\\.[a-z]{2,20}";
    let certificate = proptest::option::of((zone, 0..3_u8)).prop_map(move |drawn| {
        let Some((zone, source)) = drawn else {
            return Vec::new();
        };
        let source = match source {
            0 => "certificate-arn = \"arn:aws:acm:eu-west-3:123456789012:certificate/5d8c0a52-0000-4000-8000-000000000001\"".to_owned(),
            1 => format!("hosted-zone = \"{zone}\""),
            _ => "hosted-zone = \"Z0123456789ABCDEFGHIJ\"".to_owned(),
        };
        vec![source, format!("domain = \"{name}.{zone}\"")]
    });
    let alarms = (1..=1_000_000_u32, 1..=600_000_u32).prop_map(|(errors, latency)| {
        vec![format!(
            "alarms = {{ errors-per-minute = {errors}, latency-milliseconds = {latency} }}"
        )]
    });
    section(
        format!("environments.{name}"),
        vec![
            size.prop_map(|(cpu, memory)| vec![format!("cpu = {cpu}"), format!("memory = {memory}")])
                .boxed(),
            tasks.boxed(),
            setting("cpu-target", number(10..=90)).boxed(),
            setting("requests-target", number(1..=1_000_000)).boxed(),
            setting(
                "time-zone",
                quoted(one_of(&["UTC", "America/Argentina/ComodRivadavia"])),
            )
            .boxed(),
            setting("spot-percent", number(0..=100)).boxed(),
            certificate.boxed(),
            setting("deployment", quoted(one_of(&["rolling", "blue-green", "canary"]))).boxed(),
            alarms.boxed(),
            setting("log-days", retention()).boxed(),
            setting("deletion-protection", one_of(&["true", "false"])).boxed(),
        ],
    )
}

/// Generates a valid settings file.
fn files() -> impl Strategy<Value = String> {
    (
        (project(), source(), release()),
        (cluster("dev", 0..=127), cluster("prod", 128..=255)),
        (environment("dev"), environment("staging"), environment("prod")),
    )
        .prop_map(|((project, source, release), (dev, prod), (one, two, three))| {
            [project, source, release, dev, prod, one, two, three].concat()
        })
}

/// Calls `hold` with files from a fixed seed.
fn for_any_file(cases: u32, hold: impl Fn(&str)) {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let result = runner.run(&files(), |file| {
        hold(&file);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// Collects every name that a template references.
fn references(json: &Json, found: &mut BTreeSet<String>) {
    match json {
        Json::Array(items) => items.iter().for_each(|item| references(item, found)),
        Json::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value) {
                    ("Ref", Json::String(name)) => _ = found.insert(name.clone()),
                    ("Fn::GetAtt", Json::Array(parts)) => {
                        _ = found.insert(parts[0].as_str().unwrap().to_owned());
                    }
                    ("DependsOn", Json::Array(names)) => {
                        // Container dependencies are not resources.
                        found.extend(names.iter().filter_map(Json::as_str).map(str::to_owned));
                    }
                    ("Fn::Sub", Json::String(text)) => found.extend(
                        text.split("${")
                            .skip(1)
                            .map(|rest| rest.split(['}', '.']).next().unwrap().to_owned()),
                    ),
                    _ => references(value, found),
                }
            }
        }
        _ => {}
    }
}

fn assert_sound(stack: &Stack) {
    let template = stack.template.json();
    assert!(
        stack.body().len() < INLINE_LIMIT,
        "{}: {} bytes",
        stack.name,
        stack.body().len()
    );
    let mut known: BTreeSet<String> = ["Resources", "Parameters"]
        .iter()
        .flat_map(|section| template[section].as_object().into_iter().flatten())
        .map(|(name, _)| name.clone())
        .collect();
    known.extend(
        ["AccountId", "Partition", "Region", "StackName", "URLSuffix"].map(|name| format!("AWS::{name}")),
    );
    let mut wanted = BTreeSet::new();
    references(template, &mut wanted);
    let dangling: Vec<_> = wanted.difference(&known).collect();
    assert!(dangling.is_empty(), "{}: {dangling:?}", stack.name);
    // CloudFormation quotas.
    let size = |section: &str| template[section].as_object().map_or(0, serde_json::Map::len);
    assert!(size("Resources") <= 500 && size("Parameters") <= 200 && size("Outputs") <= 200);
    assert!(stack.name.len() <= 128);
}

#[test]
fn templates_are_sound_for_any_settings() {
    for_any_file(48, |file| {
        let settings = Settings::parse(file).unwrap_or_else(|mistakes| {
            let text = mistakes.iter().fold(String::new(), |mut text, mistake| {
                let _ = writeln!(text, "{mistake}");
                text
            });
            panic!("{text}{file}")
        });
        let graph = stacks::graph(&settings).unwrap();
        let before = settings.release.before.is_some();
        assert_eq!(graph.stacks().len(), if before { 11 } else { 8 });
        graph.stacks().iter().for_each(assert_sound);
        let again = stacks::graph(&settings).unwrap();
        for (one, other) in graph.stacks().iter().zip(again.stacks()) {
            assert_eq!(one.body(), other.body());
        }
    });
}

#[test]
fn names_are_consistent_for_any_settings() {
    for_any_file(16, |file| {
        let graph = stacks::graph(&Settings::parse(file).unwrap()).unwrap();
        let names: Vec<_> = graph
            .stacks()
            .iter()
            .flat_map(|stack| stack.template.resources())
            .filter(|(_, kind, _)| *kind == "AWS::SSM::Parameter" || *kind == "AWS::Logs::LogGroup")
            .map(|(_, kind, properties)| {
                let key = if kind == "AWS::SSM::Parameter" {
                    "Name"
                } else {
                    "LogGroupName"
                };
                (kind, properties[key].as_str().unwrap().to_owned())
            })
            .collect();
        let unique: BTreeSet<_> = names.iter().collect();
        assert_eq!(unique.len(), names.len(), "duplicate names: {names:?}");
        for stack in graph.stacks() {
            let roles = stack
                .template
                .resources()
                .any(|(_, kind, _)| kind == "AWS::IAM::Role");
            let of_an_app = matches!(stack.kind, StackKind::App | StackKind::BeforeRelease);
            assert!(!(roles && of_an_app), "{}", stack.name);
        }
    });
}

#[test]
fn diagrams_and_costs_work_for_any_settings() {
    let prices = cost::Prices::of("us-east-1").unwrap();
    for_any_file(8, |file| {
        let settings = Settings::parse(file).unwrap();
        let inventory = inventory::of(&stacks::graph(&settings).unwrap());
        let estimate = cost::estimate(&inventory, &|_| true, &prices, &cost::Assumptions::default());
        assert!(estimate.amount.least > 0.0 && estimate.amount.least <= estimate.amount.most + 1e-6);
        assert!(estimate.amount.most.is_finite());
        let gateways: usize = inventory
            .clusters
            .iter()
            .flat_map(|cluster| &cluster.zones)
            .filter(|zone| zone.nat)
            .count();
        let expected: usize = [&settings.clusters.dev, &settings.clusters.prod]
            .iter()
            .map(|cluster| match cluster.nat {
                Nat::PerZone => usize::from(cluster.zones),
                Nat::Single => 1,
                Nat::None => 0,
            })
            .sum();
        assert_eq!(gateways, expected);
        for subject in [diagram::Subject::Architecture, diagram::Subject::Pipelines] {
            let svg = diagram::svg(subject, &inventory);
            assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
            assert!(diagram::mermaid(subject, &inventory).lines().count() > 15);
        }
    });
}
