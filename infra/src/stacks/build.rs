//! CodeBuild projects with role and log group. The build specs are the files in `build_specs/`.

use super::artifacts::Store;
use super::names::{Names, local_arn, local_arn_of};
use crate::cfn::codebuild::{
    Artifacts, Cache, CacheMode, CacheType, CloudWatchLogs, ComputeType, Environment, EnvironmentType,
    LogsConfig, LogsStatus, Place, Project, PullCredentials, Source, Variable,
};
use crate::cfn::{
    Arn, Handle, Statement, TemplateBuilder, Text, Value, account, iam, logs, region, text, url_suffix,
};
use crate::service;
use crate::settings::{Architecture, Settings, Tests};

/// Image in which templates and, in the Dockerfiles, programs are built. From the public ECR mirror, since Docker Hub
/// limits pulls from shared addresses.
const RUST_IMAGE: &str = "public.ecr.aws/docker/library/rust:1.95.0-slim-bookworm";
/// Toolchain of the image. Set explicitly, so that rustup does not download the components of `rust-toolchain.toml`.
const TOOLCHAIN: &str = "1.95.0";

/// Properties that differ between builds.
pub(super) struct Build<'a> {
    /// Prefix of logical IDs.
    pub(super) id: &'static str,
    pub(super) short_name: &'static str,
    pub(super) description: &'static str,
    pub(super) spec: &'static str,
    pub(super) machine: Machine,
    pub(super) variables: Vec<Variable>,
    pub(super) rights: Vec<Statement>,
    /// Output artifact.
    pub(super) output: Option<&'static str>,
    /// Pipeline of the build, `dev` or `release`.
    pub(super) pipeline: &'a str,
    pub(super) minutes: u16,
}

/// Build environment.
#[derive(Clone, Copy)]
pub(super) enum Machine {
    /// AWS image with the AWS CLI.
    Aws,
    /// AWS image with Docker (privileged mode).
    Docker,
    /// Rust image.
    Rust,
    /// Rust image on a larger machine, of a quota other than that of the image build beside it.
    Tests,
}

impl Machine {
    /// Returns true if the image is the Rust image.
    fn is_rust(self) -> bool {
        matches!(self, Self::Rust | Self::Tests)
    }

    fn compute_type(self) -> ComputeType {
        match self {
            Self::Aws | Self::Rust => ComputeType::Small,
            Self::Tests => ComputeType::Medium,
            Self::Docker => ComputeType::Large,
        }
    }
}

/// Adds a build project.
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
    let project = local_arn_of("codebuild", &format!("project/{name}"));
    let trust = Statement::trust("codebuild.amazonaws.com", &project);
    let role = template.add(
        format!("{id}Role"),
        &iam::Role::new(format!("Permissions of the build {name}"), [trust]),
    );
    let mut statements = vec![
        Statement::allow(["logs:CreateLogStream", "logs:PutLogEvents"]).on([group.arn()]),
        store.read(),
        store.use_key(),
    ];
    if let Some(output) = build.output {
        statements.push(store.write(output));
    }
    statements.extend(build.rights);
    template.add(
        format!("{id}Policy"),
        &iam::Policy::of(&role, "build", statements),
    );
    let docker = matches!(build.machine, Machine::Docker);
    let rust = build.machine.is_rust();
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
                compute_type: build.machine.compute_type(),
                image: image(build.machine, settings.project.architecture).into(),
                image_pull_credentials_type: (!rust).then_some(PullCredentials::Codebuild),
                // Only Docker needs it.
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

/// Returns the local cache of the build host, which is lost when the host is released.
fn cache(machine: Machine) -> Option<Cache> {
    let mode = match machine {
        Machine::Aws => return None,
        // Docker layers hold the dependencies that the Dockerfiles compile.
        Machine::Docker => CacheMode::DockerLayers,
        Machine::Rust | Machine::Tests => CacheMode::Custom,
    };
    Some(Cache {
        r#type: CacheType::Local,
        modes: vec![mode],
    })
}

fn image(machine: Machine, architecture: Architecture) -> &'static str {
    match (machine, architecture) {
        (Machine::Rust | Machine::Tests, _) => RUST_IMAGE,
        (Machine::Aws | Machine::Docker, Architecture::Arm64) => {
            "aws/codebuild/amazonlinux-aarch64-standard:4.0"
        }
        (Machine::Aws | Machine::Docker, Architecture::X86_64) => {
            "aws/codebuild/amazonlinux-x86_64-standard:6.0"
        }
    }
}

