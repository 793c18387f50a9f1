//! Conversion of the document to [`Settings`]: known keys, and rules across several values.

use super::app::{service, service_of_environment};
use super::certificate;
use super::check;
use super::document::{Document, Found, Section, ValueError, boolean, keyword, number, string};
use super::{
    Alarms, Before, Cidr, Cluster, ClusterName, Clusters, Cron, Environment, EnvironmentName, Environments,
    Mistake, Project, Release, Schedule, Settings, Source, SourceAccess, Tests, build_values, ports,
};
use crate::service::Service;

/// Timeout of the command before a release.
const BEFORE_MINUTES: u16 = 60;

/// Parses and validates `text`.
///
/// # Errors
/// Returns all mistakes in the order of the file.
pub(super) fn settings(text: &str) -> Result<Settings, Vec<Mistake>> {
    let (document, table) = Document::parse(text);
    let settings = read(&Section::root(&document, &table));
    let mistakes = document.into_mistakes();
    match settings {
        Some(settings) if mistakes.is_empty() => Ok(settings),
        _ => Err(mistakes),
    }
}

fn read(root: &Section<'_>) -> Option<Settings> {
    // Read all sections before failing, so that all mistakes are reported.
    let project = project(&root.section("project"));
    let source = source(&root.section("source"));
    let release = release(&root.section("release"), &project.stack_prefix);
    let clusters = clusters(&root.section("clusters"));
    let service = service(root);
    let environments = environments(&root.section("environments"), &service);
    root.reject_unknown_keys();
    Some(Settings {
        project,
        source: source?,
        release: release?,
        clusters,
        environments,
    })
}

fn project(section: &Section<'_>) -> Project {
    let project = Project {
        name: section.value("name", "penguin-school".to_owned(), check::project_name),
        stack_prefix: section.value("stack-prefix", String::new(), check::stack_prefix),
        region: section.optional("region", check::region).map(|found| found.value),
        account: section
            .optional("account", check::account)
            .map(|found| found.value),
        architecture: section.value("architecture", super::Architecture::Arm64, keyword),
    };
    section.reject_unknown_keys();
    project
}

fn source(section: &Section<'_>) -> Option<Source> {
    let github = |longest| {
        check::name(longest, "letters, digits and `.`, `-` and `_`", |character| {
            character.is_ascii_alphanumeric() || ".-_".contains(character)
        })
    };
    let owner = section.required("owner", "\"OWNER\"", github(39));
    let repository = section.required("repository", "\"NAME\"", github(100));
    let dev_branch = section.or("dev-branch", "dev".to_owned(), check::branch);
    let prod_branch = section.or("prod-branch", "main".to_owned(), check::branch);
    if dev_branch.value == prod_branch.value {
        section.report(
            &dev_branch,
            ValueError::new("is also the release branch")
                .remedy("set `dev-branch` and `prod-branch` to different branches"),
        );
    }
    let connection = section.optional(
        "connection-arn",
        check::arn(
            &["codeconnections", "codestar-connections"],
            "arn:aws:codeconnections:eu-central-1:123456789012:connection/…",
        ),
    );
    let token = section.optional("token-secret", string);
    let access = match (connection, token) {
        (Some(_), Some(token)) => {
            section.report(
                &token,
                ValueError::new("conflicts with `connection-arn`")
                    .remedy("keep the connection and remove this line"),
            );
            SourceAccess::NewConnection
        }
        (Some(arn), None) => SourceAccess::Connection { arn: arn.value },
        (None, Some(secret)) => SourceAccess::Token { secret: secret.value },
        (None, None) => SourceAccess::NewConnection,
    };
    let tests = tests(section);
    section.reject_unknown_keys();
    Some(Source {
        owner: owner?,
        repository: repository?,
        dev_branch: dev_branch.value,
        prod_branch: prod_branch.value,
        access,
        tests,
    })
}

fn tests(section: &Section<'_>) -> Option<Tests> {
    let default = Tests::default();
    let minutes = section.value("test-timeout", default.minutes, build_values::timeout);
    section
        .value("test", Some(default.command), build_values::test_command)
        .map(|command| Tests { command, minutes })
}

fn release(section: &Section<'_>, stack_prefix: &str) -> Option<Release> {
    // Installations with a stack prefix have their own releases.
    let words = stack_prefix.split('-').filter(|word| !word.is_empty());
    let default = words.fold("penguinapp-imagetag".to_owned(), |name, word| {
        format!("{name}-{}", word.to_ascii_lowercase())
    });
    let image_tag_parameter = section.or("image-tag-parameter", default, check::parameter_name);
    let email = section.required("email", "\"team@example.com\"", check::email);
    let smoke_test = section.value("smoke-test", Some("/".to_owned()), build_values::smoke_test);
    let minutes = section.value("before-timeout", BEFORE_MINUTES, build_values::timeout);
    let before = section.value("before", None, build_values::before);
    section.reject_unknown_keys();
    Some(Release {
        image_tag_parameter: image_tag_parameter.value,
        email: email?,
        smoke_test,
        before: before.map(|command| Before { command, minutes }),
    })
}

fn clusters(section: &Section<'_>) -> Clusters {
    let (dev, dev_cidr) = cluster(&section.section("dev"), ClusterName::Dev);
    let (prod, prod_cidr) = cluster(&section.section("prod"), ClusterName::Prod);
    if dev_cidr.value.overlaps(prod_cidr.value) {
        // At least one of them is set, since the defaults do not overlap.
        let (about, other) = if prod_cidr.is_written() {
            (&prod_cidr, &dev_cidr)
        } else {
            (&dev_cidr, &prod_cidr)
        };
        section.report(
            about,
            ValueError::new(format!("overlaps with the other cluster's {}", other.value))
                .remedy("use disjoint ranges, so that the networks can be peered later"),
        );
    }
    section.reject_unknown_keys();
    Clusters { dev, prod }
}

