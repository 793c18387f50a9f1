//! Tests of the settings: what is accepted, and what every mistake is answered with.

use super::*;

const LEAST: &str = r#"
[source]
owner = "polar"
repository = "school"
[release]
email = "team@example.com"
"#;

fn with(more: &str) -> Result<Settings, Vec<Mistake>> {
    Settings::parse(&format!("{LEAST}{more}"))
}

fn complaints(more: &str) -> Vec<String> {
    with(more)
        .unwrap_err()
        .iter()
        .map(|mistake| format!("{}:{}: {mistake}", mistake.line, mistake.column))
        .collect()
}

#[test]
fn three_lines_are_enough() {
    let settings = with("").unwrap();
    assert_eq!(settings.project.name, "penguin-school");
    assert_eq!(
        settings.environments.prod,
        Environment::default_of(EnvironmentName::Prod)
    );
    assert_eq!(settings.clusters.dev, Cluster::default_of(ClusterName::Dev));
}

#[test]
fn every_schedule_that_is_there_by_default_is_one() {
    for name in EnvironmentName::ALL {
        for schedule in Environment::default_of(name).schedules {
            assert_eq!(schedule.cron.to_string().parse(), Ok(schedule.cron));
        }
    }
}

#[test]
fn the_example_says_what_is_so_by_default() {
    let example = Settings::parse(EXAMPLE).unwrap();
    let least = Settings::parse(LEAST).unwrap();
    assert_eq!(example.clusters, least.clusters);
    assert_eq!(example.environments, least.environments);
    assert_eq!(example.project, least.project);
    assert_eq!(
        example.release.image_tag_parameter,
        least.release.image_tag_parameter
    );
}

#[test]
fn the_example_names_every_setting() {
    // What is commented out counts: it is there to be read.
    for key in [
        "name",
        "stack-prefix",
        "region",
        "account",
        "architecture",
        "owner",
        "repository",
        "dev-branch",
        "prod-branch",
        "connection-arn",
        "token-secret",
        "image-tag-parameter",
        "email",
        "cidr",
        "zones",
        "nat",
        "insights",
        "log-days",
        "cpu",
        "memory",
        "min-tasks",
        "max-tasks",
        "cpu-target",
        "requests-target",
        "schedules",
        "time-zone",
        "spot-percent",
        "certificate-arn",
        "domain",
        "deployment",
        "errors-per-minute",
        "latency-milliseconds",
        "deletion-protection",
        "exec",
    ] {
        let named = EXAMPLE.contains(&format!("{key} ="));
        assert!(named, "{key}");
    }
}

#[test]
fn every_mistake_is_told_at_once() {
    assert_eq!(
        complaints(
            "[clusters.dev]\ncidr = \"10.3.8.0/22\"\nzones = 4\n[environments.dev]\ncpu = 256\nmemory = 1536\nmemmory = 1\n"
        ),
        [
            "8:8: `clusters.dev.cidr = \"10.3.8.0/22\"` overlaps with the other cluster's 10.3.0.0/20",
            "9:9: `clusters.dev.zones = 4` is out of range",
            "12:10: `environments.dev.memory = 1536` does not go with cpu = 256",
            "13:1: `environments.dev.memmory` is not a setting",
        ]
    );
}

#[test]
fn what_is_missing_is_named() {
    let mistakes = Settings::parse("").unwrap_err();
    let keys: Vec<_> = mistakes.iter().map(|mistake| mistake.key.as_str()).collect();
    assert_eq!(keys, ["source.owner", "source.repository", "release.email"]);
    assert!(mistakes.iter().all(|mistake| mistake.remedy.is_some()));
}

#[test]
fn fargate_has_the_sizes_that_it_has() {
    for (cpu, memory, there) in [
        (256, 512, true),
        (256, 1536, false),
        (256, 4096, false),
        (512, 3072, true),
        (4096, 30720, true),
        (8192, 20480, true),
        (8192, 17408, false),
        (16384, 122_880, true),
    ] {
        assert_eq!(check::fits(cpu, memory), there, "{cpu} {memory}");
    }
}
