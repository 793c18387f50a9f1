//! Builds: a project, its role, its log group. The commands are in `build_specs/`, as files that can be read alone.

use super::artifacts::Store;
use super::names::{Names, local_arn, local_arn_of};
use crate::cfn::codebuild::{
    Artifacts, Cache, CacheMode, CacheType, CloudWatchLogs, ComputeType, Environment, EnvironmentType,
    LogsConfig, LogsStatus, Place, Project, PullCredentials, Source, Variable,
};
use crate::cfn::{
    Arn, Handle, PolicyDocument, Statement, TemplateBuilder, Text, Value, account, iam, logs, region, text,
    url_suffix,
};
use crate::service::{self, Runtime};
use crate::settings::{Architecture, Settings};

/// The image that templates are made in; the Dockerfiles build in the same one. From the public mirror, since Docker
/// Hub turns builds away that come from shared addresses.
const RUST_IMAGE: &str = "public.ecr.aws/docker/library/rust:1.95.0-slim-bookworm";
/// The toolchain in it. Said, so that rustup does not fetch the components that only people need.
const TOOLCHAIN: &str = "1.95.0";

/// What is special about a build.
pub(super) struct Build<'a> {
    /// Logical id, and what the project's name ends in.
    pub(super) id: &'static str,
    pub(super) short_name: &'static str,
    pub(super) description: &'static str,
    pub(super) spec: &'static str,
    pub(super) machine: Machine,
    pub(super) variables: Vec<Variable>,
    pub(super) rights: Vec<Statement>,
    /// The pipeline that it belongs to, `dev` or `release`.
    pub(super) pipeline: &'a str,
    pub(super) minutes: u16,
}

/// On what is built.
#[derive(Clone, Copy)]
pub(super) enum Machine {
    /// AWS's image, with the `aws` command in it.
    Aws,
    /// The same, allowed to run Docker.
    Docker,
    /// The Rust image.
    Rust,
}

/// Adds a build.
pub(super) fn project(
    template: &mut TemplateBuilder,
    settings: &Settings,
    names: &Names,
    store: &Store,
    build: Build<'_>,
) -> Handle<Project> {
    let id = build.id;
    let name = names.prefixed(&format!("{}-{}", build.pipeline, build.short_name));
    let group = template.add(
        format!("{id}Logs"),
        &logs::LogGroup {
            log_group_name: names
                .build_log_group(&format!("{}-{}", build.pipeline, build.short_name))
                .into(),
            retention_in_days: 30,
            kms_key_id: store.key.arn(),
        },
    );
    let role = template.add(
        format!("{id}Role"),
        &iam::Role {
            description: format!("What the build {name} may do"),
            assume_role_policy_document: PolicyDocument::new([Statement::trust(
                "codebuild.amazonaws.com",
                &local_arn_of("codebuild", &format!("project/{name}")),
            )]),
            managed_policy_arns: Vec::new(),
        },
    );
    let mut statements = vec![
        Statement::allow(["logs:CreateLogStream", "logs:PutLogEvents"]).on([group.arn()]),
        store.read_and_write(),
        store.use_key(),
    ];
    statements.extend(build.rights);
    template.add(
        format!("{id}Policy"),
        &iam::Policy {
            policy_name: "build".into(),
            policy_document: PolicyDocument::new(statements),
            roles: vec![role.name()],
        },
    );
    let docker = matches!(build.machine, Machine::Docker);
    let rust = matches!(build.machine, Machine::Rust);
    let mut variables = build.variables;
    if rust {
        variables.push(Variable::plain("RUSTUP_TOOLCHAIN", TOOLCHAIN));
    }
    template.add(
        format!("{id}Project"),
        &Project {
            name: name.into(),
            description: build.description.to_owned(),
            service_role: role.arn(),
            encryption_key: store.key.arn(),
            source: Source {
                r#type: Place::CodePipeline,
                build_spec: build.spec.into(),
            },
            artifacts: Artifacts {
                r#type: Place::CodePipeline,
            },
            environment: Environment {
                r#type: match settings.project.architecture {
                    Architecture::Arm64 => EnvironmentType::Arm,
                    Architecture::X86_64 => EnvironmentType::Linux,
                },
                compute_type: if docker {
                    ComputeType::Large
                } else {
                    ComputeType::Small
                },
                image: image(build.machine, settings.project.architecture).into(),
                image_pull_credentials_type: (!rust).then_some(PullCredentials::Codebuild),
                // Docker in a container needs it; nothing else of ours does.
                privileged_mode: docker,
                environment_variables: variables,
            },
            logs_config: LogsConfig {
                cloud_watch_logs: CloudWatchLogs {
                    status: LogsStatus::Enabled,
                    group_name: group.name(),
                },
            },
            timeout_in_minutes: build.minutes,
            queued_timeout_in_minutes: 60,
            cache: cache(build.machine),
        },
    )
}

