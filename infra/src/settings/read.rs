//! From the document to [`Settings`]: which keys there are, and which values do not go together.

use super::check;
use super::document::{Complaint, Document, Found, Section, number, string, truth, word};
use super::{
    Alarms, Certificate, Cidr, Cluster, ClusterName, Clusters, Cron, Environment, EnvironmentName,
    Environments, Mistake, Project, Release, Schedule, Settings, Source, SourceAccess,
};

/// The settings in `text`.
///
/// # Errors
/// All mistakes in it, from top to bottom.
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
    // Everything is read before anything is given up, so that no mistake hides another.
    let project = project(&root.section("project"));
    let source = source(&root.section("source"));
    let release = release(&root.section("release"));
    let clusters = clusters(&root.section("clusters"));
    let environments = environments(&root.section("environments"));
    root.refuse_others();
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
        name: section
            .or("name", "penguin-school".to_owned(), check::project_name)
            .value,
        stack_prefix: section
            .or("stack-prefix", String::new(), check::stack_prefix)
            .value,
        region: section.optional("region", check::region).map(|found| found.value),
        account: section
            .optional("account", check::account)
            .map(|found| found.value),
        architecture: section.or("architecture", super::Architecture::Arm64, word).value,
    };
    section.refuse_others();
    project
}

fn source(section: &Section<'_>) -> Option<Source> {
    let github = |longest| {
        check::name(
            longest,
            "letters, digits and the characters `.`, `-` and `_`",
            |character| character.is_ascii_alphanumeric() || ".-_".contains(character),
        )
    };
    let branch = || {
        check::name(255, "a branch name without spaces", |character| {
            !character.is_whitespace() && !"~^:?*[\\".contains(character)
        })
    };
    let owner = section.required("owner", "\"OWNER\"", github(39));
    let repository = section.required("repository", "\"NAME\"", github(100));
    let dev_branch = section.or("dev-branch", "dev".to_owned(), branch());
    let prod_branch = section.or("prod-branch", "main".to_owned(), branch());
    if dev_branch.value == prod_branch.value {
        section.complain(
            &dev_branch,
            Complaint::new("is the branch of releases too")
                .remedy("give each pipeline a branch of its own with `dev-branch` and `prod-branch`"),
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
            section.complain(
                &token,
                Complaint::new("does not go with `connection-arn`")
                    .remedy("keep the connection, and take this line out"),
            );
            SourceAccess::NewConnection
        }
        (Some(arn), None) => SourceAccess::Connection { arn: arn.value },
        (None, Some(secret)) => SourceAccess::Token { secret: secret.value },
        (None, None) => SourceAccess::NewConnection,
    };
    section.refuse_others();
    Some(Source {
        owner: owner?,
        repository: repository?,
        dev_branch: dev_branch.value,
        prod_branch: prod_branch.value,
        access,
    })
}

fn release(section: &Section<'_>) -> Option<Release> {
    let image_tag_parameter = section.or(
        "image-tag-parameter",
        "penguinapp-imagetag".to_owned(),
        check::parameter_name,
    );
    let email = section.required("email", "\"team@example.com\"", check::email);
    section.refuse_others();
    Some(Release {
        image_tag_parameter: image_tag_parameter.value,
        email: email?,
    })
}

fn clusters(section: &Section<'_>) -> Clusters {
    let (dev, dev_cidr) = cluster(&section.section("dev"), ClusterName::Dev);
    let (prod, prod_cidr) = cluster(&section.section("prod"), ClusterName::Prod);
    if dev_cidr.value.overlaps(prod_cidr.value) {
        // Of whichever is written; both may be, none cannot.
        let (about, other) = if prod_cidr.is_written() {
            (&prod_cidr, &dev_cidr)
        } else {
            (&dev_cidr, &prod_cidr)
        };
        section.complain(
            about,
            Complaint::new(format!("overlaps with the other cluster's {}", other.value)).remedy(
                "give the two networks addresses of their own, so that they can be connected one day",
            ),
        );
    }
    section.refuse_others();
    Clusters { dev, prod }
}

fn cluster(section: &Section<'_>, name: ClusterName) -> (Cluster, Found<Cidr>) {
    let default = Cluster::default_of(name);
    let cidr = section.or("cidr", default.cidr, check::parsed);
    let cluster = Cluster {
        cidr: cidr.value,
        zones: section.or("zones", default.zones, number(2..=3)).value,
        nat: section.or("nat", default.nat, word).value,
        insights: section.or("insights", default.insights, word).value,
        log_days: section.or("log-days", default.log_days, check::retention).value,
    };
    section.refuse_others();
    (cluster, cidr)
}

