//! What is found in good settings, in bad ones, and in those that a repository comes with.

use std::path::Path;

use super::*;
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

fn told(findings: &[Finding]) -> String {
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

/// All that is found, save how large the templates are and how many build specs there are.
fn told_but_figures(text: &str) -> String {
    told(&all(text))
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
fn the_settings_of_a_new_fork_have_nothing_wrong_with_them() {
    insta::assert_snapshot!(told_but_figures(&good()), @r"
    ok settings: infra.toml has no mistakes
    warning dev: no certificate: visitors come over HTTP, for everybody to read
        set `certificate-arn` and `domain` in `[environments.dev]`
    warning staging: no certificate: visitors come over HTTP, for everybody to read
        set `certificate-arn` and `domain` in `[environments.staging]`
    warning prod: no certificate: visitors come over HTTP, for everybody to read
        set `certificate-arn` and `domain` in `[environments.prod]`
    ok templates: 8 stacks
    ");
}

#[test]
fn the_templates_are_measured_and_the_build_specs_counted() {
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
        format!("{}, each with phases and commands", projects.count())
    );
}

#[test]
fn placeholders_are_errors_and_the_templates_are_looked_at_all_the_same() {
    insta::assert_snapshot!(told_but_figures(FIRST), @r#"
    error settings: infra.toml: `source.owner = "OWNER"` is a placeholder
        `infra init` asks for what belongs there
    error settings: infra.toml: `source.repository = "NAME"` is a placeholder
        `infra init` asks for what belongs there
    error settings: infra.toml: `release.email = "team@example.com"` is a placeholder
        `infra init` asks for what belongs there
    warning dev: no certificate: visitors come over HTTP, for everybody to read
        set `certificate-arn` and `domain` in `[environments.dev]`
    warning staging: no certificate: visitors come over HTTP, for everybody to read
        set `certificate-arn` and `domain` in `[environments.staging]`
    warning prod: no certificate: visitors come over HTTP, for everybody to read
        set `certificate-arn` and `domain` in `[environments.prod]`
    ok templates: 8 stacks
    "#);
    assert_eq!(worst(EXAMPLE), Level::Error);
}

#[test]
fn what_works_and_may_surprise_is_a_warning() {
    let text = good().replace("bears@polar.dev", "team@example.com")
        + "[clusters.prod]\nnat = \"single\"\n[environments.prod]\nspot-percent = 50\ndeletion-protection = false\nexec = true\n";
    let settings = Settings::parse(&text).unwrap();
    insta::assert_snapshot!(told(&advice(&settings)), @r#"
    warning release: nobody reads team@example.com: releases would wait for ever
        set `release.email` to an address that somebody reads
    warning dev: no certificate: visitors come over HTTP, for everybody to read
        set `certificate-arn` and `domain` in `[environments.dev]`
    warning staging: no certificate: visitors come over HTTP, for everybody to read
        set `certificate-arn` and `domain` in `[environments.staging]`
    warning prod: no certificate: visitors come over HTTP, for everybody to read
        set `certificate-arn` and `domain` in `[environments.prod]`
    warning prod: 50 % of the tasks on spare capacity, taken away at two minutes' notice
        `spot-percent = 0` in `[environments.prod]` keeps them
    warning prod: not protected against deletion
        `deletion-protection = true` in `[environments.prod]`
    warning prod: people may run commands in the containers that visitors talk to
        `exec = false` in `[environments.prod]`, and true for as long as it takes
    warning prod cluster: a single NAT gateway: if its zone fails, the other zones cannot call out either
        `nat = "per-az"` in `[clusters.prod]` costs a gateway a zone
    "#);
}

#[test]
fn a_certificate_silences_the_warning_about_http() {
    let about_http = |text: &str| {
        let found = advice(&Settings::parse(text).unwrap());
        found
            .iter()
            .filter(|finding| finding.message.contains("HTTP"))
            .count()
    };
    assert_eq!(about_http(&good()), 3);
    assert_eq!(about_http(EVERYTHING), 1);
}

#[test]
fn mistakes_are_told_with_their_place_and_remedy() {
    let text = good() + "[environments.dev]\ncpu = 300\n";
    insta::assert_snapshot!(told(&all(&text)), @r"
    error settings: infra.toml:21:7: `environments.dev.cpu = 300` is a size that Fargate does not have
        choose one of 256, 512, 1024, 2048, 4096, 8192, 16384 (1024 are one core)
    ");
}

#[test]
fn a_template_that_is_too_long_is_an_error() {
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
fn the_files_of_this_checkout_agree_with_the_description() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    assert_eq!(
        told(&images(root)),
        "ok images: Dockerfiles and docker-compose.yml agree with infra/src/service.rs"
    );
}

#[test]
fn a_file_of_the_images_that_says_something_else_is_an_error() {
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
    insta::assert_snapshot!(told(&images(folder.path())), @r"
    error images: Dockerfile.app has no line `EXPOSE 3000`
        infra/src/service.rs describes the containers: make the two agree
    error images: docker-compose.yml is not what infra/src/service.rs describes
        `infra compose > docker-compose.yml` writes it anew
    ");
    fs_err::remove_file(folder.path().join("Dockerfile.proxy")).unwrap();
    assert!(
        told(&images(folder.path()))
            .contains("there is no Dockerfile.proxy, which builds the image of proxy")
    );
}