/// What the machine keeps for the next build, if that comes soon enough to get it.
fn cache(machine: Machine) -> Option<Cache> {
    let mode = match machine {
        Machine::Aws => return None,
        // The Dockerfiles keep compiled dependencies in caches that a registry could not hold.
        Machine::Docker => CacheMode::DockerLayers,
        Machine::Rust => CacheMode::Custom,
    };
    Some(Cache {
        r#type: CacheType::Local,
        modes: vec![mode],
    })
}

fn image(machine: Machine, architecture: Architecture) -> &'static str {
    match (machine, architecture) {
        (Machine::Rust, _) => RUST_IMAGE,
        (Machine::Aws | Machine::Docker, Architecture::Arm64) => {
            "aws/codebuild/amazonlinux-aarch64-standard:4.0"
        }
        (Machine::Aws | Machine::Docker, Architecture::X86_64) => {
            "aws/codebuild/amazonlinux-x86_64-standard:6.0"
        }
    }
}

/// The build of both images.
pub(super) fn images<'a>(settings: &Settings, names: &Names) -> Build<'a> {
    let source = &settings.source;
    Build {
        id: "Images",
        short_name: "images",
        description: "Builds both images of a commit, pushes them, and names the commit as the latest release",
        spec: include_str!("build_specs/images.yml"),
        machine: Machine::Docker,
        variables: vec![
            Variable::plain("REGISTRY", registry()),
            Variable::plain("PROJECT", settings.project.name.as_str()),
            Variable::plain("TAG_PARAMETER", settings.release.image_tag_parameter.as_str()),
            Variable::plain("BUILDER", RUST_IMAGE),
            Variable::plain(
                "SOURCE",
                format!("https://github.com/{}/{}", source.owner, source.repository),
            ),
        ],
        rights: vec![
            // Knows no resources.
            Statement::allow(["ecr:GetAuthorizationToken"]).on_any(),
            Statement::allow([
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:CompleteLayerUpload",
                "ecr:GetDownloadUrlForLayer",
                "ecr:InitiateLayerUpload",
                "ecr:PutImage",
                "ecr:UploadLayerPart",
            ])
            .on(repositories(names)),
            Statement::allow(["ssm:GetParameters", "ssm:PutParameter"]).on([tag_parameter(settings)]),
        ],
        pipeline: "dev",
        minutes: 60,
    }
}

/// The build that writes the templates of these stacks.
pub(super) fn synth<'a>(pipeline: &'a str, stacks: &[String]) -> Build<'a> {
    Build {
        id: "Synth",
        short_name: "synth",
        description: "Writes the templates of the app stacks from the source",
        spec: include_str!("build_specs/synth.yml"),
        machine: Machine::Rust,
        variables: vec![Variable::plain("STACKS", stacks.join(" "))],
        rights: Vec::new(),
        pipeline,
        minutes: 30,
    }
}

/// The build that settles the tag of a release.
pub(super) fn release<'a>(settings: &Settings, names: &Names) -> Build<'a> {
    Build {
        id: "Settle",
        short_name: "settle",
        description: "Settles the tag of a release, and sees to it that its images are there",
        spec: include_str!("build_specs/release.yml"),
        machine: Machine::Aws,
        variables: vec![
            Variable::plain("PROJECT", settings.project.name.as_str()),
            Variable::plain("TAG_PARAMETER", settings.release.image_tag_parameter.as_str()),
        ],
        rights: vec![
            Statement::allow(["ecr:BatchGetImage"]).on(repositories(names)),
            Statement::allow(["ssm:GetParameters"]).on([tag_parameter(settings)]),
        ],
        pipeline: "release",
        minutes: 10,
    }
}

fn repositories(names: &Names) -> impl Iterator<Item = Value<Arn>> {
    service::containers(Runtime::Task)
        .map(|container| local_arn_of("ecr", &format!("repository/{}", names.repository(container.name))))
        .into_iter()
}

/// The ARN of the SSM parameter that holds the latest release.
fn tag_parameter(settings: &Settings) -> Value<Arn> {
    let name = settings.release.image_tag_parameter.trim_start_matches('/');
    local_arn("ssm", [format!("parameter/{name}").into()])
}

fn registry() -> Value<Text> {
    text([account(), ".dkr.ecr.".into(), region(), ".".into(), url_suffix()])
}