fn environments(section: &Section<'_>) -> Environments {
    let [dev, staging, prod] =
        EnvironmentName::ALL.map(|name| environment(&section.section(name.as_str()), name));
    section.refuse_others();
    Environments { dev, staging, prod }
}

fn environment(section: &Section<'_>, name: EnvironmentName) -> Environment {
    let default = Environment::default_of(name);
    let cpu = section.or("cpu", default.cpu, check::cpu);
    let memory = section.or("memory", default.memory, number(512..=122_880));
    if !check::fits(cpu.value, memory.value) {
        let (first, last, step) = check::memory_for(cpu.value);
        section.complain(
            &memory,
            Complaint::new(format!("does not go with cpu = {}", cpu.value)).remedy(if cpu.value == 256 {
                "with 256 CPU units Fargate has 512, 1024 and 2048 MiB".to_owned()
            } else {
                format!(
                    "with {} CPU units Fargate has {first} to {last} MiB in steps of {step}",
                    cpu.value
                )
            }),
        );
    }
    let min_tasks = section.or("min-tasks", default.min_tasks, number(1..=1000));
    let max_tasks = section.or("max-tasks", default.max_tasks, number(1..=1000));
    if min_tasks.value > max_tasks.value {
        section.complain(
            &min_tasks,
            Complaint::new(format!("is more than max-tasks = {}", max_tasks.value))
                .remedy("lower it, or raise `max-tasks`"),
        );
    }
    let environment = Environment {
        cpu: cpu.value,
        memory: memory.value,
        min_tasks: min_tasks.value,
        max_tasks: max_tasks.value,
        cpu_target: section
            .or("cpu-target", default.cpu_target, number(10..=90))
            .value,
        requests_target: section
            .or("requests-target", default.requests_target, number(1..=1_000_000))
            .value,
        schedules: schedules(section, default.schedules, &max_tasks),
        time_zone: section.or("time-zone", default.time_zone, check::time_zone).value,
        spot_percent: section
            .or("spot-percent", default.spot_percent, number(0..=100))
            .value,
        certificate: certificate(section),
        deployment: section.or("deployment", default.deployment, word).value,
        alarms: alarms(&section.section("alarms"), default.alarms),
        log_days: section.or("log-days", default.log_days, check::retention).value,
        deletion_protection: section
            .or("deletion-protection", default.deletion_protection, truth)
            .value,
        exec: section.or("exec", default.exec, truth).value,
    };
    section.refuse_others();
    environment
}

fn schedules(section: &Section<'_>, default: Vec<Schedule>, max_tasks: &Found<u16>) -> Vec<Schedule> {
    let Some(items) = section.list("schedules") else {
        // A default that does not fit narrower bounds is no mistake of whoever narrowed them.
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
        item.refuse_others();
        if let Some(name) = &name {
            if names.contains(name) {
                let twice = item.or("name", name.clone(), string);
                item.complain(
                    &twice,
                    Complaint::new("is the name of another schedule").remedy("choose another"),
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

fn certificate(section: &Section<'_>) -> Option<Certificate> {
    let arn = section.optional(
        "certificate-arn",
        check::arn(&["acm"], "arn:aws:acm:eu-central-1:123456789012:certificate/…"),
    );
    let domain = section.optional("domain", check::domain);
    match (arn, domain) {
        (Some(arn), Some(domain)) => Some(Certificate {
            arn: arn.value,
            domain: domain.value,
        }),
        (Some(arn), None) => {
            section.complain(
                &arn,
                Complaint::new("needs a domain")
                    .remedy("add `domain = \"penguins.example\"`, the name that the certificate is for"),
            );
            None
        }
        (None, Some(domain)) => {
            section.complain(
                &domain,
                Complaint::new("needs a certificate")
                    .remedy("add `certificate-arn = \"arn:aws:acm:…\"`, or take the domain out"),
            );
            None
        }
        (None, None) => None,
    }
}

fn alarms(section: &Section<'_>, default: Alarms) -> Alarms {
    let alarms = Alarms {
        errors: section
            .or("errors-per-minute", default.errors, number(1..=1_000_000))
            .value,
        latency: section
            .or("latency-milliseconds", default.latency, number(1..=600_000))
            .value,
    };
    section.refuse_others();
    alarms
}