/// Build of the images of a commit.
pub(super) fn images<'a>(settings: &Settings, names: &Names) -> Build<'a> {
    let source = &settings.source;
    Build {
        id: "Images",
        short_name: "images",
        description: "Builds and pushes the images of a commit",
        spec: include_str!("build_specs/images.yml"),
        machine: Machine::Docker,
        variables: vec![
            Variable::plain("REGISTRY", registry()),
            Variable::plain("PROJECT", names.project()),
            Variable::plain("CACHE_PARAMETER", settings.release.image_tag_parameter.as_str()),
            Variable::plain("BUILDER", RUST_IMAGE),
            Variable::plain("SOURCE", source.url()),
            Variable::plain("APP_DOCKERFILE", settings.local_service().app.dockerfile.as_str()),
        ],
        rights: vec![
            // Supports no resource-level permissions.
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
            Statement::allow(["ssm:GetParameters"]).on([tag_parameter(settings)]),
        ],
        output: Some(super::pipeline::IMAGES),
        pipeline: "dev",
        minutes: 60,
    }
}

/// Build that generates the templates of these stacks.
pub(super) fn synth<'a>(pipeline: &'a str, stacks: &[String]) -> Build<'a> {
    Build {
        id: "Synth",
        short_name: "synth",
        description: "Generates the templates of the app stacks",
        spec: include_str!("build_specs/synth.yml"),
        machine: Machine::Rust,
        variables: vec![Variable::plain("STACKS", stacks.join(" "))],
        rights: Vec::new(),
        output: Some(super::pipeline::TEMPLATES),
        pipeline,
        minutes: 30,
    }
}

/// Build that tests a commit. It has no rights: the code under test is that of whoever pushes.
pub(super) fn tests<'a>(tests: &Tests) -> Build<'a> {
    Build {
        id: "Tests",
        short_name: "tests",
        description: "Runs the tests of a commit",
        spec: include_str!("build_specs/tests.yml"),
        machine: Machine::Tests,
        variables: vec![Variable::plain("TEST_COMMAND", tests.command.as_str())],
        rights: Vec::new(),
        output: None,
        pipeline: "dev",
        minutes: tests.minutes,
    }
}

/// Build that checks an environment from the internet after its deployment. It has no rights. `page` is the path of the
/// page that it fetches.
pub(super) fn smoke_test<'a>(pipeline: &'a str, page: &str) -> Build<'a> {
    Build {
        id: "SmokeTest",
        short_name: "smoke-test",
        description: "Checks health, release and page of an environment from the internet",
        spec: include_str!("build_specs/smoke_test.yml"),
        machine: Machine::Aws,
        variables: vec![
            Variable::plain("HEALTH_PATH", service::PROXY_HEALTH_PATH),
            Variable::plain("PAGE_PATH", page),
        ],
        rights: Vec::new(),
        output: None,
        pipeline,
        minutes: 10,
    }
}

/// Build that records the tag deployed to dev as the latest release.
pub(super) fn record<'a>(settings: &Settings) -> Build<'a> {
    Build {
        id: "Record",
        short_name: "record",
        description: "Records the tag deployed to dev as the latest release",
        spec: include_str!("build_specs/record.yml"),
        machine: Machine::Aws,
        variables: vec![Variable::plain(
            "TAG_PARAMETER",
            settings.release.image_tag_parameter.as_str(),
        )],
        rights: vec![Statement::allow(["ssm:PutParameter"]).on([tag_parameter(settings)])],
        output: None,
        pipeline: "dev",
        minutes: 10,
    }
}

/// Build that resolves the image tag of a release.
pub(super) fn release<'a>(settings: &Settings, names: &Names) -> Build<'a> {
    Build {
        id: "Settle",
        short_name: "settle",
        description: "Resolves the image tag of a release, checks its images and protects them from expiry",
        spec: include_str!("build_specs/release.yml"),
        machine: Machine::Aws,
        variables: vec![
            Variable::plain("PROJECT", names.project()),
            Variable::plain("TAG_PARAMETER", settings.release.image_tag_parameter.as_str()),
        ],
        rights: vec![
            Statement::allow(["ecr:BatchGetImage", "ecr:PutImage"]).on(repositories(names)),
            Statement::allow(["ssm:GetParameters"]).on([tag_parameter(settings)]),
        ],
        output: Some(super::pipeline::RELEASE),
        pipeline: "release",
        minutes: 10,
    }
}

fn repositories(names: &Names) -> impl Iterator<Item = Value<Arn>> {
    service::CONTAINERS
        .map(|container| local_arn_of("ecr", &format!("repository/{}", names.repository(container))))
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
