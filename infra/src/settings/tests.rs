//! Tests of settings: defaults, accepted values, mistakes.

use super::*;

const MINIMAL: &str = r#"
[source]
owner = "polar"
repository = "school"
[release]
email = "team@example.com"
"#;

fn with(more: &str) -> Result<Settings, Vec<Mistake>> {
    Settings::parse(&format!("{MINIMAL}{more}"))
}

fn mistakes(more: &str) -> Vec<String> {
    with(more)
        .unwrap_err()
        .iter()
        .map(|mistake| format!("{}:{}: {mistake}", mistake.line, mistake.column))
        .collect()
}

#[test]
fn three_settings_are_required() {
    let settings = with("").unwrap();
    assert_eq!(settings.project.name, "penguin-school");
    assert_eq!(
        settings.environments.prod,
        Environment::default_of(EnvironmentName::Prod)
    );
    assert_eq!(settings.clusters.dev, Cluster::default_of(ClusterName::Dev));
}

#[test]
fn default_schedules_are_valid() {
    for name in EnvironmentName::ALL {
        for schedule in Environment::default_of(name).schedules {
            assert_eq!(schedule.cron.to_string().parse(), Ok(schedule.cron));
        }
    }
}

#[test]
fn example_file_shows_the_defaults() {
    let example = Settings::parse(EXAMPLE).unwrap();
    let minimal = Settings::parse(MINIMAL).unwrap();
    assert_eq!(example.clusters, minimal.clusters);
    assert_eq!(example.environments, minimal.environments);
    assert_eq!(example.project, minimal.project);
    assert_eq!(
        example.release.image_tag_parameter,
        minimal.release.image_tag_parameter
    );
}

#[test]
fn example_file_contains_every_setting() {
    // Settings in comments count.
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
        "egress-ports",
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
        "port",
        "dockerfile",
        "health-path",
        "stop-timeout",
        "command",
        "environment",
        "secrets",
        "secrets-key",
    ] {
        let named = EXAMPLE.contains(&format!("{key} ="));
        assert!(named, "{key}");
    }
}

#[test]
fn all_mistakes_are_reported_at_once() {
    assert_eq!(
        mistakes(
            "[clusters.dev]\ncidr = \"10.3.8.0/22\"\nzones = 4\n[environments.dev]\ncpu = 256\nmemory = 1536\nmemmory = 1\n"
        ),
        [
            "8:8: `clusters.dev.cidr = \"10.3.8.0/22\"` overlaps with the other cluster's 10.3.0.0/20",
            "9:9: `clusters.dev.zones = 4` is out of range",
            "12:10: `environments.dev.memory = 1536` is not valid with cpu = 256",
            "13:1: `environments.dev.memmory` is not a known setting",
        ]
    );
}

#[test]
fn missing_settings_are_named() {
    let mistakes = Settings::parse("").unwrap_err();
    let keys: Vec<_> = mistakes.iter().map(|mistake| mistake.key.as_str()).collect();
    assert_eq!(keys, ["source.owner", "source.repository", "release.email"]);
    assert!(mistakes.iter().all(|mistake| mistake.remedy.is_some()));
}

#[test]
fn cpu_and_memory_pairs_match_fargate() {
    for (cpu, memory, supported) in [
        (256, 512, true),
        (256, 1536, false),
        (256, 4096, false),
        (512, 3072, true),
        (4096, 30720, true),
        (8192, 20480, true),
        (8192, 17408, false),
        (16384, 122_880, true),
    ] {
        assert_eq!(check::fits(cpu, memory), supported, "{cpu} {memory}");
    }
}

#[test]
fn environments_change_variables_and_secrets() {
    let settings = with(
        "[app]\nhealth-path = \"/up\"\nenvironment = { A = \"1\", B = \"2\" }\nsecrets = { C = \"ssm:/c\", D = \"ssm:/d\" }\n\
         [environments.prod.app]\nenvironment = { B = \"3\", C = \"4\" }\nsecrets.A = \"secretsmanager:a:key\"\n\
         [environments.dev.proxy.environment]\nPROXY_MAX_BODY = \"off\"\n",
    )
    .unwrap();
    let app = |name| &settings.environment(name).service.app;
    let plain = |name| format!("{:?}", app(name).environment);
    let secret = |name| {
        let secrets = app(name).secrets.iter();
        secrets
            .map(|(name, secret)| format!("{name}={secret}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(plain(EnvironmentName::Dev), "{\"A\": \"1\", \"B\": \"2\"}");
    assert_eq!(secret(EnvironmentName::Staging), ["C=ssm:/c", "D=ssm:/d"]);
    // A plain value replaces a secret and vice versa.
    assert_eq!(plain(EnvironmentName::Prod), "{\"B\": \"3\", \"C\": \"4\"}");
    assert_eq!(
        secret(EnvironmentName::Prod),
        ["A=secretsmanager:a:key", "D=ssm:/d"]
    );
    let body = |name| {
        settings
            .environment(name)
            .service
            .proxy
            .environment
            .get("PROXY_MAX_BODY")
    };
    assert_eq!(body(EnvironmentName::Dev).map(String::as_str), Some("off"));
    assert_eq!(body(EnvironmentName::Prod), None);
    assert_eq!(settings.local_service(), &settings.environments.dev.service);
}
