//! Tests of findings for good settings, bad settings and the repository's own.

use std::path::Path;

use super::*;
use crate::service::Service;
use crate::settings::EXAMPLE;
use crate::settings::first::{FIRST, Question, fill};

const EVERYTHING: &str = include_str!("../../tests/settings/everything.toml");

fn good() -> String {
    fill(
        FIRST,
        &[
            (Question::Owner, "polar".to_owned()),
            (Question::Repository, "school".to_owned()),
            (Question::Email, "bears@polar.dev".to_owned()),
        ],
    )
}

fn listed(findings: &[Finding]) -> String {
    let line = |finding: &Finding| {
        let remedy = finding
            .remedy
            .as_ref()
            .map(|remedy| format!("\n    {remedy}"))
            .unwrap_or_default();
        format!(
            "{} {}: {}{remedy}",
            finding.level.word(),
            finding.about,
            finding.message
        )
    };
    findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Returns all findings without template sizes and build spec counts.
fn text_without_numbers(text: &str) -> String {
    listed(&all(text))
        .lines()
        .map(|line| {
            line.split_once("; the largest, ")
                .map_or(line, |(before, _)| before)
        })
        .filter(|line| !line.starts_with("ok build specs: "))
        .collect::<Vec<_>>()
        .join("\n")
}

fn all(text: &str) -> Vec<Finding> {
    let read = Settings::parse(text).map_err(|mistakes| SettingsError::Invalid {
        file: "infra.toml".into(),
        mistakes,
    });
    let mut findings = settings(Path::new("infra.toml"), read.as_ref());
    if let Ok(settings) = &read {
        findings.extend(advice(settings));
        findings.extend(templates(crate::stacks::graph(settings).as_ref()));
    }
    findings
}

fn worst(text: &str) -> Level {
    all(text).iter().map(|finding| finding.level).max().unwrap()
}

#[test]
fn settings_of_a_new_fork_are_valid() {
    insta::assert_snapshot!(text_without_numbers(&good()), @r"
    ok settings: infra.toml is valid
    warning dev: no certificate: the site is served over unencrypted HTTP
        set `domain` and `hosted-zone` in `[environments.dev]`
    warning staging: no certificate: the site is served over unencrypted HTTP
        set `domain` and `hosted-zone` in `[environments.staging]`
    warning prod: no certificate: the site is served over unencrypted HTTP
        set `domain` and `hosted-zone` in `[environments.prod]`
    ok templates: 8 stacks
    ");
}

#[test]
fn template_size_and_build_specs_are_reported() {
    let found = all(&good());
    let message = |about: &str| {
        let finding = found.iter().find(|finding| finding.about == about).unwrap();
        assert_eq!(finding.level, Level::Ok, "{finding:?}");
        finding.message.clone()
    };
    let settings = Settings::parse(&good()).unwrap();
    let graph = crate::stacks::graph(&settings).unwrap();
    let largest = graph
        .stacks()
        .iter()
        .map(|stack| stack.body().len())
        .max()
        .unwrap();
    assert!(message("templates").ends_with(&format!(" has {largest} of 51200 bytes")));
    let projects = graph
        .stacks()
        .iter()
        .flat_map(|stack| stack.template.resources())
        .filter(|(_, kind, _)| *kind == "AWS::CodeBuild::Project");
    assert_eq!(
        message("build specs"),
        format!("{}, with valid phases and commands", projects.count())
    );
}

#[test]
fn placeholders_are_errors_and_templates_are_still_checked() {
    insta::assert_snapshot!(text_without_numbers(FIRST), @r#"
    error settings: infra.toml: `source.owner = "OWNER"` is a placeholder
        run `infra init` to set it
    error settings: infra.toml: `source.repository = "NAME"` is a placeholder
        run `infra init` to set it
    error settings: infra.toml: `release.email = "team@example.com"` is a placeholder
        run `infra init` to set it
    warning dev: no certificate: the site is served over unencrypted HTTP
        set `domain` and `hosted-zone` in `[environments.dev]`
    warning staging: no certificate: the site is served over unencrypted HTTP
        set `domain` and `hosted-zone` in `[environments.staging]`
    warning prod: no certificate: the site is served over unencrypted HTTP
        set `domain` and `hosted-zone` in `[environments.prod]`
    ok templates: 8 stacks
    "#);
    assert_eq!(worst(EXAMPLE), Level::Error);
}

#[test]
fn side_effects_are_warnings() {
    let text = good().replace("bears@polar.dev", "team@example.com")
        + "[clusters.prod]\nnat = \"single\"\n[environments.prod]\nspot-percent = 50\ndeletion-protection = false\n";
    let settings = Settings::parse(&text).unwrap();
    insta::assert_snapshot!(listed(&advice(&settings)), @r#"
    warning release: team@example.com is an example address; approval requests would not be received
        set `release.email` to your address
    warning dev: no certificate: the site is served over unencrypted HTTP
        set `domain` and `hosted-zone` in `[environments.dev]`
    warning staging: no certificate: the site is served over unencrypted HTTP
        set `domain` and `hosted-zone` in `[environments.staging]`
    warning prod: no certificate: the site is served over unencrypted HTTP
        set `domain` and `hosted-zone` in `[environments.prod]`
    warning prod: 50 % of the tasks on Fargate Spot, interrupted with two minutes' notice
        set `spot-percent = 0` in `[environments.prod]`
    warning prod: no deletion protection
        set `deletion-protection = true` in `[environments.prod]`
    warning prod cluster: single NAT gateway: if its zone fails, tasks in other zones lose internet access
        set `nat = "per-az"` in `[clusters.prod]`; it costs one gateway per zone
    "#);
}

#[test]
fn certificate_removes_http_warning() {
    let about_http = |text: &str| {
        let found = advice(&Settings::parse(text).unwrap());
        found
            .iter()
            .filter(|finding| finding.message.contains("HTTP"))
            .count()
    };
    assert_eq!(about_http(&good()), 3);
    assert_eq!(about_http(EVERYTHING), 0);
}

#[test]
fn mistakes_have_position_and_remedy() {
    let text = good() + "[environments.dev]\ncpu = 300\n";
    insta::assert_snapshot!(listed(&all(&text)), @r"
    error settings: infra.toml:21:7: `environments.dev.cpu = 300` is not a Fargate CPU size
        use one of 256, 512, 1024, 2048, 4096, 8192, 16384 (1024 = 1 vCPU)
    ");
}

#[test]
fn oversized_template_is_an_error() {
    let schedules: Vec<_> = (0..400)
        .map(|n| {
            format!(
                "{{ name = \"s{n}\", cron = \"{} 0 * * ? *\", min-tasks = 1 }}",
                n % 60
            )
        })
        .collect();
    let text = format!(
        "{}[environments.dev]\nschedules = [{}]\n",
        good(),
        schedules.join(", ")
    );
    let found = all(&text);
    let error = found
        .iter()
        .find(|finding| finding.level == Level::Error)
        .unwrap();
    assert!(
        error.message.starts_with("DevAppStack: the template has "),
        "{error:?}"
    );
}

#[test]
fn files_of_this_repository_match_the_service() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    assert_eq!(
        listed(&images(root, &Service::default())),
        "ok images: Dockerfiles and docker-compose.yml match infra/src/service.rs"
    );
}

#[test]
fn differing_image_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for name in ["Dockerfile.app", "Dockerfile.proxy"] {
        let text = fs_err::read_to_string(root.join(name)).unwrap();
        fs_err::write(
            folder.path().join(name),
            text.replace("EXPOSE 3000", "EXPOSE 5000"),
        )
        .unwrap();
    }
    fs_err::write(folder.path().join("docker-compose.yml"), "services: {}\n").unwrap();
    insta::assert_snapshot!(listed(&images(folder.path(), &Service::default())), @r"
    error images: Dockerfile.app has no line `EXPOSE 3000`
        make it match the containers in infra/src/service.rs
    error images: docker-compose.yml differs from infra/src/service.rs
        run `infra compose > docker-compose.yml`
    ");
    fs_err::remove_file(folder.path().join("Dockerfile.proxy")).unwrap();
    assert!(
        listed(&images(folder.path(), &Service::default()))
            .contains("Dockerfile.proxy is missing, which builds the image of proxy")
    );
}