fn cluster(section: &Section<'_>, name: ClusterName) -> (Cluster, Found<Cidr>) {
    let default = Cluster::default_of(name);
    let cidr = section.or("cidr", default.cidr, check::parsed);
    let cluster = Cluster {
        cidr: cidr.value,
        zones: section.value("zones", default.zones, number(2..=3)),
        nat: section.value("nat", default.nat, keyword),
        egress_ports: section.value("egress-ports", default.egress_ports, ports::egress),
        insights: section.value("insights", default.insights, keyword),
        log_days: section.value("log-days", default.log_days, check::retention),
    };
    section.reject_unknown_keys();
    (cluster, cidr)
}

fn environments(section: &Section<'_>, service: &Service) -> Environments {
    let [(dev, in_dev), (staging, in_staging), (prod, in_prod)] =
        EnvironmentName::ALL.map(|name| environment(&section.section(name.as_str()), name, service));
    certificate::reject_same_domain(section, &[in_dev, in_staging, in_prod]);
    section.reject_unknown_keys();
    Environments { dev, staging, prod }
}

/// Returns an environment and its domain as written.
fn environment(
    section: &Section<'_>,
    name: EnvironmentName,
    service: &Service,
) -> (Environment, Option<Found<String>>) {
    let default = Environment::default_of(name);
    let cpu = section.or("cpu", default.cpu, check::cpu);
    let memory = section.or("memory", default.memory, number(512..=122_880));
    if !check::fits(cpu.value, memory.value) {
        let (first, last, step) = check::memory_for(cpu.value);
        section.report(
            &memory,
            ValueError::new(format!("is not valid with cpu = {}", cpu.value)).remedy(if cpu.value == 256 {
                "Fargate supports 512, 1024 and 2048 MiB with 256 CPU units".to_owned()
            } else {
                format!(
                    "Fargate supports {first} to {last} MiB in steps of {step} with {} CPU units",
                    cpu.value
                )
            }),
        );
    }
    let min_tasks = section.or("min-tasks", default.min_tasks, number(1..=1000));
    let max_tasks = section.or("max-tasks", default.max_tasks, number(1..=1000));
    if min_tasks.value > max_tasks.value {
        section.report(
            &min_tasks,
            ValueError::new(format!("is more than max-tasks = {}", max_tasks.value))
                .remedy("lower it, or raise `max-tasks`"),
        );
    }
    let (certificate, domain) = certificate::read(section);
    let environment = Environment {
        service: service_of_environment(section, service),
        cpu: cpu.value,
        memory: memory.value,
        min_tasks: min_tasks.value,
        max_tasks: max_tasks.value,
        cpu_target: section.value("cpu-target", default.cpu_target, number(10..=90)),
        requests_target: section.value("requests-target", default.requests_target, number(1..=1_000_000)),
        schedules: schedules(section, default.schedules, &max_tasks),
        time_zone: section.value("time-zone", default.time_zone, check::time_zone),
        spot_percent: section.value("spot-percent", default.spot_percent, number(0..=100)),
        certificate,
        deployment: section.value("deployment", default.deployment, keyword),
        alarms: alarms(&section.section("alarms"), default.alarms),
        metrics: section.value("metrics", default.metrics, boolean),
        log_days: section.value("log-days", default.log_days, check::retention),
        deletion_protection: section.value("deletion-protection", default.deletion_protection, boolean),
    };
    section.reject_unknown_keys();
    (environment, domain)
}

fn schedules(section: &Section<'_>, default: Vec<Schedule>, max_tasks: &Found<u16>) -> Vec<Schedule> {
    let Some(items) = section.list("schedules") else {
        // A default schedule must not exceed a lower `max-tasks`.
        let fitting = default.into_iter().map(|schedule| Schedule {
            min_tasks: schedule.min_tasks.min(max_tasks.value),
            ..schedule
        });
        return fitting.collect();
    };
    let (mut schedules, mut names): (Vec<Schedule>, Vec<String>) = (Vec::new(), Vec::new());
    for item in items {
        let name = item.required("name", "\"weekdays\"", |value| {
            check::name(100, "lower-case letters, digits and hyphens", |character| {
                character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-'
            })(value)
        });
        let cron = item.required("cron", "\"0 8 ? * MON-FRI *\"", check::parsed::<Cron>);
        let min_tasks = item.required("min-tasks", "2", number(0..=max_tasks.value));
        item.reject_unknown_keys();
        if let Some(name) = &name {
            if names.contains(name) {
                let twice = item.or("name", name.clone(), string);
                item.report(
                    &twice,
                    ValueError::new("duplicates the name of another schedule").remedy("choose another name"),
                );
            }
            names.push(name.clone());
        }
        let (Some(name), Some(cron), Some(min_tasks)) = (name, cron, min_tasks) else {
            continue;
        };
        schedules.push(Schedule {
            name,
            cron,
            min_tasks,
        });
    }
    schedules
}

fn alarms(section: &Section<'_>, default: Alarms) -> Alarms {
    let alarms = Alarms {
        errors: section.value("errors-per-minute", default.errors, number(1..=1_000_000)),
        latency: section.value("latency-milliseconds", default.latency, number(1..=600_000)),
        error_percent: section.value("error-percent", default.error_percent, number(1..=100)),
    };
    section.reject_unknown_keys();
    alarms
}
